//! The unsafe ground of Dunlin: aligned buffers, file maps, parallel loops, and facts about the host.
//!
//! Everything here is safe to call. The crates above forbid `unsafe` (except the kernels' `arch` modules), so
//! whatever needs it lives here, small and argued.

#[cfg(feature = "accelerator")]
mod accelerator;
mod alloc;
mod buffer;
mod cpu;
mod fp;
mod host;
mod interrupt;
mod map;
mod os;
mod parallel;
mod pool;
mod thread;

#[cfg(feature = "accelerator")]
pub use accelerator::{Accelerator, AcceleratorDevice, AcceleratorError, ENTRY, Part, Reply, Table};
pub use alloc::{CountingAllocator, ReservingAllocator, Shortage, check_reserve};
pub use buffer::{AlignedBuf, Arena, Bytes, Lender, OutOfMemory};
pub use cpu::CpuFeatures;
pub use fp::FloatState;
pub use host::{Cache, CacheKind, HostFacts, available_threads, peak_memory_bytes};
pub use interrupt::Interruptible;
pub use map::{FileMap, file_of_descriptor, read_range};
pub use os::end_on_closed_pipe;
pub use parallel::{Parallel, Serial, for_each_chunk_mut};
pub use pool::{HostPool, Pool, PoolError};
pub use thread::{PerThread, Thread};
