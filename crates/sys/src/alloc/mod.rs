//! Allocators: one that counts, for tests.

mod counting;

pub use counting::CountingAllocator;
