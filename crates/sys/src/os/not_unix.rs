//! Where there is no `fork`, there are no signals, and nobody takes advice.

use std::ops::Range;

use memmap2::Mmap;

use super::Advice;

/// One number for ever: there is no `fork`.
pub(crate) fn process_id() -> u32 {
    0
}

/// Nothing to block.
pub(crate) fn block_signals() {}

/// Unknown.
pub(crate) fn page_bytes() -> Option<usize> {
    None
}

/// Ignored.
pub(crate) fn advise(_: &Mmap, _: Range<usize>, _: Advice) {}
