//! Allocators: the native library's, which keeps a reserve for when memory runs out, and one that counts, for tests.

mod counting;
mod reserve;
mod shortage;

pub use counting::CountingAllocator;
pub use reserve::ReservingAllocator;
pub use shortage::{Shortage, check_reserve};
