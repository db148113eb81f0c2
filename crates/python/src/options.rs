//! Choices for loading, as keyword arguments give them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dunlin_core::{Builder, Cancel, Fallback, LimitKind, Limits, LogLevel, Mapping, Model, Stage, Threads};
use pyo3::call::PyCallArgs;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::error::{input, raise};
use crate::source::{Stop, bytes_of};
use crate::{cancel, pool};

/// The keyword arguments of `dunlin.load`.
pub(crate) struct Choices<'py> {
    pub threads: Option<Bound<'py, PyAny>>,
    pub device: &'py str,
    pub fallback: &'py str,
    pub mapping: &'py str,
    pub limits: Option<Bound<'py, PyMapping>>,
    pub disabled_passes: Vec<String>,
    pub states: Vec<(String, String)>,
    pub max_cached_shapes: Option<usize>,
    pub cancel: Option<Bound<'py, cancel::Cancel>>,
    pub timeout: Option<f64>,
    pub progress: Option<Py<PyAny>>,
    pub log: Option<Py<PyAny>>,
    pub log_level: &'py str,
    pub external: Option<Bound<'py, PyMapping>>,
}

/// The first exception that a callback raised.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<PyErr>>>);

impl Failure {
    /// Keeps the exception, unless there is one.
    pub fn set(&self, error: PyErr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The exception.
    pub fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A function of Python's that loading calls. If it raises, loading ends.
struct Callback {
    function: Py<PyAny>,
    failure: Failure,
    cancel: Cancel,
}

impl Callback {
    fn call(&self, arguments: impl for<'py> PyCallArgs<'py>) {
        Python::attach(|py| {
            if let Err(error) = self.function.bind(py).call1(arguments) {
                self.failure.set(error);
                self.cancel.cancel();
            }
        });
    }
}

impl Choices<'_> {
    /// A builder with these choices, and what a source needs of them.
    pub fn builder(self, py: Python<'_>) -> PyResult<(Builder, Stop)> {
        let limits = limits(py, self.limits.as_ref())?;
        let cancel = self.cancel.as_ref().map(|cancel| cancel.get().0.child()).unwrap_or_default();
        let deadline = deadline(py, self.timeout)?;
        let failure = Failure::default();
        let stop = Stop {
            cancel: cancel.clone(),
            deadline,
            max_bytes: limits.read.max_bytes,
            failure: failure.clone(),
        };
        let mut builder = Model::builder()
            .threads(threads(self.threads.as_ref())?)
            .device(self.device.parse().map_err(|error| raise(py, &error))?)
            .fallback(word(py, "fallback", self.fallback, FALLBACKS)?)
            .mapping(word(py, "mapping", self.mapping, MAPPINGS)?)
            .limits(limits)
            .cancel(&cancel);
        for pass in self.disabled_passes {
            builder = builder.without_pass(pass);
        }
        for (input, output) in self.states {
            builder = builder.state(input, output);
        }
        if let Some(n) = self.max_cached_shapes {
            builder = builder.max_cached_shapes(n);
        }
        if let Some(deadline) = deadline {
            builder = builder.deadline(deadline);
        }
        let callback = |function| Callback { function, failure: failure.clone(), cancel: cancel.clone() };
        if let Some(progress) = self.progress.map(callback) {
            builder = builder.progress(move |at| progress.call((stage(at.stage), at.fraction)));
        }
        if let Some(log) = self.log.map(callback) {
            let level = word(py, "log level", self.log_level, LEVELS)?;
            builder = builder.log(level, move |level, line| log.call((level_name(level), line)));
        }
        for item in items(self.external.as_ref())? {
            let (name, bytes): (String, Bound<'_, PyAny>) = item?;
            builder = builder.external(name, bytes_of(&bytes)?);
        }
        Ok((builder, stop))
    }
}

const FALLBACKS: &[(&str, Fallback)] =
    &[("deny", Fallback::Deny), ("report", Fallback::Report), ("allow", Fallback::Allow)];

const MAPPINGS: &[(&str, Mapping)] = &[("map", Mapping::Map), ("copy", Mapping::Copy)];

const LEVELS: &[(&str, LogLevel)] =
    &[("warning", LogLevel::Warning), ("info", LogLevel::Info), ("debug", LogLevel::Debug)];

/// What a word stands for.
fn word<T: Copy>(py: Python<'_>, what: &str, word: &str, table: &[(&str, T)]) -> PyResult<T> {
    let found = table.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let known: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        input(py, &format!("{word:?} is no {what}; there are: {}", known.join(", ")))
    })
}

fn level_name(level: LogLevel) -> &'static str {
    LEVELS.iter().find(|(_, own)| *own == level).map_or("debug", |(name, _)| name)
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "read",
        Stage::Optimize => "optimize",
        Stage::Plan => "plan",
        _ => "done",
    }
}

fn threads(given: Option<&Bound<'_, PyAny>>) -> PyResult<Threads> {
    let Some(given) = given else { return Ok(Threads::Auto) };
    if let Ok(pool) = given.cast::<pool::Pool>() {
        return Ok(Threads::Shared(pool.get().0.clone()));
    }
    Ok(match given.extract()? {
        0 => Threads::Auto,
        n => Threads::Count(n),
    })
}

fn limits(py: Python<'_>, given: Option<&Bound<'_, PyMapping>>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    for item in items(given)? {
        let (name, value): (String, u64) = item?;
        let kind = match &*name {
            "file_bytes" => LimitKind::FileBytes,
            "decoded_bytes" => LimitKind::DecodedBytes,
            "nodes" => LimitKind::Nodes,
            "tensor_bytes" => LimitKind::TensorBytes,
            "run_bytes" => LimitKind::RunBytes,
            "loop_steps" => LimitKind::LoopSteps,
            "rank" => LimitKind::Rank,
            "string_bytes" => LimitKind::StringBytes,
            name => return Err(input(py, &format!("{name:?} is no limit"))),
        };
        limits.set(kind, value);
    }
    Ok(limits)
}

/// Keys and values of a mapping, if there is one.
pub(crate) fn items<'py, K, V>(
    mapping: Option<&Bound<'py, PyMapping>>,
) -> PyResult<impl Iterator<Item = PyResult<(K, V)>>>
where
    (K, V): FromPyObjectOwned<'py, Error = PyErr>,
{
    let items: Vec<Bound<'py, PyAny>> = match mapping {
        Some(mapping) => mapping.items()?.iter().collect(),
        None => Vec::new(),
    };
    Ok(items.into_iter().map(|item| item.extract()))
}

/// When something that begins now and may take so many seconds must end.
pub(crate) fn deadline(py: Python<'_>, seconds: Option<f64>) -> PyResult<Option<Instant>> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(input(py, &format!("{seconds} is no time to wait")));
    }
    // Beyond a year there is no bound; the clock cannot be pushed past its end.
    Ok(Instant::now().checked_add(Duration::from_secs_f64(seconds.min(MAX_SECONDS))))
}

const MAX_SECONDS: f64 = 365.0 * 24.0 * 3600.0;
