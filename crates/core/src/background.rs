//! Work in the background: the threads of asynchronous loads and runs, for the bindings to other languages.
//!
//! There are none while nothing runs: a thread is started when a job comes and no more than the processors are at work,
//! and ends when no job waits. Jobs start in the order in which they came.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dunlin_sys::Thread;

use crate::{Error, ErrorKind, available_threads};

type Job = Box<dyn FnOnce() + Send>;

struct State {
    jobs: VecDeque<Job>,
    n_threads: usize,
    /// Of threads that were started and not joined yet.
    handles: Vec<Thread>,
    /// The process that the threads live in; 0 before the first.
    home: u32,
}

static STATE: Mutex<State> =
    Mutex::new(State { jobs: VecDeque::new(), n_threads: 0, handles: Vec::new(), home: 0 });

/// Rung when a thread ends.
static ENDED: Condvar = Condvar::new();

thread_local! {
    /// Whether this is one of the threads here.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

/// Why [`wait`] did not see the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// It was called by work in the background.
    #[error("an asynchronous run cannot wait for itself")]
    Inside,
    /// So many jobs are not done.
    #[error("{0} asynchronous runs are not done")]
    Running(usize),
}

fn state() -> MutexGuard<'static, State> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let here = std::process::id();
    if state.home != here {
        // A forked child has none of its parent's threads, and their jobs are the parent's.
        std::mem::forget(std::mem::take(&mut state.jobs));
        std::mem::forget(std::mem::take(&mut state.handles));
        state.n_threads = 0;
        state.home = here;
    }
    state
}

/// Does a job in the background. What became of it is the job's to tell; it should not panic.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`] if there is no thread to do it and the system refuses one; the job is dropped.
pub fn start(job: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let refused = || Error::new(ErrorKind::OutOfMemory, "no thread for an asynchronous run");
    let mut state = state();
    state.jobs.try_reserve(1).map_err(|_| refused())?;
    state.handles.try_reserve(1).map_err(|_| refused())?;
    state.jobs.push_back(Box::new(job));
    if state.n_threads >= max_threads() {
        return Ok(());
    }
    join_ended(&mut state);
    let thread = Thread::spawn("dunlin-async", STACK_BYTES, work);
    match thread {
        Ok(handle) => {
            state.n_threads += 1;
            state.handles.push(handle);
            Ok(())
        }
        Err(_) if state.n_threads > 0 => Ok(()),
        Err(_) => {
            let job = state.jobs.pop_back();
            drop(state);
            // Dropped without the lock: it may hold the last of something that calls the host.
            drop(job);
            Err(refused())
        }
    }
}

/// Waits until no work is under way or waits and its threads are gone; no longer than `timeout`, if there is one.
///
/// # Errors
/// [`Unfinished`] if some still runs, or the work itself asks.
pub fn wait(timeout: Option<Duration>) -> Result<(), Unfinished> {
    if IS_OURS.get() {
        return Err(Unfinished::Inside);
    }
    let until = Instant::now() + timeout.unwrap_or(MAX_WAIT).min(MAX_WAIT);
    let mut state = state();
    while state.n_threads > 0 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Unfinished::Running(state.n_threads + state.jobs.len()));
        }
        state = ENDED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    let handles = std::mem::take(&mut state.handles);
    drop(state);
    for handle in handles {
        handle.join();
    }
    Ok(())
}

/// Asked once: the answer is read from files of the system's.
fn max_threads() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(available_threads)
}

fn work() {
    IS_OURS.set(true);
    loop {
        let mut state = state();
        let Some(job) = state.jobs.pop_front() else {
            state.n_threads -= 1;
            ENDED.notify_all();
            return;
        };
        drop(state);
        // A thread that ended here would be waited for in vain.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn join_ended(state: &mut State) {
    while let Some(at) = state.handles.iter().position(Thread::is_finished) {
        state.handles.swap_remove(at).join();
    }
}

/// Stack of a thread: as that of the pools' workers.
const STACK_BYTES: usize = 2 << 20;

/// Nobody waits longer; the clock cannot be pushed past its end.
const MAX_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);
