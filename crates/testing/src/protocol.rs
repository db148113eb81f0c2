//! What a developer command and its worker processes say to each other: one JSON value a line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A model with stored inputs and outputs, to be run and compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The model file.
    pub model: PathBuf,
    /// Folders of `input_I.pb` and `output_I.pb`.
    pub data: Vec<PathBuf>,
    /// The stored inputs.
    pub inputs: Vec<Stored>,
    /// The stored outputs.
    pub outputs: Vec<Stored>,
    /// When an output is right.
    pub rule: Rule,
    /// The backend, by its name in [`BACKENDS`].
    pub backend: String,
    /// Threads that the run may use.
    pub threads: usize,
}

/// The backends that a worker may know; which it has depends on how it was built.
pub const BACKENDS: &[Backend] =
    &[Backend { name: "cpu", feature: None }, Backend { name: "candle", feature: Some("candle") }];

/// A backend as the developer commands see it.
#[derive(Debug, Clone, Copy)]
pub struct Backend {
    /// Its name in jobs, tables and reports.
    pub name: &'static str,
    /// The feature that a worker needs for it.
    pub feature: Option<&'static str>,
}

/// A value in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    /// The graph's name for it.
    pub name: String,
    /// The message in the file.
    pub kind: Kind,
}

/// The messages that hold values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `TensorProto`
    Tensor,
    /// `SparseTensorProto`
    SparseTensor,
    /// `SequenceProto`
    Sequence,
    /// `MapProto`
    Map,
    /// `OptionalProto`
    Optional,
}

/// When an output is right. Types, shapes, strings, integers and truth values must be the same under every rule but
/// [`Rule::Drawn`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// ONNX's: each element within `atol + rtol * |expected|`, NaN where NaN is expected.
    Close {
        /// Relative part.
        rtol: f64,
        /// Absolute part.
        atol: f64,
    },
    /// The outputs are random: types and shapes, and what the distribution promises.
    Drawn(Distribution),
    /// Of each tensor, the largest difference is at most `tolerance` times the largest expected magnitude.
    Relative {
        /// The bound.
        tolerance: f64,
    },
    /// The cosine is at least this.
    Cosine {
        /// The bound.
        least: f64,
    },
    /// Half-precision arithmetic: cosine at least 0.9999.
    Half,
    /// Quantized arithmetic: cosine at least 0.999, and in matrices the same largest element in each row.
    Quantized,
}

/// What random outputs keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Elements are 0 or 1.
    Bernoulli,
    /// Elements are 0 or what is expected where that is not 0; masks are not compared.
    Dropout,
}

/// What a worker process is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Run a job and compare.
    Check(Job),
    /// Load damaged copies of a job's model, and run those that load.
    Damage(Damage),
    /// Run a job's model from many threads at once.
    Hammer(Hammer),
}

/// Damaged copies: each an error or an answer, never a panic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Damage {
    /// The model, its external data, and what it runs on.
    pub job: Job,
    /// Files of weights beside the model.
    pub external: Vec<PathBuf>,
    /// The number of the first copy; a number stands for the same damage for ever.
    pub first: u64,
    /// How many copies.
    pub count: u64,
}

/// Many callers of one model: the same bits from each run, whatever the size of the pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hammer {
    /// The model and what it runs on.
    pub job: Job,
    /// Sizes of the thread pool, one after the other.
    pub pools: Vec<usize>,
    /// Threads that call.
    pub callers: usize,
    /// How long per pool.
    pub seconds: f64,
}

/// What became of a piece of work.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// The largest error that was seen, in the rule's measure.
    pub error: f64,
    /// What was done: folders of data, damaged copies that loaded, runs.
    pub count: u64,
    /// Float32 compute nodes that ran, on backends that may hand nodes over to another.
    pub compute: u64,
    /// Those of them that the backend ran itself.
    pub native: u64,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One word: the engine's kind of error, or `wrong`, `panic`, `crash`, `timeout`, `data`.
    pub kind: String,
    /// One line.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: &str, message: impl Into<String>) -> Failure {
        let message: String = message.into();
        let line = message.lines().collect::<Vec<_>>().join(" ");
        Failure { kind: kind.to_owned(), message: line }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// What a measured engine is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Load the model, and run it once on the first folder of data.
    Load(Job),
    /// Run it so many times.
    Run(usize),
    /// Hold the last outputs against the stored ones.
    Compare,
}

/// What a measured engine answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Request::Load`].
    Loaded {
        /// How long the load took.
        seconds: f64,
        /// By how much load and first run raised the most memory that the process held.
        peak_bytes: u64,
        /// The engine's name and version.
        version: String,
    },
    /// To [`Request::Run`].
    Ran {
        /// How long each run took.
        seconds: Vec<f64>,
    },
    /// To [`Request::Compare`].
    Compared {
        /// The largest error relative to the largest magnitude of an output.
        error: f64,
        /// The smallest cosine of an output.
        cosine: f64,
    },
    /// The engine cannot.
    Failed(String),
}
