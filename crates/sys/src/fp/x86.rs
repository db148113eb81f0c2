//! MXCSR: the control and status register of SSE arithmetic.

use std::arch::asm;

/// The register's contents.
pub(super) type Control = u32;

/// All exceptions masked, round to nearest, no flush to zero, no denormals-are-zero, no flag raised.
pub(super) const DEFAULT: Control = 0x1f80;

/// A mode that a host might leave: flush to zero (bit 15), denormals are zero (bit 6), rounding down (bit 13).
#[cfg(test)]
pub(super) const FLUSHING: Control = DEFAULT | 1 << 15 | 1 << 6 | 1 << 13;

pub(super) fn read() -> Control {
    let mut control: Control = 0;
    // SAFETY: stores the 4 bytes of the register to `control`, and changes nothing else.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack, preserves_flags)) };
    control
}

pub(super) fn write(control: Control) {
    // SAFETY: loads the register from the 4 bytes of `control`, which are the default or were read from the register,
    // so no reserved bit is set. Rust's arithmetic assumes the default mode: that is what the guard's body runs in, and
    // dropping the guard only restores what the host had chosen for its own code.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const control, options(nostack, preserves_flags)) };
}
