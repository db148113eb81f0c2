//! Choices for loading and running.

use std::sync::Arc;
use std::time::Instant;

use dunlin_sys::Pool;

use crate::{Cancel, Error, ErrorKind};

/// Whose threads a model's runs use.
#[derive(Debug, Clone, Default)]
pub enum Threads {
    /// An own pool with as many threads as the process may use (affinity and cgroup quota respected).
    #[default]
    Auto,
    /// An own pool with this many threads, the caller's included. 0 counts as 1.
    Count(usize),
    /// A pool shared with other models.
    Shared(Arc<Pool>),
}

/// Where the graph runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Device {
    /// Dunlin's own kernels on the CPU.
    #[default]
    Cpu,
}

/// What happens to nodes that the device cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// Loading fails and names them.
    Deny,
    /// They run on the CPU, and the report lists them with the reason.
    #[default]
    Report,
    /// They run on the CPU; the report still lists them, but nothing is logged.
    Allow,
}

/// How far loading has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of the whole is done, from 0 to 1.
    pub fraction: f32,
}

/// The stages of loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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

/// Choices for one run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Ends the run early.
    pub cancel: Option<Cancel>,
    /// When the run is too late.
    pub deadline: Option<Instant>,
    /// Of the graph's random numbers, where it draws any.
    pub seed: u64,
    /// Whether to record each node's time.
    pub report: bool,
}

impl std::str::FromStr for Device {
    type Err = Error;

    /// Reads `cpu`; other names are devices that this build does not have, or unknown.
    fn from_str(text: &str) -> Result<Device, Error> {
        match text {
            "cpu" => Ok(Device::Cpu),
            other => {
                Err(Error::new(ErrorKind::Device, format!("no device {other:?} in this build; there is cpu")))
            }
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
        }
    }
}
