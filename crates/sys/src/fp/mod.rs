//! The floating-point mode of a thread: the same for every run, whatever the host set, and given back afterwards.

use std::marker::PhantomData;

#[cfg_attr(target_feature = "sse", path = "x86.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(not(any(target_feature = "sse", target_arch = "aarch64")), path = "fixed.rs")]
mod arch;

/// While it lives, its thread rounds to nearest, keeps subnormal numbers, and raises no floating-point traps.
///
/// This is the mode that Rust assumes. A host may have set another (audio code likes to flush subnormals to zero);
/// dropping the guard gives the thread back exactly what it had, sticky exception flags included on x86.
#[derive(Debug)]
pub struct FloatState {
    saved: arch::Control,
    /// The mode belongs to the thread, so the guard may not leave it.
    on_thread: PhantomData<*const ()>,
}

impl FloatState {
    /// Saves the calling thread's mode and sets the default one.
    #[must_use = "the mode lasts as long as the guard"]
    pub fn enter() -> FloatState {
        let saved = arch::read();
        arch::write(arch::DEFAULT);
        FloatState { saved, on_thread: PhantomData }
    }
}

impl Drop for FloatState {
    fn drop(&mut self) {
        arch::write(self.saved);
    }
}

#[cfg(all(test, any(target_feature = "sse", target_arch = "aarch64")))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn the_mode_inside_keeps_subnormals_and_the_mode_outside_returns() {
        let before = arch::read();
        arch::write(arch::FLUSHING);
        let outside = arch::read();
        let guard = FloatState::enter();
        let inside = arch::read();
        let subnormal = black_box(f32::MIN_POSITIVE) * black_box(0.5);
        let third = black_box(1.0f32) / black_box(3.0);
        drop(guard);
        let returned = arch::read();
        arch::write(before);
        assert_eq!(subnormal.to_bits(), 0x0040_0000);
        assert_eq!(third.to_bits(), 0x3eaa_aaab, "rounded to nearest");
        assert_eq!(inside, arch::DEFAULT);
        assert_eq!(returned, outside);
    }
}
