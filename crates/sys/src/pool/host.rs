//! A pool of the host's threads: loops are posted on a board, and the host is asked to lend threads for them.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::board::Board;
use super::{GRAINS_PER_THREAD, InLoop, MAX_LOOP, PATIENCE};
use crate::{FloatState, Parallel};

/// Parallel loops on threads that belong to the host.
///
/// A loop asks the host for so many calls of [`HostPool::help`] and goes to work itself. The host may make these calls
/// at once, later, or never, on any thread: a loop ends when its iterations are done, not when the host has called, and
/// a call that comes too late finds nothing to do.
pub struct HostPool {
    board: Board,
    n_threads: usize,
    /// Asks for this many calls of `help`.
    ask: Box<dyn Fn(usize) + Send + Sync>,
    /// Spreads the helpers over the board.
    next_seat: AtomicUsize,
}

// A panic in a loop passes through `for_each` only once the loop has been taken apart again.
impl UnwindSafe for HostPool {}
impl RefUnwindSafe for HostPool {}

impl HostPool {
    /// A pool of `n_threads`, of which the caller of a loop is one (0 counts as 1); `ask(n)` asks the host for `n` calls of
    /// [`HostPool::help`] and returns soon.
    pub fn new(n_threads: usize, ask: impl Fn(usize) + Send + Sync + 'static) -> HostPool {
        HostPool {
            board: Board::new(),
            n_threads: n_threads.clamp(1, super::Pool::MAX_THREADS),
            ask: Box::new(ask),
            next_seat: AtomicUsize::new(0),
        }
    }

    /// Works on the loops that are posted, on the calling thread, until none needs help. Never waits. A panic in an
    /// iteration goes to the loop's caller.
    pub fn help(&self) {
        // The thread comes with the host's floating-point mode and leaves with it.
        let _mode = FloatState::enter();
        let _in_loop = InLoop::enter();
        let seat = self.next_seat.fetch_add(1, Ordering::Relaxed);
        while self.board.help(seat, |_| {}) {}
    }
}

impl Parallel for HostPool {
    fn n_threads(&self) -> usize {
        self.n_threads
    }

    /// As the trait says.
    ///
    /// # Panics
    /// With the payload of a panic in `f`, after all calls of `f` have ended.
    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        if n <= 1 || n > MAX_LOOP || self.n_threads == 1 || super::IN_LOOP.get() {
            return (0..n).for_each(f);
        }
        let grain = (n / (self.n_threads * GRAINS_PER_THREAD)).max(1);
        let n_helpers = (self.n_threads - 1).min(n - 1);
        let outcome = {
            let _in_loop = InLoop::enter();
            self.board.run(n, grain, f, PATIENCE, || (self.ask)(n_helpers))
        };
        match outcome {
            Some(Ok(())) => {}
            Some(Err(payload)) => resume_unwind(payload),
            None => (0..n).for_each(f),
        }
    }
}

impl fmt::Debug for HostPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostPool").field("n_threads", &self.n_threads).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};
    use std::thread;

    fn assert_each_once(pool: &HostPool, n: usize) {
        let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
        pool.for_each(n, &|i| {
            counts[i].fetch_add(1, Ordering::Relaxed);
        });
        assert!(counts.into_iter().all(|count| count.into_inner() == 1), "a loop of {n}");
    }

    #[test]
    fn a_host_that_never_helps_does_no_harm() {
        let n_asked = Arc::new(AtomicUsize::new(0));
        let counter = n_asked.clone();
        let pool = HostPool::new(4, move |n| {
            counter.fetch_add(n, Ordering::Relaxed);
        });
        assert_each_once(&pool, 1000);
        assert_eq!(n_asked.load(Ordering::Relaxed), 3);
        pool.help();
    }

    #[test]
    fn threads_of_the_host_take_part() {
        let (sender, receiver) = mpsc::channel::<()>();
        let sender = Mutex::new(sender);
        let pool = Arc::new(HostPool::new(3, move |n| {
            for _ in 0..n {
                let _ = sender.lock().unwrap().send(());
            }
        }));
        let receiver = Arc::new(Mutex::new(receiver));
        let hosts: Vec<_> = (0..2)
            .map(|_| {
                let (weak, receiver) = (Arc::downgrade(&pool), receiver.clone());
                thread::spawn(move || {
                    loop {
                        let next = receiver.lock().unwrap().recv();
                        match (next, weak.upgrade()) {
                            (Ok(()), Some(pool)) => pool.help(),
                            _ => return,
                        }
                    }
                })
            })
            .collect();
        // Iterations that wait for each other can only end if three threads are in the loop at once.
        let n_here = AtomicUsize::new(0);
        pool.for_each(3, &|_| {
            n_here.fetch_add(1, Ordering::SeqCst);
            while n_here.load(Ordering::SeqCst) < 3 {
                thread::yield_now();
            }
        });
        for n in [2, 3, 64, 10_000] {
            assert_each_once(&pool, n);
        }
        // Dropped by whoever has it last; the channel closes with it.
        drop(pool);
        hosts.into_iter().for_each(|host| host.join().unwrap());
    }

    #[test]
    fn a_host_may_help_inside_of_the_request() {
        let slot: Arc<OnceLock<Weak<HostPool>>> = Arc::default();
        let own = slot.clone();
        let pool = Arc::new(HostPool::new(2, move |n| {
            let pool = own.get().and_then(Weak::upgrade).unwrap();
            (0..n).for_each(|_| pool.help());
        }));
        slot.set(Arc::downgrade(&pool)).unwrap();
        assert_each_once(&pool, 500);
    }
}
