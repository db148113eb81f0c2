//! The unsafe ground of Dunlin: aligned buffers, file maps, parallel loops, and facts about the host.
//!
//! Everything here is safe to call. The crates above forbid `unsafe` (except the kernels' `arch` modules), so
//! whatever needs it lives here, small and argued.

mod buffer;
mod map;
mod parallel;

pub use buffer::{AlignedBuf, Arena, Bytes, OutOfMemory};
pub use map::FileMap;
pub use parallel::{Parallel, Serial, for_each_chunk_mut};
