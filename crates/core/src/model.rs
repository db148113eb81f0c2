//! The model: loaded once, run by any number of threads.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dunlin_exec::{Environment, Evaluator, Observer, Plan, Resources, Specialization, Stop};
use dunlin_formats::onnx::ModelInfo;
use dunlin_ir::{Dim, Graph, Map, Shape, Type, Value};
use dunlin_sys::{Arena, FloatState};

use crate::options::Workers;
use crate::report::Recorder;
use crate::session::copy_out;
use crate::special::SpecialCache;
use crate::{
    Builder, Error, ErrorKind, InputInfo, Inputs, Limits, Memory, OutputInfo, Outputs, Report, RunOptions,
    RunReport, Session, memory,
};

/// A loaded model. Cloning shares it; it may be run from many threads at once.
#[derive(Debug, Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

/// What the clones of a model share.
#[derive(Debug)]
pub(crate) struct Inner {
    graph: Graph,
    plan: Plan,
    info: ModelInfo,
    inputs: Vec<InputInfo>,
    outputs: Vec<OutputInfo>,
    output_names: Arc<[Arc<str>]>,
    /// Positions of (input, output).
    states: Vec<(usize, usize)>,
    limits: Limits,
    workers: Workers,
    report: Report,
    /// Buffers of runs that are over.
    idle: Mutex<Vec<Scratch>>,
    /// What is known of the shapes that runs come with.
    special: SpecialCache,
}

/// The buffers of one run at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    environment: Environment,
    arena: Arena,
}

impl Inner {
    pub fn new(
        graph: Graph,
        signature: (Vec<InputInfo>, Vec<OutputInfo>),
        info: ModelInfo,
        plan: Plan,
        report: Report,
        builder: &Builder,
    ) -> Result<Inner, Error> {
        let (inputs, outputs) = signature;
        let output_names = outputs.iter().map(|output: &OutputInfo| output.name.clone()).collect();
        let mut inner = Inner {
            graph,
            plan,
            info,
            inputs,
            outputs,
            output_names,
            states: Vec::new(),
            limits: builder.limits.clone(),
            workers: builder.workers()?,
            report,
            idle: Mutex::default(),
            special: SpecialCache::new(builder.max_cached_shapes),
        };
        for (input, output) in &builder.states {
            inner.states.push((inner.input_position(input)?, inner.output_position(output)?));
        }
        Ok(inner)
    }

    fn input_position(&self, name: &str) -> Result<usize, Error> {
        let at = self.inputs.iter().position(|input| *input.name == *name);
        at.ok_or_else(|| unknown("input", name, self.inputs.iter().map(|input| &*input.name)))
    }

    fn output_position(&self, name: &str) -> Result<usize, Error> {
        let at = self.outputs.iter().position(|output| *output.name == *name);
        at.ok_or_else(|| unknown("output", name, self.outputs.iter().map(|output| &*output.name)))
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    Error::new(ErrorKind::NotFound, format!("the model has no {what} {name:?}; there are {known:?}"))
}

impl Model {
    /// Loads the model file at `path` with the defaults.
    ///
    /// # Errors
    /// [`Error`] with the file, and the node and byte where there is one.
    pub fn load(path: impl AsRef<Path>) -> Result<Model, Error> {
        Builder::new().load(path)
    }

    /// Loads with choices.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(inner: Inner) -> Result<Model, Error> {
        Ok(Model { inner: Arc::new(inner) })
    }

    /// What the model takes, in order.
    pub fn inputs(&self) -> &[InputInfo] {
        &self.inner.inputs
    }

    /// What the model gives, in order.
    pub fn outputs(&self) -> &[OutputInfo] {
        &self.inner.outputs
    }

    /// What the file says of itself.
    pub fn metadata(&self) -> &ModelInfo {
        &self.inner.info
    }

    /// Where its nodes run.
    pub fn report(&self) -> &Report {
        &self.inner.report
    }

