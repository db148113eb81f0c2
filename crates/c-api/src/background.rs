//! The wait for asynchronous runs.

use std::time::Duration;

use dunlin_core::background::{self, Unfinished};

use crate::status::{Failure, dunlin_status, guard};

/// Waits until no asynchronous run is under way or waits, all their callbacks have returned, and their threads are gone; at most
/// `timeout_ms` milliseconds if that is not 0. To be called before the library is unloaded; not from a completion callback.
///
/// Statuses: `DUNLIN_DEADLINE` if some still run, `DUNLIN_BUSY` from a completion callback. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_async_wait(timeout_ms: u64) -> dunlin_status {
    guard(|| {
        let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms));
        background::wait(timeout).map_err(|unfinished| {
            let status = match unfinished {
                Unfinished::Inside => dunlin_status::DUNLIN_BUSY,
                Unfinished::Running(_) => dunlin_status::DUNLIN_DEADLINE,
            };
            Failure::new(status, unfinished.to_string())
        })
    })
}
