//! Models: loading, asking, running.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dunlin_core::Shape;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error::raise;
use crate::info::{Memory, Metadata, Port};
use crate::interrupt;
use crate::options::{Choices, items};
use crate::report::Report;
use crate::run::{Call, Given, timed};
use crate::session::Session;
use crate::source::Source;
use crate::{cancel::Cancel, run};

/// Loads a model.
///
/// `source` is a path, bytes (not copied where they cannot change), an open file, a file descriptor (with `offset` and `length` for a part
/// of its file), or a function `read(offset, n_bytes)` that gives bytes (with `length`).
///
/// `threads` is a number (0 for as many as the process may use) or a `dunlin.Pool`; `device` one of `dunlin.devices()`; `fallback` what
/// happens to nodes that the device cannot run: "deny", "report" or "allow"; `mapping` whether files are used in place ("map") or read
/// ("copy"); `limits` bounds by name, such as `{"run_bytes": 1 << 30}`; `states` pairs of an input and the output that becomes it in a
/// session's next run; `timeout` seconds; `progress(stage, fraction)` and `log(level, line)` are called while it loads, and what they raise
/// ends it; `external` the contents of files that the model keeps weights in, by name.
#[pyfunction]
#[pyo3(signature = (
    source, *, offset = 0, length = None, threads = None, device = "cpu", fallback = "report", mapping = "map", limits = None,
    disabled_passes = None, states = None, max_cached_shapes = None, cancel = None, timeout = None, progress = None,
    log = None, log_level = "info", external = None,
))]
pub(crate) fn load<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    offset: u64,
    length: Option<u64>,
    threads: Option<Bound<'py, PyAny>>,
    device: &str,
    fallback: &str,
    mapping: &str,
    limits: Option<Bound<'py, PyMapping>>,
    disabled_passes: Option<Vec<String>>,
    states: Option<Vec<(String, String)>>,
    max_cached_shapes: Option<usize>,
    cancel: Option<Bound<'py, Cancel>>,
    timeout: Option<f64>,
    progress: Option<Py<PyAny>>,
    log: Option<Py<PyAny>>,
    log_level: &str,
    external: Option<Bound<'py, PyMapping>>,
) -> PyResult<Model> {
    let choices = Choices {
        threads,
        device,
        fallback,
        mapping,
        limits,
        disabled_passes: disabled_passes.unwrap_or_default(),
        states: states.unwrap_or_default(),
        max_cached_shapes,
        cancel,
        timeout,
        progress,
        log,
        log_level,
        external,
    };
    let (builder, stop) = choices.builder(py)?;
    let (switch, failure) = (stop.cancel.clone(), stop.failure.clone());
    let source = Source::of(source, offset, length, stop)?;
    let model = interrupt::work(py, true, Some(&switch), || source.load(builder))?;
    if let Some(raised) = failure.take() {
        return Err(raised);
    }
    Ok(Model::new(py, model.map_err(|error| raise(py, &error))?))
}

/// A loaded model. Any number of threads may run it at the same time.
#[pyclass(frozen, weakref, module = "dunlin")]
pub(crate) struct Model {
    model: dunlin_core::Model,
    output_names: Vec<Py<PyString>>,
    /// Whether the latest run was short: then the next one probably is, too.
    was_short: AtomicBool,
}

impl Model {
    fn new(py: Python<'_>, model: dunlin_core::Model) -> Model {
        let names = model.outputs().iter().map(|output| PyString::new(py, &output.name).unbind());
        Model { output_names: names.collect(), model, was_short: AtomicBool::new(false) }
    }

    /// Runs the model or a session of it.
    pub fn call<'py>(
        &self,
        py: Python<'py>,
        runner: impl run::Runner,
        mut call: Call<'_, 'py>,
    ) -> PyResult<Given<'py>> {
        call.is_long = !self.was_short.load(Ordering::Relaxed);
        let (given, time): (_, Duration) = timed(|| call.run(py, runner, &self.output_names));
        self.was_short.store(time < interrupt::LONG, Ordering::Relaxed);
        given
    }
}

