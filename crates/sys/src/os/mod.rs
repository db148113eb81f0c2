//! What only the operating system can say or do. Each family of systems has its file; they are chosen here alone.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{block_signals, process_id};

#[cfg(not(unix))]
mod not_unix;
#[cfg(not(unix))]
pub(crate) use not_unix::{block_signals, process_id};
