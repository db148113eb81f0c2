//! The thread pool: parked workers that help callers through their loops.
//!
//! A caller posts its loop on the board, works on it itself, and waits only for helpers that are inside it. It never
//! waits for a worker to come, so any number of callers can share a pool. How a loop is lent to the workers is argued
//! in `board`, how they sleep and wake in `bell`.

mod bell;
mod board;
mod host;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::{FloatState, Parallel, Thread, available_threads, os};
use bell::Bell;
use board::Board;
pub use host::HostPool;

/// Threads of our own for parallel loops, as many as the host allowed and no more.
///
/// Idle workers sleep; they stay awake for some tens of microseconds after a loop, so that the next one finds them.
/// Any number of threads may run loops on one pool at once. A loop inside a loop runs on its thread alone. A panic in
/// an iteration ends the loop early and is raised again in its caller; the pool stays usable. Dropping the pool joins
/// its workers. In a child process that was forked from the pool's there are no workers: there, loops run serially.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<Thread>,
    /// The process that the workers live in.
    home: u32,
}

// A panic in a loop passes through `for_each` only once the loop has been taken apart again.
impl UnwindSafe for Pool {}
impl RefUnwindSafe for Pool {}

/// Why there is no pool.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// The number of threads is 0 or beyond what a pool may have.
    Count {
        /// What was asked for, the caller included.
        n_threads: usize,
        /// The most that a pool may have.
        limit: usize,
    },
    /// The system refused a thread; the ones started before it have been joined.
    Spawn {
        /// What was asked for, the caller included.
        n_threads: usize,
        /// How many workers had started.
        n_started: usize,
        /// The system's reason.
        source: io::Error,
    },
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::Count { n_threads, limit } => {
                write!(f, "a pool has 1 to {limit} threads, got {n_threads}")
            }
            PoolError::Spawn { n_threads, n_started, .. } => {
                write!(f, "only {n_started} of {} worker threads could be started", n_threads - 1)
            }
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PoolError::Count { .. } => None,
            PoolError::Spawn { source, .. } => Some(source),
        }
    }
}

impl Pool {
    /// The most threads that a pool may have.
    pub const MAX_THREADS: usize = 1024;

