//! What only the operating system can say or do. Each family of systems has its file; they are chosen here alone.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::end_on_closed_pipe;
#[cfg(unix)]
pub(crate) use unix::{advise, block_signals, duplicate, page_bytes, process_id, read_exact_at};

#[cfg(all(unix, feature = "accelerator"))]
pub(crate) use unix::own_library;

#[cfg(not(unix))]
mod not_unix;
#[cfg(not(unix))]
pub use not_unix::end_on_closed_pipe;
#[cfg(not(unix))]
pub(crate) use not_unix::{advise, block_signals, duplicate, page_bytes, process_id, read_exact_at};

#[cfg(all(not(unix), feature = "accelerator"))]
pub(crate) use not_unix::own_library;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{affinity_cpus, peak_memory_bytes};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod not_linux;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use not_linux::{affinity_cpus, peak_memory_bytes};

/// What a program tells the system about its use of a range of mapped memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// It will be read from front to back.
    Sequential,
    /// It will be read soon.
    WillNeed,
    /// It will not be read for a while: the pages may go, and come back from the file if they are read after all.
    DontNeed,
}