    /// The graph as it runs: after the optimiser.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// The plan that runs it.
    pub fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    /// The positions of the declared states: (input, output).
    pub(crate) fn states(&self) -> &[(usize, usize)] {
        &self.inner.states
    }

    /// Peak bytes of tensors of a run with inputs of these shapes, weights not counted; `None` for an input takes the
    /// shape that the file declares.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if there are more shapes than inputs.
    pub fn memory(&self, shapes: &[Option<Shape>]) -> Result<Memory, Error> {
        if shapes.len() > self.inputs().len() {
            let message = format!("{} shapes for {} inputs", shapes.len(), self.inputs().len());
            return Err(Error::new(ErrorKind::Input, message));
        }
        let evaluator = Evaluator::new(self.inner.limits.run, Stop::default());
        let facts = memory::facts(&self.inner.graph, shapes, &evaluator);
        Ok(memory::peak(&self.inner.graph, &facts))
    }

    /// A session: repeated runs with kept buffers and states.
    pub fn session(&self) -> Session {
        Session::new(self.clone())
    }

    /// Runs the model on inputs by name or in order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`], [`ErrorKind::Shape`] or [`ErrorKind::DType`] for inputs that do not fit; whatever a node
    /// reports, with the node.
    pub fn run(&self, inputs: impl Into<Inputs>) -> Result<Outputs, Error> {
        self.run_with(inputs, &RunOptions::default()).map(|(outputs, _)| outputs)
    }

    /// Runs the model with choices.
    ///
    /// # Errors
    /// As [`Model::run`], and [`ErrorKind::Cancelled`] or [`ErrorKind::Deadline`].
    pub fn run_with(
        &self,
        inputs: impl Into<Inputs>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        let values = self.arrange(inputs.into())?;
        let mut scratch = self.idle().pop().unwrap_or_default();
        let result = self.execute(values, options, &mut scratch);
        self.idle().push(scratch);
        result
    }

    /// Runs the model and copies its outputs into the caller's buffers.
    ///
    /// # Errors
    /// As [`Session::run_into`].
    pub fn run_into(
        &self,
        inputs: impl Into<Inputs>,
        outputs: &mut [(&str, &mut [u8])],
    ) -> Result<(), Error> {
        copy_out(&self.run(inputs)?, outputs)
    }

