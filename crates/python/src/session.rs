//! Sessions: repeated runs that keep buffers and states.

use std::sync::{Mutex, MutexGuard, TryLockError};

use dunlin_core::Type;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::cancel::Cancel;
use crate::error::{busy, raise};
use crate::model::{Model, start};
use crate::report::Report;
use crate::run::{Call, Given};
use crate::value;

/// Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one gets a `BusyError`.
#[pyclass(frozen, module = "dunlin")]
pub(crate) struct Session {
    session: Mutex<dunlin_core::Session>,
    model: Py<Model>,
}

impl Session {
    pub fn new(session: dunlin_core::Session, model: Py<Model>) -> Session {
        Session { session: Mutex::new(session), model }
    }

    fn take(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, dunlin_core::Session>> {
        match self.session.try_lock() {
            Ok(session) => Ok(session),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(busy(py)),
        }
    }

    fn call<'py>(&self, py: Python<'py>, call: Call<'_, 'py>) -> PyResult<Given<'py>> {
        let mut session = self.take(py)?;
        self.model.get().call(py, &mut *session, call)
    }
}

#[pymethods]
impl Session {
    /// The model.
    #[getter]
    fn model(&self, py: Python<'_>) -> Py<Model> {
        self.model.clone_ref(py)
    }

    /// Runs as `Model.run`. Inputs that are states may be left out from the second run on. After a failure the states are as before.
    #[pyo3(signature = (*inputs, out = None, cancel = None, timeout = None, seed = 0, tensors = false))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyTuple>,
        out: Option<Bound<'py, PyDict>>,
        cancel: Option<Bound<'py, Cancel>>,
        timeout: Option<f64>,
        seed: u64,
        tensors: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let call =
            Call { inputs, out, cancel, timeout, seed, report: false, as_tensors: tensors, is_long: false };
        self.call(py, call).map(|(outputs, _)| outputs)
    }

    /// Runs as `run` does; the outputs, and a report of what each node spent.
    #[pyo3(signature = (*inputs, out = None, cancel = None, timeout = None, seed = 0, tensors = false))]
    fn run_with_report<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyTuple>,
        out: Option<Bound<'py, PyDict>>,
        cancel: Option<Bound<'py, Cancel>>,
        timeout: Option<f64>,
        seed: u64,
        tensors: bool,
    ) -> PyResult<(Bound<'py, PyDict>, Report)> {
        let call =
            Call { inputs, out, cancel, timeout, seed, report: true, as_tensors: tensors, is_long: false };
        let (outputs, report) = self.call(py, call)?;
        Ok((outputs, Report::of_run(&report.unwrap_or_default())))
    }

    /// Runs as `Model.run_async`. Until it has ended, other calls get a `BusyError`.
    #[pyo3(signature = (*inputs, **options))]
    fn run_async<'py>(
        slf: &Bound<'py, Self>,
        inputs: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        start(slf.as_any(), inputs, options)
    }

    /// A state by the name of its input; None before the first run.
    fn state<'py>(&self, py: Python<'py>, input: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let session = self.take(py)?;
        let state = session.state(input).map_err(|error| raise(py, &error))?.cloned();
        state.map(|state| value::from_value(py, state)).transpose()
    }

    /// Sets a state by the name of its input, to a copy of the value.
    fn set_state(&self, py: Python<'_>, input: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut session = self.take(py)?;
        let info = session.model().inputs().iter().find(|info| *info.name == *input);
        let declared = value::Declared(info.map_or(&Type::Unknown, |info| &info.ty).dtype());
        let tensor = value::to_tensor(value, declared)?;
        let copied = tensor.copied().map_err(dunlin_core::Error::from);
        copied.and_then(|copy| session.set_state(input, copy)).map_err(|error| raise(py, &error))
    }

    /// Forgets all states: the next run starts anew.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.take(py)?.reset();
        Ok(())
    }
}
