//! Parallel loops that notice cancellation and deadlines between their iterations.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::Parallel;

/// Runs loops on `pool` until `stop` first answers yes, and from then on leaves out every iteration.
///
/// A run makes one of these, hands it to its kernels, and asks [`was_stopped`](Interruptible::was_stopped) before it
/// believes any result.
pub struct Interruptible<'a> {
    pool: &'a dyn Parallel,
    stop: &'a (dyn Fn() -> bool + Sync),
    stopped: AtomicBool,
}

impl<'a> Interruptible<'a> {
    /// Loops on `pool` that ask `stop` before each iteration; `stop` is called from all of the pool's threads.
    pub fn new(pool: &'a dyn Parallel, stop: &'a (dyn Fn() -> bool + Sync)) -> Interruptible<'a> {
        Interruptible { pool, stop, stopped: AtomicBool::new(false) }
    }

    /// Whether `stop` has answered yes: then iterations may be missing, and what the loops wrote is not whole.
    pub fn was_stopped(&self) -> bool {
        // Relaxed: whoever asks has seen the loop end, and the end of a loop orders all that its iterations did.
        self.stopped.load(Ordering::Relaxed)
    }

    /// Asks `stop`, and remembers a yes.
    pub fn should_stop(&self) -> bool {
        if self.was_stopped() {
            return true;
        }
        let stop = (self.stop)();
        if stop {
            self.stopped.store(true, Ordering::Relaxed);
        }
        stop
    }
}

impl Parallel for Interruptible<'_> {
    fn n_threads(&self) -> usize {
        self.pool.n_threads()
    }

    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        if n == 0 || self.should_stop() {
            return;
        }
        self.pool.for_each(n, &|i| {
            if !self.should_stop() {
                f(i);
            }
        });
    }
}

impl std::fmt::Debug for Interruptible<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interruptible")
            .field("n_threads", &self.n_threads())
            .field("was_stopped", &self.was_stopped())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pool, Serial};
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn nothing_runs_after_the_first_yes_even_if_a_no_follows() {
        let n_asked = AtomicUsize::new(0);
        let stop = || n_asked.fetch_add(1, Ordering::Relaxed) == 5;
        let pool = Interruptible::new(&Serial, &stop);
        let n_done = AtomicUsize::new(0);
        let count = |_| {
            n_done.fetch_add(1, Ordering::Relaxed);
        };
        pool.for_each(100, &count);
        assert!(pool.was_stopped());
        pool.for_each(100, &count);
        // One question before the loop, one before each iteration; the sixth was answered with yes.
        assert_eq!(n_done.into_inner(), 4);
    }

    #[test]
    fn a_loop_on_threads_stops_early() {
        let threads = Pool::new(3).unwrap();
        let n_done = AtomicUsize::new(0);
        let stop = || n_done.load(Ordering::Relaxed) >= 50;
        let pool = Interruptible::new(&threads, &stop);
        pool.for_each(1_000_000, &|_| {
            n_done.fetch_add(1, Ordering::Relaxed);
        });
        assert!(pool.was_stopped());
        assert!((50..=53).contains(&n_done.into_inner()));
    }

    #[test]
    fn an_undisturbed_loop_is_whole() {
        let pool = Interruptible::new(&Serial, &|| false);
        let n_done = AtomicUsize::new(0);
        pool.for_each(10, &|_| {
            n_done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(n_done.into_inner(), 10);
        assert!(!pool.was_stopped());
    }
}