    /// What was found out about inputs of these shapes, if they are not new.
    fn specialization(&self, values: &[Option<Value>]) -> Option<Arc<Specialization>> {
        let Inner { graph, plan, limits, special, .. } = &*self.inner;
        special.find(values, |shapes| Specialization::new(graph, plan, shapes, &limits.run))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts inputs in the model's order and checks them against its signature.
    pub(crate) fn arrange(&self, inputs: Inputs) -> Result<Vec<Option<Value>>, Error> {
        let mut values: Vec<Option<Value>> = vec![None; self.inputs().len()];
        for (order, (name, value)) in inputs.values.into_iter().enumerate() {
            let position = match &name {
                Some(name) => self.inner.input_position(name)?,
                None if order < values.len() => order,
                None => {
                    let message = format!("too many inputs: the model takes {}", values.len());
                    return Err(Error::new(ErrorKind::Input, message));
                }
            };
            let value = check(&self.inputs()[position], value)?;
            if values[position].replace(value).is_some() {
                let message = format!("input {:?} is given twice", self.inputs()[position].name);
                return Err(Error::new(ErrorKind::Input, message));
            }
        }
        Ok(values)
    }

    /// Runs on arranged inputs.
    pub(crate) fn execute(
        &self,
        values: Vec<Option<Value>>,
        options: &RunOptions,
        scratch: &mut Scratch,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        for (info, value) in self.inputs().iter().zip(&values) {
            if value.is_none() && !info.is_optional {
                let message = format!("input {:?} ({}) is missing", info.name, info.ty);
                return Err(Error::new(ErrorKind::Input, message));
            }
        }
        let recorder = options.report.then(Recorder::default);
        let stop =
            Stop { cancel: options.cancel.as_ref().map(|cancel| cancel.flag()), deadline: options.deadline };
        let started = Instant::now();
        scratch.arena.reset_peak();
        let resources = Resources {
            pool: self.inner.workers.parallel(),
            arena: &scratch.arena,
            limits: &self.inner.limits.run,
            stop: &stop,
            seed: options.seed,
            observer: recorder.as_ref().map(|recorder| recorder as &dyn Observer),
        };
        let environment = &mut scratch.environment;
        let run = AssertUnwindSafe(|| {
            let _float_state = FloatState::enter();
            let special = self.specialization(&values);
            let n_spared = special.as_ref().map_or(0, |special| special.n_spared());
            dunlin_exec::run(&self.inner.plan, special.as_deref(), values, &resources, environment)
                .map(|outputs| (outputs, n_spared))
        });
        let result = std::panic::catch_unwind(run).map_err(|payload| Error::panicked(&*payload))?;
        let (outputs, n_spared) = result.map_err(|error| Error::from(*error))?;
        let outputs = Outputs::new(self.inner.output_names.clone(), outputs);
        let report = recorder.map(|recorder| RunReport {
            nodes: recorder.into_nodes(),
            time: started.elapsed(),
            peak_bytes: scratch.arena.peak_bytes(),
            n_spared,
        });
        Ok((outputs, report))
    }
}

/// How many sets of input shapes a model remembers, if the builder is told nothing else.
pub(crate) const MAX_CACHED_SHAPES: usize = 16;

/// Checks one input against the signature, and makes it what the graph expects: aligned, optional where declared so.
fn check(info: &InputInfo, value: Value) -> Result<Value, Error> {
    let name = &info.name;
    match (&info.ty, value) {
        (Type::Tensor { dtype, dims }, Value::Tensor(tensor)) => {
            if let Some(dtype) = dtype.filter(|&dtype| dtype != tensor.dtype()) {
                let message = format!("input {name:?} needs {dtype}, got {}", tensor.dtype());
                return Err(Error::new(ErrorKind::DType, message));
            }
            let fits = |dims: &[Dim]| {
                let fits = |(dim, &size): (&Dim, &usize)| dim.known().is_none_or(|known| known == size);
                dims.len() == tensor.rank() && dims.iter().zip(tensor.shape().iter()).all(fits)
            };
            if dims.as_deref().is_some_and(|dims| !fits(dims)) {
                let message = format!("input {name:?} needs {}, got {}", info.ty, tensor.shape());
                return Err(Error::new(ErrorKind::Shape, message));
            }
            aligned(Value::Tensor(tensor))
        }
        (Type::Optional(_), Value::Optional(value)) => aligned(Value::Optional(value)),
        (Type::Optional(_), value) => aligned(Value::Optional(Some(Box::new(value)))),
        (Type::Tensor { .. }, value) => mismatch(info, &value),
        (Type::Sequence(_), value @ Value::Sequence(_)) | (Type::Map(..), value @ Value::Map(_)) => {
            aligned(value)
        }
        (Type::Sequence(_) | Type::Map(..), value) => mismatch(info, &value),
        (Type::Unknown, value) => aligned(value),
    }
}

/// The value with all tensors within aligned.
fn aligned(value: Value) -> Result<Value, Error> {
    Ok(match value {
        Value::Tensor(tensor) => Value::Tensor(tensor.to_aligned()?),
        Value::Sequence(values) => {
            Value::Sequence(values.into_iter().map(aligned).collect::<Result<_, _>>()?)
        }
        Value::Optional(Some(value)) => Value::Optional(Some(Box::new(aligned(*value)?))),
        Value::Map(map) => Value::Map(Map {
            keys: map.keys.to_aligned()?,
            values: map.values.into_iter().map(aligned).collect::<Result<_, _>>()?,
        }),
        value => value,
    })
}

fn mismatch(info: &InputInfo, value: &Value) -> Result<Value, Error> {
    let message = format!("input {:?} needs {}, got a {}", info.name, info.ty, value.kind());
    Err(Error::new(ErrorKind::DType, message))
}
