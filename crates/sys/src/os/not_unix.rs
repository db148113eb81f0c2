//! Where there is no `fork` and there are no signals.

/// One number for ever: there is no `fork`.
pub(crate) fn process_id() -> u32 {
    0
}

/// Nothing to block.
pub(crate) fn block_signals() {}
