//! The library that programs link: everything that the C ABI exports and, as a feature, what Kotlin and Swift call; nothing else.

#![forbid(unsafe_code)]

use dunlin_sys::ReservingAllocator;

#[cfg(feature = "c")]
pub use dunlin_c_api::*;
#[cfg(feature = "uniffi")]
pub use dunlin_uniffi as foreign;

/// Keeps the host alive where memory runs out: see SECURITY.md.
#[global_allocator]
static ALLOCATOR: ReservingAllocator = ReservingAllocator::new();
