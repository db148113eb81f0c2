//! Choices for loading a model.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dunlin_core::{Builder, LimitKind, Limits, Mapping, Threads};

use crate::error::DunlinError;
use crate::{Cancel, Pool, Value};

/// Choices for loading a model. Each is at its default if it is left out.
#[derive(Default, uniffi::Record)]
pub struct LoadOptions {
    /// Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use.
    #[uniffi(default = 0)]
    pub threads: u32,
    /// A pool that other models use too, in place of an own one.
    #[uniffi(default = None)]
    pub pool: Option<Arc<Pool>>,
    /// The device to run on: `cpu` if not told. See [`crate::devices`].
    #[uniffi(default = None)]
    pub device: Option<String>,
    /// What happens to nodes that the device cannot run; they are reported if not told.
    #[uniffi(default = None)]
    pub fallback: Option<Fallback>,
    /// Whether the model's files are copied into memory rather than mapped. A mapped file must not be shortened by another program
    /// while the model lives: reading beyond its end then ends the process.
    #[uniffi(default = false)]
    pub copy_files: bool,
    /// What loading and running may use at most, where it is to be other than the defaults.
    #[uniffi(default = [])]
    pub limits: Vec<Limit>,
    /// Passes of the optimiser that are switched off, by name.
    #[uniffi(default = [])]
    pub disabled_passes: Vec<String>,
    /// States: after each run of a session, an output becomes the next run's input.
    #[uniffi(default = [])]
    pub states: Vec<State>,
    /// For how many sets of input shapes the model remembers the results of shape arithmetic; 16 if not told.
    #[uniffi(default = None)]
    pub max_cached_shapes: Option<u32>,
    /// Ends loading early.
    #[uniffi(default = None)]
    pub cancel: Option<Arc<Cancel>>,
    /// How many milliseconds the load may take; 0 for any number.
    #[uniffi(default = 0)]
    pub timeout_ms: u64,
    /// Is told how far loading has come.
    #[uniffi(default = None)]
    pub progress: Option<Arc<dyn Progress>>,
    /// Is given lines about the load.
    #[uniffi(default = None)]
    pub log: Option<Arc<dyn Log>>,
    /// Which lines those are: of this level and what matters more; warnings if not told.
    #[uniffi(default = None)]
    pub log_level: Option<LogLevel>,
    /// Contents of files that the model keeps weights in, for models that have no folder. Where one is given, no folder is looked into.
    #[uniffi(default = [])]
    pub externals: Vec<External>,
}

/// Told how far loading has come, from the loading thread.
#[uniffi::export(foreign)]
pub trait Progress: Send + Sync {
    /// `fraction` goes from 0 to 1. It must not throw.
    fn progressed(&self, stage: Stage, fraction: f32);
}

/// Given lines about loads, from the loading thread.
#[uniffi::export(foreign)]
pub trait Log: Send + Sync {
    /// It must not throw.
    fn wrote(&self, level: LogLevel, line: String);
}

/// The stages of loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Stage {
    /// The file is checked and its graph built.
    Read,
    /// The graph is simplified and fused.
    Optimize,
    /// Weights are packed and the steps laid out.
    Plan,
    /// The model is ready.
    Done,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Something that a user of the model should know: nodes that do not run where they were asked to.
    Warning,
    /// What was loaded and how.
    Info,
    /// Details for somebody who looks for a reason.
    Debug,
}

/// What happens to nodes that the device cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Fallback {
    /// Loading fails with the kind `placement` and names them.
    Deny,
    /// They run on the CPU, and the report lists them with the reason.
    Report,
    /// They run on the CPU; the report still lists them, but nothing is logged.
    Allow,
}

/// A state of a model.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct State {
    /// The input, by name.
    pub input: String,
    /// The output that becomes the next run's input, by name.
    pub output: String,
}

/// A bound on what loading and running may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Limit {
    /// What it is of.
    pub of: LimitOf,
    /// The most there may be.
    pub most: u64,
}

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LimitOf {
    /// Bytes of the model's file.
    FileBytes,
    /// Bytes that the decoded file may take, weights not counted.
    DecodedBytes,
    /// Nodes of the model.
    Nodes,
    /// Bytes of one tensor, in the file and in a run.
    TensorBytes,
    /// Bytes of all tensors that one run holds at a time.
    RunBytes,
    /// Steps of one loop.
    LoopSteps,
    /// Dimensions of a tensor.
    Rank,
    /// Bytes of one string.
    StringBytes,
}

/// The contents of a file that a model keeps weights in.
#[derive(Debug, Clone, uniffi::Record)]
pub struct External {
    /// The name that the model calls it by.
    pub name: String,
    /// The contents: a tensor, whose bytes are used and not copied.
    pub bytes: Arc<Value>,
}

