//! Threads that models share.

use std::sync::Arc;

use dunlin_sys::Parallel;

use crate::error::{DunlinError, guard};

/// Threads that models share. They sleep when nothing runs and end with the last model that uses them.
#[derive(Debug, uniffi::Object)]
pub struct Pool {
    pub(crate) threads: Arc<dunlin_core::Pool>,
}

#[uniffi::export]
impl Pool {
    /// A pool of `n` threads, the callers of runs included; 0 for as many as the process may use.
    ///
    /// # Errors
    /// Kind `input` for a number that no machine has, `out-of-memory` if the system refuses a thread.
    #[uniffi::constructor]
    pub fn new(n: u32) -> Result<Arc<Pool>, DunlinError> {
        guard(|| {
            let n = if n == 0 { dunlin_core::available_threads() } else { n as usize };
            let threads = dunlin_core::Pool::new(n).map_err(dunlin_core::Error::from)?;
            Ok(Arc::new(Pool { threads: Arc::new(threads) }))
        })
    }

    /// How many threads it has.
    pub fn n_threads(&self) -> u32 {
        u32::try_from(self.threads.n_threads()).unwrap_or(u32::MAX)
    }
}
