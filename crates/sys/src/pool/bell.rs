//! Sleep and waking of the workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Where workers sleep until called.
///
/// No call is lost: a sleeper counts itself in `n_asleep` and then looks whether it is needed; a caller makes the
/// sleeper needed and then looks at `n_asleep`. All four accesses are sequentially consistent, so that at least one
/// of the two sees the other.
pub(super) struct Bell {
    /// Sleepers that have not been called. Changed only under the lock of `calls`.
    n_asleep: AtomicUsize,
    /// Calls that no sleeper has answered yet.
    calls: Mutex<usize>,
    rings: Condvar,
}

impl Bell {
    pub(super) fn new() -> Bell {
        Bell { n_asleep: AtomicUsize::new(0), calls: Mutex::new(0), rings: Condvar::new() }
    }

    /// Sleeps until called, unless `is_needed`, which must read with sequential consistency what callers write so
    /// before they `wake`.
    pub(super) fn sleep_unless(&self, is_needed: impl Fn() -> bool) {
        let mut calls = self.lock();
        self.n_asleep.fetch_add(1, Ordering::SeqCst);
        if is_needed() {
            self.n_asleep.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        while *calls == 0 {
            calls = self.rings.wait(calls).unwrap_or_else(PoisonError::into_inner);
        }
        *calls -= 1;
    }

    /// Calls up to `n` sleepers; costs one load if nobody sleeps.
    pub(super) fn wake(&self, n: usize) {
        if n == 0 || self.n_asleep.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut calls = self.lock();
        let n = n.min(self.n_asleep.load(Ordering::SeqCst));
        self.n_asleep.fetch_sub(n, Ordering::SeqCst);
        *calls += n;
        drop(calls);
        for _ in 0..n {
            self.rings.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
