//! Choices for loading and running.

use std::sync::Arc;
use std::time::Instant;

use dunlin_exec::Backend;
#[cfg(feature = "candle")]
use dunlin_exec::candle;
use dunlin_sys::{HostPool, Parallel, Pool};

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
    /// Threads of the host's.
    Host(Arc<HostPool>),
}

/// The pool that a model's runs use.
#[derive(Debug, Clone)]
pub(crate) enum Workers {
    Own(Arc<Pool>),
    Host(Arc<HostPool>),
}

impl Workers {
    pub fn parallel(&self) -> &dyn Parallel {
        match self {
            Workers::Own(pool) => &**pool,
            Workers::Host(pool) => &**pool,
        }
    }
}

/// Where the graph runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Device {
    /// Dunlin's own kernels on the CPU.
    #[default]
    Cpu,
    /// Candle's kernels on the CPU.
    #[cfg(any(feature = "candle", feature = "accelerators"))]
    CandleCpu,
    /// Candle's kernels on the CUDA device of this number.
    #[cfg(any(feature = "cuda", feature = "accelerators"))]
    Cuda(usize),
    /// Candle's kernels on the Metal device of this number.
    #[cfg(feature = "metal")]
    Metal(usize),
}

/// The names of the devices that this build can use, present or not.
const NAMES: &[&str] = &[
    "cpu",
    #[cfg(any(feature = "candle", feature = "accelerators"))]
    "candle-cpu",
    #[cfg(any(feature = "cuda", feature = "accelerators"))]
    "cuda:N",
    #[cfg(feature = "metal")]
    "metal:N",
];

impl Device {
    /// Opens the device; `None` for the CPU, which needs no opening. `n_threads` are for kernels that run on the CPU.
    #[allow(unused_variables, reason = "a build without candle has the CPU alone")]
    pub(crate) fn open(self, n_threads: usize) -> Result<Option<Arc<dyn Backend>>, Error> {
        match self {
            Device::Cpu => Ok(None),
            #[cfg(feature = "candle")]
            Device::CandleCpu => Ok(Some(candle::open(candle::Kind::Cpu, n_threads)?)),
            #[cfg(all(feature = "accelerators", not(feature = "candle")))]
            Device::CandleCpu => Ok(Some(open_remote(self, n_threads)?)),
            #[cfg(feature = "cuda")]
            Device::Cuda(index) => Ok(Some(candle::open(candle::Kind::Cuda(index), n_threads)?)),
            #[cfg(all(feature = "accelerators", not(feature = "cuda")))]
            Device::Cuda(_) => Ok(Some(open_remote(self, n_threads)?)),
            #[cfg(feature = "metal")]
            Device::Metal(index) => Ok(Some(candle::open(candle::Kind::Metal(index), n_threads)?)),
        }
    }

    /// The devices that are there: accelerators count if they open.
    pub(crate) fn present() -> Vec<Device> {
        #[allow(unused_mut, reason = "a build without candle has the CPU alone")]
        let mut devices = vec![Device::Cpu];
        #[cfg(feature = "candle")]
        devices.push(Device::CandleCpu);
        #[cfg(all(feature = "accelerators", not(feature = "candle")))]
        devices.extend(Some(Device::CandleCpu).filter(|device| device.open(1).is_ok()));
        #[cfg(any(feature = "cuda", feature = "accelerators"))]
        devices.extend((0..MAX_DEVICES).map(Device::Cuda).take_while(|device| device.open(1).is_ok()));
        #[cfg(feature = "metal")]
        devices.extend((0..MAX_DEVICES).map(Device::Metal).take_while(|device| device.open(1).is_ok()));
        devices
    }
}

/// Opens a device of the library of accelerators.
#[cfg(feature = "accelerators")]
#[allow(dead_code, reason = "a build with candle and CUDA has all devices in itself")]
fn open_remote(device: Device, n_threads: usize) -> Result<Arc<dyn Backend>, Error> {
    let hint = "put libdunlin_cuda of the same build beside libdunlin, and install the device's driver (libcuda.so.1)";
    dunlin_exec::device::open_remote(&device.to_string(), n_threads)
        .map_err(|error| Error::from(error).with_hint(hint))
}

/// So many devices of a kind are looked for.
#[cfg(any(feature = "cuda", feature = "metal", feature = "accelerators"))]
const MAX_DEVICES: usize = 16;

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

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// Something that a user of the model should know: nodes that do not run where they were asked to.
    Warning,
    /// What was loaded and how.
    Info,
    /// Details for somebody who looks for a reason.
    Debug,
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

    /// Reads `cpu`, and where the build has them `candle-cpu`, `cuda`, `cuda:N`, `metal`, `metal:N`.
    fn from_str(text: &str) -> Result<Device, Error> {
        #[cfg(any(feature = "cuda", feature = "metal", feature = "accelerators"))]
        let (kind, index) = match text.split_once(':') {
            Some((kind, index)) => (kind, index.parse::<usize>().ok()),
            None => (text, Some(0)),
        };
        match text {
            "cpu" => return Ok(Device::Cpu),
            #[cfg(any(feature = "candle", feature = "accelerators"))]
            "candle-cpu" => return Ok(Device::CandleCpu),
            _ => {}
        }
        #[cfg(any(feature = "cuda", feature = "accelerators"))]
        if let ("cuda", Some(index)) = (kind, index) {
            return Ok(Device::Cuda(index));
        }
        #[cfg(feature = "metal")]
        if let ("metal", Some(index)) = (kind, index) {
            return Ok(Device::Metal(index));
        }
        let message = format!("no device {text:?} in this build; there are: {}", NAMES.join(", "));
        Err(Error::new(ErrorKind::Device, message))
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            #[cfg(any(feature = "candle", feature = "accelerators"))]
            Device::CandleCpu => f.write_str("candle-cpu"),
            #[cfg(any(feature = "cuda", feature = "accelerators"))]
            Device::Cuda(index) => write!(f, "cuda:{index}"),
            #[cfg(feature = "metal")]
            Device::Metal(index) => write!(f, "metal:{index}"),
        }
    }
}
