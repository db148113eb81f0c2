//! The switch that cancels.

use pyo3::prelude::*;

/// A switch that ends loads and runs early, from any thread.
///
/// It stays on: later loads and runs with it end at once.
#[pyclass(frozen, module = "dunlin")]
#[derive(Default)]
pub(crate) struct Cancel(pub dunlin_core::Cancel);

#[pymethods]
impl Cancel {
    #[new]
    fn new() -> Cancel {
        Cancel::default()
    }

    /// Turns the switch on.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// A switch that this one turns on, too, and that can be turned on without it.
    fn child(&self) -> Cancel {
        Cancel(self.0.child())
    }

    /// Whether it is on.
    #[getter]
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
