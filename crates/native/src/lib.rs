//! The library that C programs link: everything that the C ABI exports, and nothing else.

#![forbid(unsafe_code)]

use dunlin_sys::ReservingAllocator;

pub use dunlin_c_api::*;

/// Keeps the host alive where memory runs out: see SECURITY.md.
#[global_allocator]
static ALLOCATOR: ReservingAllocator = ReservingAllocator::new();
