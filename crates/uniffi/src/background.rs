//! Work that the host awaits: done on Dunlin's background threads, so that no executor of the host's is blocked.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use dunlin_core::{Cancel, background};

use crate::error::{DunlinError, guard};

/// The result of work in the background. Dropping it cancels the work, which is what happens when the host's coroutine is cancelled.
pub(crate) struct Pending<T> {
    shared: Arc<Mutex<Shared<T>>>,
    cancel: Cancel,
}

struct Shared<T> {
    outcome: Option<Result<T, DunlinError>>,
    waker: Option<Waker>,
}

/// Starts `work`, which heeds `cancel`.
///
/// # Errors
/// Kind `out-of-memory` if there is no thread for it.
pub(crate) fn start<T: Send + 'static>(
    cancel: Cancel,
    work: impl FnOnce() -> Result<T, DunlinError> + Send + 'static,
) -> Result<Pending<T>, DunlinError> {
    let shared = Arc::new(Mutex::new(Shared { outcome: None, waker: None }));
    let pending = Pending { shared: shared.clone(), cancel };
    background::start(move || {
        let outcome = guard(work);
        let mut shared = lock(&shared);
        shared.outcome = Some(outcome);
        let waker = shared.waker.take();
        drop(shared);
        if let Some(waker) = waker {
            waker.wake();
        }
    })?;
    Ok(pending)
}

impl<T> Future for Pending<T> {
    type Output = Result<T, DunlinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = lock(&self.shared);
        if let Some(outcome) = shared.outcome.take() {
            return Poll::Ready(outcome);
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no asynchronous load or run is under way and their threads are gone; at most `timeout_ms` milliseconds if that is not 0.
/// To be called before the library is unloaded; not from a callback of one of them.
///
/// # Errors
/// Kind `deadline` if some still run, `busy` from one of their callbacks.
#[uniffi::export]
pub fn async_wait(timeout_ms: u64) -> Result<(), DunlinError> {
    guard(|| {
        let timeout = (timeout_ms > 0).then(|| std::time::Duration::from_millis(timeout_ms));
        background::wait(timeout).map_err(|unfinished| {
            let kind = match unfinished {
                background::Unfinished::Inside => crate::ErrorKind::Busy,
                background::Unfinished::Running(_) => crate::ErrorKind::Deadline,
            };
            DunlinError::new(kind, unfinished.to_string())
        })
    })
}
