//! FPCR: the floating-point control register.

use std::arch::asm;

/// The register's contents.
pub(super) type Control = u64;

/// Round to nearest, no flush to zero, NaNs propagate, no traps.
pub(super) const DEFAULT: Control = 0;

/// A mode that a host might leave: flush to zero (bit 24), rounding down (bit 23).
#[cfg(test)]
pub(super) const FLUSHING: Control = 1 << 24 | 1 << 23;

pub(super) fn read() -> Control {
    let control: Control;
    // SAFETY: reads a register that user code may read, and changes nothing else.
    unsafe { asm!("mrs {}, fpcr", out(reg) control, options(nomem, nostack, preserves_flags)) };
    control
}

pub(super) fn write(control: Control) {
    // SAFETY: writes a register that user code may write, with the default or with what was read from it. Rust's
    // arithmetic assumes the default mode: that is what the guard's body runs in, and dropping the guard only restores
    // what the host had chosen for its own code. Not `nomem`, so that no access to memory moves across.
    unsafe { asm!("msr fpcr, {}", in(reg) control, options(nostack, preserves_flags)) };
}
