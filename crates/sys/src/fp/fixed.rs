//! Targets without a mode to set, or whose mode hosts leave alone.

/// Nothing to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Control;

pub(super) const DEFAULT: Control = Control;

pub(super) fn read() -> Control {
    Control
}

pub(super) fn write(_: Control) {}