impl LoadOptions {
    /// A builder with these choices. `cancel` replaces the switch, where there is another.
    pub(crate) fn builder(&self, cancel: Option<&dunlin_core::Cancel>) -> Result<Builder, DunlinError> {
        let mut builder = Builder::new()
            .threads(self.threads())
            .fallback(self.fallback.unwrap_or(Fallback::Report).into())
            .mapping(if self.copy_files { Mapping::Copy } else { Mapping::Map })
            .limits(self.limits());
        if let Some(device) = &self.device {
            builder = builder.device(device.parse()?);
        }
        for pass in &self.disabled_passes {
            builder = builder.without_pass(pass);
        }
        for state in &self.states {
            builder = builder.state(&state.input, &state.output);
        }
        if let Some(n) = self.max_cached_shapes {
            builder = builder.max_cached_shapes(n as usize);
        }
        if let Some(cancel) = cancel.or(self.cancel.as_ref().map(|cancel| &cancel.switch)) {
            builder = builder.cancel(cancel);
        }
        if let Some(deadline) = deadline(self.timeout_ms) {
            builder = builder.deadline(deadline);
        }
        if let Some(progress) = self.progress.clone() {
            builder = builder.progress(move |at| progress.progressed(at.stage.into(), at.fraction));
        }
        if let Some(log) = self.log.clone() {
            let level = self.log_level.unwrap_or(LogLevel::Warning);
            builder = builder.log(level.into(), move |level, line| log.wrote(level.into(), line.to_owned()));
        }
        for External { name, bytes } in &self.externals {
            builder = builder.external(name, model_bytes(bytes)?);
        }
        Ok(builder)
    }

    fn threads(&self) -> Threads {
        match (&self.pool, self.threads) {
            (Some(pool), _) => Threads::Shared(pool.threads.clone()),
            (None, 0) => Threads::Auto,
            (None, n) => Threads::Count(n as usize),
        }
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for &Limit { of, most } in &self.limits {
            limits.set(of.into(), most);
        }
        limits
    }
}

/// The bytes of a tensor that holds a file.
pub(crate) fn model_bytes(value: &Value) -> Result<dunlin_sys::Bytes, DunlinError> {
    let bytes = value.as_tensor()?.shared_bytes().cloned();
    let no_bytes = || DunlinError::new(crate::ErrorKind::DType, "a tensor of strings holds no file");
    bytes.ok_or_else(no_bytes)
}

/// So many milliseconds from now; none for 0 and for times that no clock reaches.
pub(crate) fn deadline(timeout_ms: u64) -> Option<Instant> {
    if timeout_ms == 0 { None } else { Instant::now().checked_add(Duration::from_millis(timeout_ms)) }
}

impl From<dunlin_core::Stage> for Stage {
    fn from(stage: dunlin_core::Stage) -> Stage {
        match stage {
            dunlin_core::Stage::Read => Stage::Read,
            dunlin_core::Stage::Optimize => Stage::Optimize,
            dunlin_core::Stage::Plan => Stage::Plan,
            _ => Stage::Done,
        }
    }
}

impl From<dunlin_core::LogLevel> for LogLevel {
    fn from(level: dunlin_core::LogLevel) -> LogLevel {
        match level {
            dunlin_core::LogLevel::Warning => LogLevel::Warning,
            dunlin_core::LogLevel::Info => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }
}

impl From<LogLevel> for dunlin_core::LogLevel {
    fn from(level: LogLevel) -> dunlin_core::LogLevel {
        match level {
            LogLevel::Warning => dunlin_core::LogLevel::Warning,
            LogLevel::Info => dunlin_core::LogLevel::Info,
            LogLevel::Debug => dunlin_core::LogLevel::Debug,
        }
    }
}

impl From<LimitOf> for LimitKind {
    fn from(of: LimitOf) -> LimitKind {
        match of {
            LimitOf::FileBytes => LimitKind::FileBytes,
            LimitOf::DecodedBytes => LimitKind::DecodedBytes,
            LimitOf::Nodes => LimitKind::Nodes,
            LimitOf::TensorBytes => LimitKind::TensorBytes,
            LimitOf::RunBytes => LimitKind::RunBytes,
            LimitOf::LoopSteps => LimitKind::LoopSteps,
            LimitOf::Rank => LimitKind::Rank,
            LimitOf::StringBytes => LimitKind::StringBytes,
        }
    }
}

impl From<Fallback> for dunlin_core::Fallback {
    fn from(fallback: Fallback) -> dunlin_core::Fallback {
        match fallback {
            Fallback::Deny => dunlin_core::Fallback::Deny,
            Fallback::Report => dunlin_core::Fallback::Report,
            Fallback::Allow => dunlin_core::Fallback::Allow,
        }
    }
}
