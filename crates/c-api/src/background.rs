//! Work in the background: the threads of asynchronous runs.
//!
//! There are none while nothing runs: a thread is started when a job comes and no more than the processors are at work,
//! and ends when no job waits. Jobs start in the order in which they came.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dunlin_sys::Thread;

use crate::options::MAX_TIMEOUT_MS;
use crate::status::{Failure, dunlin_status, guard};

/// What is to be done. It may not panic.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

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

/// Does a job in the background.
///
/// # Errors
/// `DUNLIN_OUT_OF_MEMORY` if there is no thread to do it and the system refuses one; the job is dropped.
pub(crate) fn start(job: Job) -> Result<(), Failure> {
    let refused = || Failure::new(dunlin_status::DUNLIN_OUT_OF_MEMORY, "no thread for an asynchronous run");
    let mut state = state();
    state.jobs.try_reserve(1).map_err(|_| refused())?;
    state.handles.try_reserve(1).map_err(|_| refused())?;
    state.jobs.push_back(job);
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

/// Asked once: the answer is read from files of the system's.
fn max_threads() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(dunlin_core::available_threads)
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
        job();
    }
}

fn join_ended(state: &mut State) {
    while let Some(at) = state.handles.iter().position(Thread::is_finished) {
        state.handles.swap_remove(at).join();
    }
}

/// Waits until no asynchronous run is under way or waits, all their callbacks have returned, and their threads are gone; at most
/// `timeout_ms` milliseconds if that is not 0. To be called before the library is unloaded; not from a completion callback.
///
/// Statuses: `DUNLIN_DEADLINE` if some still run, `DUNLIN_BUSY` from a completion callback. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_async_wait(timeout_ms: u64) -> dunlin_status {
    guard(|| {
        if IS_OURS.get() {
            let message = "an asynchronous run cannot wait for itself";
            return Err(Failure::new(dunlin_status::DUNLIN_BUSY, message));
        }
        let timeout = if timeout_ms == 0 { MAX_TIMEOUT_MS } else { timeout_ms.min(MAX_TIMEOUT_MS) };
        let until = Instant::now() + Duration::from_millis(timeout);
        let mut state = state();
        while state.n_threads > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let message =
                    format!("{} asynchronous runs are not done", state.n_threads + state.jobs.len());
                return Err(Failure::new(dunlin_status::DUNLIN_DEADLINE, message));
            }
            state = ENDED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        for handle in handles {
            handle.join();
        }
        Ok(())
    })
}

/// Stack of a thread: as that of the pools' workers.
const STACK_BYTES: usize = 2 << 20;
