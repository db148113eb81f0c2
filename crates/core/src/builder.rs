//! Loading with choices.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dunlin_exec::{self as exec, Evaluator, Plan, Stop};
use dunlin_formats::onnx::ExternalData;
use dunlin_formats::{Mapping, onnx};
use dunlin_opt::{OptimizeError, Target};
use dunlin_sys::{Bytes, FloatState, Parallel, Pool, available_threads};

use crate::inspection::{inputs_of, outputs_of};
use crate::model::{Inner, MAX_CACHED_SHAPES};
use crate::options::Workers;
use crate::{
    Cancel, Device, Error, ErrorKind, Fallback, Inspection, Limits, LogLevel, Model, Progress, Report,
    Source, Stage, Threads,
};

/// Takes the lines of a log.
type Log = Box<dyn Fn(LogLevel, &str) + Send>;

/// Loads a model with other choices than the defaults.
///
/// # Example
/// ```no_run
/// use dunlin_core::{Model, Threads};
/// let model = Model::builder().threads(Threads::Count(2)).load("model.onnx")?;
/// # Ok::<(), dunlin_core::Error>(())
/// ```
pub struct Builder {
    pub(crate) limits: Limits,
    pub(crate) mapping: Mapping,
    pub(crate) threads: Threads,
    pub(crate) device: Device,
    pub(crate) fallback: Fallback,
    pub(crate) disabled_passes: Vec<String>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) max_cached_shapes: usize,
    stop: Stop,
    progress: Option<Box<dyn FnMut(Progress) + Send>>,
    log: Option<(LogLevel, Log)>,
    external: HashMap<String, Bytes>,
}

impl Builder {
    /// The defaults: own threads, files mapped, generous limits.
    pub fn new() -> Builder {
        Builder {
            limits: Limits::default(),
            mapping: Mapping::default(),
            threads: Threads::default(),
            device: Device::default(),
            fallback: Fallback::default(),
            disabled_passes: Vec::new(),
            states: Vec::new(),
            max_cached_shapes: MAX_CACHED_SHAPES,
            stop: Stop::default(),
            progress: None,
            log: None,
            external: HashMap::new(),
        }
    }

    /// What loading and running may use at most.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// Whether files are mapped or copied.
    pub fn mapping(mut self, mapping: Mapping) -> Builder {
        self.mapping = mapping;
        self
    }

    /// Whose threads runs use.
    pub fn threads(mut self, threads: Threads) -> Builder {
        self.threads = threads;
        self
    }

    /// Where the graph runs.
    pub fn device(mut self, device: Device) -> Builder {
        self.device = device;
        self
    }

    /// What happens to nodes that the device cannot run.
    pub fn fallback(mut self, fallback: Fallback) -> Builder {
        self.fallback = fallback;
        self
    }

    /// Switches an optimiser pass off by its name; unknown names are an error when loading.
    pub fn without_pass(mut self, name: impl Into<String>) -> Builder {
        self.disabled_passes.push(name.into());
        self
    }

    /// Declares a state: after each run of a [`crate::Session`], `output` becomes the next run's `input`.
    pub fn state(mut self, input: impl Into<String>, output: impl Into<String>) -> Builder {
        self.states.push((input.into(), output.into()));
        self
    }

    /// For how many sets of input shapes the model remembers the results of its shape arithmetic (16 if not told), so that
    /// repeated shapes do not compute it again. 0 remembers none. Answers are the same either way.
    pub fn max_cached_shapes(mut self, n: usize) -> Builder {
        self.max_cached_shapes = n;
        self
    }

    /// Ends loading early when the switch is turned on.
    pub fn cancel(mut self, cancel: &Cancel) -> Builder {
        self.stop.cancel = Some(cancel.flag());
        self
    }

    /// Ends loading when it is too late.
    pub fn deadline(mut self, deadline: Instant) -> Builder {
        self.stop.deadline = Some(deadline);
        self
    }

    /// Is told how far loading has come.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Builder {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Is given lines about the load, those of `level` and what matters more. Nothing is written anywhere else.
    pub fn log(mut self, level: LogLevel, log: impl Fn(LogLevel, &str) + Send + 'static) -> Builder {
        self.log = Some((level, Box::new(log)));
        self
    }

    /// Gives the contents of a file that the model keeps weights in, by the name that it calls it by: for models that have
    /// no folder. Where some are given, no folder is looked into.
    pub fn external(mut self, location: impl Into<String>, bytes: Bytes) -> Builder {
        self.external.insert(location.into(), bytes);
        self
    }

    /// Loads the model file at `path`.
    ///
    /// # Errors
    /// [`Error`] with the file, and the node and byte where there is one.
    pub fn load(self, path: impl AsRef<Path>) -> Result<Model, Error> {
        self.load_from(path.as_ref())
    }

