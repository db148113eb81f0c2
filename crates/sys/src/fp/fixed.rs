//! Targets without a mode to set, or whose mode hosts leave alone.

/// Nothing to keep.
pub(super) type Control = ();

pub(super) const DEFAULT: Control = ();

#[cfg(test)]
pub(super) const FLUSHING: Control = ();

pub(super) fn read() -> Control {}

pub(super) fn write(_: Control) {}
