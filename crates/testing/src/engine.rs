//! Does a worker's work with Dunlin.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use dunlin_core::{
    Builder, DType, Device, Error, Fallback, Inputs, Mapping, Model, NodeReport, RunOptions, Threads, Value,
};
use dunlin_formats::onnx::{Limits, ValueKind, read_value};
use dunlin_sys::{AlignedBuf, Bytes};

use crate::compare::compare;
use crate::protocol::{Failure, Job, Kind, Outcome, Stored, Work};
use crate::{damage, hammer};

/// Does a piece of work. A panic within is a failure like others.
pub fn perform(work: &Work) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| match work {
        Work::Check(job) => check(job),
        Work::Damage(damage) => damage::run(damage),
        Work::Hammer(hammer) => hammer::run(hammer),
    }));
    let panicked = || Failure::new("panic", take_panic().unwrap_or_default());
    match result.unwrap_or_else(|_| Err(panicked())) {
        Ok(outcome) => outcome,
        Err(failure) => Outcome { failure: Some(failure), ..Outcome::default() },
    }
}

/// Runs the job's model on all of its data and compares the outputs.
fn check(job: &Job) -> Result<Outcome, Failure> {
    let model = load(&job.model, &job.backend, job.threads)?;
    let mut outcome = Outcome::default();
    for folder in &job.data {
        let expected = read_all(folder, "output", &job.outputs)?;
        let options = RunOptions { report: job.backend != "cpu", ..RunOptions::default() };
        let run = model.run_with(inputs(job, folder)?, &options);
        let (outputs, report) = run.map_err(|error| failure(&error))?;
        count_native(&mut outcome, report.iter().flat_map(|report| &report.nodes));
        for (stored, expected) in job.outputs.iter().zip(&expected) {
            let got = outputs.get(&stored.name);
            let got = got.ok_or_else(|| Failure::new("wrong", format!("no output {:?}", stored.name)))?;
            let error = compare(got, expected, job.rule);
            let named = |what| Failure::new("wrong", format!("{}: {what}", stored.name));
            outcome.error = outcome.error.max(error.map_err(named)?);
        }
        outcome.count += 1;
    }
    Ok(outcome)
}

/// Adds the float32 compute nodes of a run, and those that did not fall back to `cpu`.
fn count_native<'a>(outcome: &mut Outcome, nodes: impl Iterator<Item = &'a NodeReport>) {
    for node in nodes.filter(|node| node.dtype == Some(DType::F32) && is_compute(node.op)) {
        outcome.compute += 1;
        outcome.native += u64::from(node.backend != "cpu");
    }
}

/// Whether the list in docs/candle-backend.md holds the operator.
fn is_compute(op: &str) -> bool {
    let document = include_str!("../../../docs/candle-backend.md");
    let section = document.split("\n## What counts as compute").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .skip_while(|line| !line.starts_with('-'))
        .any(|line| line.split('`').skip(1).step_by(2).any(|name| name == op))
}

/// The job's inputs from a folder of data, by name.
///
/// # Errors
/// A failure of kind `data` that names the file.
pub fn inputs(job: &Job, folder: &Path) -> Result<Inputs<'static>, Failure> {
    Ok(Inputs::named(values(job, folder)?))
}

/// The stored inputs of a case, by name.
///
/// # Errors
/// A failure of kind `data` that names the file.
pub fn values(job: &Job, folder: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let values = read_all(folder, "input", &job.inputs)?;
    Ok(job.inputs.iter().map(|input| input.name.clone()).zip(values).collect())
}

/// Loads a model for a backend by its name.
///
/// # Errors
/// The engine's error, or an unknown backend.
pub fn load(path: &Path, backend: &str, threads: usize) -> Result<Model, Failure> {
    builder(backend, threads)?.load(path).map_err(|error| failure(&error))
}

/// The choices for a backend by its name.
///
/// # Errors
/// A failure of kind `data` for an unknown backend.
pub fn builder(backend: &str, threads: usize) -> Result<Builder, Failure> {
    let device = match backend {
        "cpu" => Device::Cpu,
        #[cfg(feature = "candle")]
        "candle" => Device::CandleCpu,
        other => return Err(Failure::new("data", format!("this worker has no backend {other:?}"))),
    };
    Ok(Model::builder()
        .device(device)
        .fallback(Fallback::Allow)
        .threads(Threads::Count(threads))
        .mapping(Mapping::Map))
}

/// The engine's error as a failure: its kind and its text, without the file's path, which differs by machine.
pub fn failure(error: &Error) -> Failure {
    let text = error.to_string();
    let prefix = error.file().map(|file| format!("{}: ", file.display()));
    let bare = prefix.as_deref().and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(&text);
    Failure::new(error.kind().name(), bare)
}

/// Reads the stored values of one folder: `PREFIX_0.pb` and so on.
///
/// # Errors
/// A failure of kind `data` that names the file.
pub fn read_all(folder: &Path, prefix: &str, stored: &[Stored]) -> Result<Vec<Value>, Failure> {
    let file = |(i, stored): (usize, &Stored)| {
        let path = folder.join(format!("{prefix}_{i}.pb"));
        read(&path, stored.kind).map_err(|what| Failure::new("data", format!("{}: {what}", path.display())))
    };
    stored.iter().enumerate().map(file).collect()
}

/// Reads a stored value.
///
/// # Errors
/// One line that says what is wrong with the file.
pub fn read(path: &Path, kind: Kind) -> Result<Value, String> {
    let data = std::fs::read(path).map_err(|error| error.to_string())?;
    let bytes = AlignedBuf::copy_of(&data).map_err(|error| error.to_string())?;
    let kind = match kind {
        Kind::Tensor => ValueKind::Tensor,
        Kind::SparseTensor => ValueKind::SparseTensor,
        Kind::Sequence => ValueKind::Sequence,
        Kind::Map => ValueKind::Map,
        Kind::Optional => ValueKind::Optional,
    };
    read_value(Bytes::from(bytes), kind, &Limits::default()).map_err(|error| error.to_string())
}

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics for [`perform`] instead of printing them.
pub fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
    }));
}

fn take_panic() -> Option<String> {
    LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_compute_operators_is_read() {
        assert!(["MatMul", "Clip", "Erf", "CumProd", "GridSample"].into_iter().all(is_compute));
        assert!(!["Reshape", "Gather", "", "cpu"].into_iter().any(is_compute));
    }
}
