//! The model: loaded once, run by any number of threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_exec::{Evaluator, Plan, Specialization, Stop};
use dunlin_formats::onnx::ModelInfo;
use dunlin_ir::{Graph, Shape, Value};

use crate::options::Workers;
use crate::run::Scratch;
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
    pub plan: Plan,
    info: ModelInfo,
    pub inputs: Vec<InputInfo>,
    pub outputs: Vec<OutputInfo>,
    pub output_names: Arc<[Arc<str>]>,
    /// Positions of (input, output).
    pub states: Vec<(usize, usize)>,
    pub limits: Limits,
    pub workers: Workers,
    report: Report,
    /// Buffers of runs that are over.
    idle: Mutex<Vec<Scratch>>,
    /// What is known of the shapes that runs come with.
    special: SpecialCache,
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

    pub fn input_position(&self, name: &str) -> Result<usize, Error> {
        let at = self.inputs.iter().position(|input| *input.name == *name);
        at.ok_or_else(|| unknown("input", name, self.inputs.iter().map(|input| &*input.name)))
    }

    pub fn output_position(&self, name: &str) -> Result<usize, Error> {
        let at = self.outputs.iter().position(|output| *output.name == *name);
        at.ok_or_else(|| unknown("output", name, self.outputs.iter().map(|output| &*output.name)))
    }

    /// What was found out about inputs of these shapes, if they are not new.
    pub fn specialization(&self, values: &[Option<Value>]) -> Option<Arc<Specialization>> {
        let Inner { graph, plan, limits, special, .. } = self;
        special.find(values, |shapes| Specialization::new(graph, plan, shapes, &limits.run))
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
    pub fn run<'n>(&self, inputs: impl Into<Inputs<'n>>) -> Result<Outputs, Error> {
        self.run_with(inputs, &RunOptions::default()).map(|(outputs, _)| outputs)
    }

    /// Runs the model with choices.
    ///
    /// # Errors
    /// As [`Model::run`], and [`ErrorKind::Cancelled`] or [`ErrorKind::Deadline`].
    pub fn run_with<'n>(
        &self,
        inputs: impl Into<Inputs<'n>>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        self.with_scratch(|scratch| {
            scratch.arrange(&self.inner, inputs.into())?;
            scratch.run(&self.inner, options)
        })
    }

    /// Runs the model with its outputs, or some of them, in the caller's memory: without a copy where the last operator
    /// writes its result anew, and the memory is aligned for the element type.
    ///
    /// # Errors
    /// As [`Model::run`]; [`ErrorKind::NotFound`] for an unknown output, [`ErrorKind::Input`] for one that is named twice,
    /// [`ErrorKind::Shape`] for memory whose length in bytes is not the output's. What the memory holds is then
    /// unspecified.
    pub fn run_into<'n>(
        &self,
        inputs: impl Into<Inputs<'n>>,
        outputs: &mut [(&str, &mut [u8])],
    ) -> Result<(), Error> {
        self.run_into_with(inputs, outputs, &RunOptions::default()).map(|_| ())
    }

    /// As [`Model::run_into`], with choices.
    ///
    /// # Errors
    /// As [`Model::run_into`], and [`ErrorKind::Cancelled`] or [`ErrorKind::Deadline`].
    pub fn run_into_with<'n>(
        &self,
        inputs: impl Into<Inputs<'n>>,
        outputs: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        self.with_scratch(|scratch| {
            scratch.arrange(&self.inner, inputs.into())?;
            scratch.run_into(&self.inner, outputs, options)
        })
    }

    fn with_scratch<R>(&self, f: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = self.idle().pop().unwrap_or_default();
        let result = f(&mut scratch);
        scratch.clear();
        self.idle().push(scratch);
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }
}

/// How many sets of input shapes a model remembers, if the builder is told nothing else.
pub(crate) const MAX_CACHED_SHAPES: usize = 16;