    /// A pool of `n_threads`, of which the caller of a loop is one: `n_threads - 1` workers are started.
    ///
    /// # Errors
    /// [`PoolError::Count`] unless `n_threads` is 1 to [`Pool::MAX_THREADS`]; [`PoolError::Spawn`] if the system
    /// refuses a thread.
    pub fn new(n_threads: usize) -> Result<Pool, PoolError> {
        if !(1..=Self::MAX_THREADS).contains(&n_threads) {
            return Err(PoolError::Count { n_threads, limit: Self::MAX_THREADS });
        }
        let shared = Arc::new(Shared::new(n_threads));
        let mut pool = Pool { shared, workers: Vec::with_capacity(n_threads - 1), home: os::process_id() };
        for seat in 1..n_threads {
            // On an error the drop of `pool` ends the workers that did start.
            let worker = spawn(&pool.shared, seat).map_err(|source| PoolError::Spawn {
                n_threads,
                n_started: seat - 1,
                source,
            })?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Whether this process is a forked child of the one whose threads the workers are.
    fn is_forked(&self) -> bool {
        os::process_id() != self.home
    }
}

impl Parallel for Pool {
    fn n_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// As the trait says. A loop of one iteration is a plain call, inside which further loops may use the pool.
    ///
    /// # Panics
    /// With the payload of a panic in `f`, after all calls of `f` have ended.
    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        let alone = n <= 1 || n > MAX_LOOP || self.workers.is_empty() || IN_LOOP.get() || self.is_forked();
        let outcome = if alone { None } else { self.shared.run(n, f) };
        match outcome {
            Some(Ok(())) => {}
            Some(Err(payload)) => resume_unwind(payload),
            None => (0..n).for_each(f),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let workers = std::mem::take(&mut self.workers);
        if self.is_forked() {
            // Handles of threads that do not exist in this process: they can be neither joined nor detached.
            return std::mem::forget(workers);
        }
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.bell.wake(workers.len());
        for worker in workers {
            worker.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("n_threads", &self.n_threads()).finish_non_exhaustive()
    }
}

/// What callers and workers share.
struct Shared {
    board: Board,
    bell: Bell,
    /// Set when the pool is dropped.
    ended: AtomicBool,
    n_threads: usize,
    patience: Duration,
}

impl Shared {
    fn new(n_threads: usize) -> Shared {
        let cpus = available_threads();
        // With more threads than processors, spinning takes time from the threads that it waits for.
        let patience = if n_threads <= cpus { PATIENCE } else { Duration::ZERO };
        Shared { board: Board::new(), bell: Bell::new(), ended: AtomicBool::new(false), n_threads, patience }
    }

    /// Runs a loop with the workers' help; `None`, with nothing done, if the board is full.
    fn run(&self, n: usize, f: &(dyn Fn(usize) + Sync)) -> Option<thread::Result<()>> {
        let _in_loop = InLoop::enter();
        let grain = (n / (self.n_threads * GRAINS_PER_THREAD)).max(1);
        self.board.run(n, grain, f, self.patience, || self.bell.wake(WAKE_FAN_OUT.min(n - 1)))
    }

    /// A worker's life.
    fn work(&self, seat: usize) {
        while !self.ended.load(Ordering::SeqCst) {
            // Each worker that finds enough left to do wakes others, so that waking many costs the caller little.
            let helped = self.board.help(seat, |n_left| self.bell.wake(WAKE_FAN_OUT.min(n_left)));
            let is_needed = || self.board.has_open() || self.ended.load(Ordering::SeqCst);
            if !(helped && spin_until(self.patience, is_needed)) {
                self.bell.sleep_unless(is_needed);
            }
        }
    }
}

fn spawn(shared: &Arc<Shared>, seat: usize) -> io::Result<Thread> {
    let shared = Arc::clone(shared);
    Thread::spawn(&format!("dunlin-{seat}"), STACK_BYTES, move || {
        os::block_signals();
        let _mode = FloatState::enter();
        let _in_loop = InLoop::enter();
        shared.work(seat);
    })
}

/// Waits for `is_done` without sleeping, for `patience` at most; whether it came true.
///
/// Keeps its processor: on a busy machine, offering it to others costs a whole turn of theirs, thousands of times what
/// is waited for. Whoever has to wait that long sleeps instead.
fn spin_until(patience: Duration, is_done: impl Fn() -> bool) -> bool {
    if is_done() || patience.is_zero() {
        return is_done();
    }
    let start = Instant::now();
    while start.elapsed() < patience {
        for _ in 0..SPINS_PER_CLOCK {
            if is_done() {
                return true;
            }
            std::hint::spin_loop();
        }
    }
    false
}

thread_local! {
    /// Whether this thread is inside an iteration of some pool's loop.
    static IN_LOOP: Cell<bool> = const { Cell::new(false) };
}

/// Marks its thread as inside a loop, for as long as it lives.
struct InLoop {
    outer: bool,
}

impl InLoop {
    fn enter() -> InLoop {
        InLoop { outer: IN_LOOP.replace(true) }
    }
}

impl Drop for InLoop {
    fn drop(&mut self) {
        IN_LOOP.set(self.outer);
    }
}

/// Stack of a worker: kernels keep their tiles in buffers.
const STACK_BYTES: usize = 2 << 20;

/// How long a worker stays awake for the next loop, and a caller for its last helper. Waking a sleeper costs 5 to 50
/// microseconds.
const PATIENCE: Duration = Duration::from_micros(40);

/// Checks between two looks at the clock.
const SPINS_PER_CLOCK: usize = 16;

/// Into how many claims per thread a long loop is cut: enough to even out, too few to fight over the counter.
const GRAINS_PER_THREAD: usize = 32;

/// How many sleepers each thread wakes, so that all are awake after a number of steps that grows as a logarithm.
const WAKE_FAN_OUT: usize = 2;

/// The longest loop that is shared out; leaves room above for the claims that find nothing left.
const MAX_LOOP: usize = isize::MAX as usize;

#[cfg(test)]
mod tests;