    /// Loads a model from memory, which is kept and not copied.
    ///
    /// # Errors
    /// As [`Builder::load`].
    pub fn load_bytes(self, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Model, Error> {
        self.load_from(&Bytes::foreign(Arc::new(bytes)))
    }

    /// Loads a model from any source.
    ///
    /// # Errors
    /// As [`Builder::load`].
    pub fn load_from<S: Source + ?Sized>(mut self, source: &S) -> Result<Model, Error> {
        let build = AssertUnwindSafe(|| {
            // Folding computes as runs do.
            let _float_state = FloatState::enter();
            self.build(source)
        });
        let result = std::panic::catch_unwind(build);
        result
            .unwrap_or_else(|payload| Err(Error::panicked(&*payload)))
            .map_err(|error| error.in_file(source.file()))
    }

    /// Reads what the file at `path` holds, without planning it or touching its weights.
    ///
    /// # Errors
    /// As [`Builder::load`].
    pub fn inspect(self, path: impl AsRef<Path>) -> Result<Inspection, Error> {
        let source = path.as_ref();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| self.read(source)));
        let model = result.unwrap_or_else(|payload| Err(Error::panicked(&*payload)));
        let onnx::Model { graph, info } = model.map_err(|error| error.in_file(Some(source)))?;
        Ok(Inspection::new(graph, info))
    }

    fn read<S: Source + ?Sized>(&self, source: &S) -> Result<onnx::Model, Error> {
        let bytes = source.open(self.mapping)?;
        let external = match self.external.is_empty() {
            true => source.external(self.mapping)?,
            false => Some(Box::new(self.external.clone()) as Box<dyn ExternalData>),
        };
        let model = onnx::read(bytes.clone(), external.as_deref(), &self.limits.read)?;
        // What the reader saw of the weights is not needed before they are packed.
        bytes.advise_dont_need();
        Ok(model)
    }

    fn build<S: Source + ?Sized>(&mut self, source: &S) -> Result<Model, Error> {
        self.step(Stage::Read, 0.0)?;
        let onnx::Model { mut graph, info } = self.read(source)?;
        let n_read = graph.nodes.len();
        self.step(Stage::Optimize, 0.3)?;
        // The signature is the file's: passes may rename what computes an output.
        let signature = (inputs_of(&graph), outputs_of(&graph));
        let evaluator = Evaluator::new(self.limits.run, self.stop.clone());
        let target = Target::new(&evaluator);
        let passes = dunlin_opt::optimize(&mut graph, &self.disabled_passes, &target);
        // Whatever made the passes give up is what there is to say.
        self.stop.check()?;
        let passes = passes.map_err(optimize_error)?;
        self.step(Stage::Plan, 0.5)?;
        let target = exec::Target {
            device: self.device.open(self.n_threads())?,
            deny_fallback: self.fallback == Fallback::Deny,
            stop: self.stop.clone(),
        };
        let plan = Plan::with_target(&graph, &target)?;
        let report = Report::of(&plan, passes, &target);
        if target.deny_fallback {
            report.check_none_fell_back(self.device)?;
        }
        self.log_model(source.file(), n_read, &report);
        self.step(Stage::Done, 1.0)?;
        let inner = Inner::new(graph, signature, info, plan, report, self)?;
        self.stop.check()?;
        Model::new(inner)
    }

    fn step(&mut self, stage: Stage, fraction: f32) -> Result<(), Error> {
        self.stop.check()?;
        if let Some(progress) = &mut self.progress {
            progress(Progress { stage, fraction });
        }
        Ok(())
    }

    /// Says what was loaded, and what does not run where it was asked to.
    fn log_model(&self, file: Option<&Path>, n_read: usize, report: &Report) {
        let name = file.map_or("a model".into(), Path::to_string_lossy);
        self.write(LogLevel::Info, || {
            format!(
                "{name}: {n_read} nodes, {} after the optimiser; {} bytes of constants, {} packed; device {}",
                report.nodes.len(),
                report.constant_bytes,
                report.packed_bytes,
                self.device
            )
        });
        self.write(LogLevel::Debug, || {
            format!("{name}: passes that changed something: {}", report.passes.join(", "))
        });
        if self.fallback == Fallback::Report {
            for node in &report.nodes {
                let Some(reason) = &node.fallback else { continue };
                self.write(LogLevel::Warning, || {
                    format!(
                        "{name}: node {:?} ({}) runs on {}, not on {}: {reason}",
                        node.node, node.op, node.backend, self.device
                    )
                });
            }
        }
    }

    fn write(&self, level: LogLevel, line: impl FnOnce() -> String) {
        if let Some((most, log)) = &self.log
            && level <= *most
        {
            log(level, &line());
        }
    }

    fn n_threads(&self) -> usize {
        match &self.threads {
            Threads::Shared(pool) => pool.n_threads(),
            Threads::Host(pool) => pool.n_threads(),
            Threads::Count(n) => (*n).max(1),
            Threads::Auto => available_threads(),
        }
    }

    pub(crate) fn workers(&self) -> Result<Workers, Error> {
        match &self.threads {
            Threads::Shared(pool) => Ok(Workers::Own(pool.clone())),
            Threads::Host(pool) => Ok(Workers::Host(pool.clone())),
            Threads::Auto | Threads::Count(_) => Ok(Workers::Own(Arc::new(Pool::new(self.n_threads())?))),
        }
    }
}

fn optimize_error(error: OptimizeError) -> Error {
    let kind = match &error {
        OptimizeError::UnknownPass { .. } => ErrorKind::NotFound,
        OptimizeError::Tensor(_) => ErrorKind::OutOfMemory,
        _ => ErrorKind::Graph,
    };
    Error::new(kind, error.to_string())
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("device", &self.device)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
