//! Work without the interpreter's lock, which Ctrl-C can end.
//!
//! Python runs its signal handlers in the main thread alone, between instructions of Python's. So the main thread hands long work to
//! another thread and looks for signals meanwhile; short work, which a hand-over would make slower, it does itself.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dunlin_core::{Cancel, Error, ErrorKind};
use pyo3::intern;
use pyo3::prelude::*;

use crate::error::raise;

/// Does the work; `is_long` if it may last. A signal whose handler raises turns `cancel` on, and the exception comes back once the
/// work has ended.
pub(crate) fn work<T: Send>(
    py: Python<'_>,
    is_long: bool,
    cancel: Option<&Cancel>,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let Some(cancel) = cancel.filter(|_| is_long && is_main_thread(py)) else {
        return Ok(py.detach(work));
    };
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let outcome = py.detach(|| {
        thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(1);
            let helper = thread::Builder::new().name("dunlin-run".to_owned()).spawn_scoped(scope, || {
                if let Some(work) = take() {
                    // The receiver waits for it.
                    let _ = send.send(work());
                }
                drop(send);
            });
            match helper {
                Ok(_) => wait(&receive, cancel),
                Err(_) => Ok(take().map(|work| work())),
            }
        })
    });
    outcome?.ok_or_else(|| raise(py, &Error::new(ErrorKind::Internal, "a run ended without an outcome")))
}

/// Waits for the outcome and looks for signals. `None` if there will be none.
fn wait<T>(receive: &mpsc::Receiver<T>, cancel: &Cancel) -> PyResult<Option<T>> {
    loop {
        match receive.recv_timeout(INTERVAL) {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            cancel.cancel();
            // It ends soon; its outcome does not matter.
            let _ = receive.recv();
            return Err(error);
        }
    }
}

fn is_main_thread(py: Python<'_>) -> bool {
    let asked = (|| {
        let threading = py.import(intern!(py, "threading"))?;
        let main = threading.call_method0(intern!(py, "main_thread"))?.getattr(intern!(py, "ident"))?;
        threading.call_method0(intern!(py, "get_ident"))?.eq(main)
    })();
    asked.unwrap_or(false)
}

/// How often signals are looked for.
const INTERVAL: Duration = Duration::from_millis(50);

/// Work that took less is short.
pub(crate) const LONG: Duration = Duration::from_millis(10);
