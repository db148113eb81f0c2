//! Memory for tensors: 64-byte-aligned owned buffers, an arena that recycles them, memory that the host lends for a while, and
//! shared byte ranges.

mod arena;
mod block;
mod bytes;
mod loan;
mod shared;
#[cfg(test)]
mod tests;

pub use arena::Arena;
pub use bytes::Bytes;
pub use loan::Lender;
pub use shared::AlignedBuf;

/// The system refused a block of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What was asked for, in bytes.
    pub requested_bytes: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "out of memory: {} bytes were not to be had", self.requested_bytes)
    }
}

impl std::error::Error for OutOfMemory {}