#[pymethods]
impl Model {
    /// What the model takes, in order.
    #[getter]
    fn inputs(&self) -> Vec<Port> {
        let port = |input: &dunlin_core::InputInfo| Port::new(&input.name, &input.ty, input.is_optional);
        self.model.inputs().iter().map(port).collect()
    }

    /// What the model gives, in order.
    #[getter]
    fn outputs(&self) -> Vec<Port> {
        self.model.outputs().iter().map(|output| Port::new(&output.name, &output.ty, false)).collect()
    }

    /// What the model's file says of itself.
    #[getter]
    fn metadata(&self) -> Metadata {
        Metadata(self.model.metadata().clone())
    }

    /// Where the model's nodes run.
    fn report(&self) -> Report {
        Report::of_model(self.model.report())
    }

    /// How much memory the tensors of a run take at their peak, for inputs of these shapes; others have those that the model declares.
    #[pyo3(signature = (shapes = None))]
    fn memory(&self, py: Python<'_>, shapes: Option<&Bound<'_, PyMapping>>) -> PyResult<Memory> {
        let mut list: Vec<Option<Shape>> = vec![None; self.model.inputs().len()];
        for item in items(shapes)? {
            let (name, dims): (String, Vec<usize>) = item?;
            let at = self.model.inputs().iter().position(|input| *input.name == *name);
            let unknown = || {
                let message = format!("the model has no input {name:?}");
                raise(py, &dunlin_core::Error::new(dunlin_core::ErrorKind::NotFound, message))
            };
            list[at.ok_or_else(unknown)?] = Some(Shape::new(&dims));
        }
        self.model.memory(&list).map(Memory::from).map_err(|error| raise(py, &error))
    }

    /// A session: repeated runs with kept buffers and states.
    fn session(slf: Bound<'_, Self>) -> Session {
        Session::new(slf.get().model.session(), slf.unbind())
    }

    /// Runs the model; its outputs by name, as arrays that look into Dunlin's memory.
    ///
    /// Inputs are values in the model's order, or one dictionary by name. Arrays whose elements lie densely in the machine's byte order are not
    /// copied: no other thread may write to them during the run. `out` names arrays that outputs are written to; then these are all that is
    /// given back. `tensors` asks for `dunlin.Tensor` instead of arrays. `timeout` is in seconds, `seed` that of the model's random numbers.
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
        self.call(py, &self.model, call).map(|(outputs, _)| outputs)
    }

    /// Runs the model as `run` does; its outputs, and a report of what each node spent.
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
        let (outputs, report) = self.call(py, &self.model, call)?;
        Ok((outputs, Report::of_run(&report.unwrap_or_default())))
    }

    /// Runs the model as `run` does, in a thread of the event loop's executor: `await model.run_async(x)`. Cancelling the task cancels the run.
    #[pyo3(signature = (*inputs, **options))]
    fn run_async<'py>(
        slf: &Bound<'py, Self>,
        inputs: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        start(slf.as_any(), inputs, options)
    }

    fn __repr__(&self) -> String {
        let list = |names: Vec<String>| names.join(", ");
        let inputs = self.model.inputs().iter().map(|input| format!("{}: {}", input.name, input.ty));
        let outputs = self.model.outputs().iter().map(|output| format!("{}: {}", output.name, output.ty));
        format!("dunlin.Model({} -> {})", list(inputs.collect()), list(outputs.collect()))
    }
}

/// The coroutine of an asynchronous run.
pub(crate) fn start<'py>(
    runner: &Bound<'py, PyAny>,
    inputs: &Bound<'py, PyTuple>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = runner.py();
    let run = runner.getattr(intern!(py, "run"))?;
    py.import("dunlin._async")?.call_method1("run", (run, inputs, options))
}
