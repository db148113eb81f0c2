//! Threads that models share.

use std::sync::Arc;

use dunlin_core::available_threads;
use dunlin_sys::Parallel;
use pyo3::prelude::*;

use crate::error::raise;

/// Threads that models share: `dunlin.load(..., threads=pool)`.
///
/// `n` counts the callers of runs in; 0 stands for as many as the process may use. The threads sleep while nothing runs and end with the
/// last model that uses them.
#[pyclass(frozen, module = "dunlin")]
pub(crate) struct Pool(pub Arc<dunlin_core::Pool>);

#[pymethods]
impl Pool {
    #[new]
    #[pyo3(signature = (n = 0))]
    fn new(py: Python<'_>, n: usize) -> PyResult<Pool> {
        let n = if n == 0 { available_threads() } else { n };
        let pool = dunlin_core::Pool::new(n).map_err(|error| raise(py, &error.into()))?;
        Ok(Pool(Arc::new(pool)))
    }

    /// How many threads there are, a run's caller included.
    #[getter]
    fn threads(&self) -> usize {
        self.0.n_threads()
    }
}
