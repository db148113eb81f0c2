//! Runs a stored case with Dunlin.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use dunlin_core::{Device, Error, Inputs, Mapping, Model, Threads, Value};
use dunlin_formats::onnx::{Limits, ValueKind, read_value};
use dunlin_sys::{AlignedBuf, Bytes};

use crate::compare::compare;
use crate::protocol::{Failure, Job, Kind, Outcome, Stored};

/// Runs the job's model on all of its data. A panic within is a failure like others.
pub fn perform(job: &Job) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| run(job)));
    let panicked = || Failure::new("panic", take_panic().unwrap_or_default());
    match result.unwrap_or_else(|_| Err(panicked())) {
        Ok(error) => Outcome { failure: None, error },
        Err(failure) => Outcome { failure: Some(failure), error: 0.0 },
    }
}

fn run(job: &Job) -> Result<f64, Failure> {
    let model = load(&job.model, &job.backend, job.threads)?;
    let mut largest = 0.0f64;
    for folder in &job.data {
        let inputs = read_all(folder, "input", &job.inputs)?;
        let expected = read_all(folder, "output", &job.outputs)?;
        let named = job.inputs.iter().map(|input| input.name.clone()).zip(inputs);
        let outputs = model.run(Inputs::named(named)).map_err(|error| failure(&error))?;
        for (stored, expected) in job.outputs.iter().zip(&expected) {
            let got = outputs.get(&stored.name);
            let got = got.ok_or_else(|| Failure::new("wrong", format!("no output {:?}", stored.name)))?;
            let error = compare(got, expected, job.rule);
            let named = |what| Failure::new("wrong", format!("{}: {what}", stored.name));
            largest = largest.max(error.map_err(named)?);
        }
    }
    Ok(largest)
}

/// Loads a model for a backend by its name.
///
/// # Errors
/// The engine's error, or an unknown backend.
pub fn load(path: &Path, backend: &str, threads: usize) -> Result<Model, Failure> {
    let device = match backend {
        "cpu" => Device::Cpu,
        other => return Err(Failure::new("data", format!("this worker has no backend {other:?}"))),
    };
    let builder = Model::builder().device(device).threads(Threads::Count(threads)).mapping(Mapping::Map);
    builder.load(path).map_err(|error| failure(&error))
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
