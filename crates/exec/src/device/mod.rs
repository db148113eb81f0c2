//! Devices beside the CPU: the trait that their backends keep, and what the planner asks of them.

#[cfg(feature = "remote")]
mod remote;
mod run;
#[cfg(feature = "serve")]
mod serve;
#[cfg(any(feature = "remote", feature = "serve"))]
mod wire;

use std::any::Any;
use std::sync::Arc;

use dunlin_ir::op::{Elementwise, Index, Movement};
use dunlin_ir::{DType, Op, Shape, Tensor};
use smallvec::SmallVec;

use crate::OpError;
use crate::Stop;

pub use dunlin_ir::infer::Facts;
#[cfg(feature = "remote")]
pub use remote::open as open_remote;
pub(crate) use run::run_all;
#[cfg(feature = "serve")]
pub use serve::Served;

/// A tensor in a device's memory. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Buffer {
    /// The element type.
    pub dtype: DType,
    /// The sizes.
    pub shape: Shape,
    /// What the backend knows of it.
    pub contents: Arc<dyn Any + Send + Sync>,
}

/// The outputs of one step on a device: `None` for those that nobody reads.
pub type Buffers = SmallVec<[Option<Buffer>; 2]>;

/// One input of a step on a device.
#[derive(Debug, Clone)]
pub enum Operand {
    /// It is left out.
    Absent,
    /// In the device's memory.
    Device(Buffer),
    /// On the host: shapes, axes, indices.
    Host(Tensor),
}

/// Which inputs of a step the backend wants on the host: bit `i` stands for input `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostInputs(pub u64);

impl HostInputs {
    /// Whether input `i` is wanted on the host.
    pub fn contains(self, i: usize) -> bool {
        i < 64 && self.0 >> i & 1 == 1
    }

    /// Inputs `first` and later ones.
    pub fn from(first: usize) -> HostInputs {
        HostInputs(u64::MAX << first)
    }
}

/// Why a step did not come about on a device.
#[derive(Debug)]
pub enum Refusal {
    /// The device cannot compute it on these shapes; nothing is wrong, the CPU can.
    Declined(String),
    /// The device failed.
    Failed(OpError),
}

impl From<Refusal> for OpError {
    /// For whom there is no other place to compute.
    fn from(refusal: Refusal) -> OpError {
        match refusal {
            Refusal::Declined(reason) => OpError::Device(reason),
            Refusal::Failed(error) => error,
        }
    }
}

/// What computes on a device. Buffers are opaque and every copy is explicit.
pub trait Backend: Send + Sync + std::fmt::Debug {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// Whether the device computes a node of which this much is known, and which inputs are to stay on the host.
    ///
    /// # Errors
    /// Why it does not.
    fn place(&self, op: &Op, facts: &Facts<'_>) -> Result<HostInputs, String>;

    /// Copies a tensor into the device's memory.
    ///
    /// # Errors
    /// [`Refusal::Declined`] for an element type that the device lacks.
    fn upload(&self, tensor: &Tensor) -> Result<Buffer, Refusal>;

    /// Copies a buffer into `bytes`, which are as many as its elements take.
    ///
    /// # Errors
    /// [`OpError::Device`].
    fn download(&self, buffer: &Buffer, bytes: &mut [u8]) -> Result<(), OpError>;

    /// Computes one step. `outputs` are the shapes as far as they follow from the inputs, `wanted` which are read.
    ///
    /// # Errors
    /// [`Refusal`].
    fn run(
        &self,
        op: &Op,
        inputs: &[Operand],
        outputs: &[Option<Shape>],
        wanted: &[bool],
    ) -> Result<Buffers, Refusal>;

    /// Does a whole region's work where the device's threads are.
    fn enter(&self, work: &mut (dyn FnMut() + Send));
}

/// What a graph is planned for.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The device, if it is not the CPU.
    pub device: Option<Arc<dyn Backend>>,
    /// Whether a step that turns out to be beyond the device is an error rather than computed on the CPU.
    pub deny_fallback: bool,
    /// When to give up planning.
    pub stop: Stop,
}

/// Where a step is computed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// On the CPU, as planned: no device was asked for, or it is arithmetic of shapes, which stays on the host.
    #[default]
    Cpu,
    /// On the CPU, since the device cannot, for this reason.
    Fallback(Arc<str>),
    /// On the device.
    Device(HostInputs),
}

/// Where a node is computed.
pub(crate) fn place(backend: &dyn Backend, op: &Op, facts: &Facts<'_>) -> Place {
    match backend.place(op, facts) {
        Ok(host) => Place::Device(host),
        Err(_) if is_host_work(op, facts) => Place::Cpu,
        Err(reason) => Place::Fallback(reason.into()),
    }
}

/// Arithmetic of shapes and indices, for which no device is needed.
fn is_host_work(op: &Op, facts: &Facts<'_>) -> bool {
    let is_integer = |dtype: Option<DType>| dtype.is_some_and(DType::is_integer);
    match op {
        Op::Movement(
            Movement::Shape(_) | Movement::Size | Movement::ConstantOfShape(_) | Movement::Range(_),
        ) => true,
        Op::Movement(_) | Op::Index(Index::Gather(_)) | Op::Reduce(_) => is_integer(facts.dtype(0)),
        Op::Elementwise(Elementwise::Cast(_) | Elementwise::CastLike(_)) => is_integer(facts.dtype(0)),
        Op::Elementwise(Elementwise::Where) => is_integer(facts.dtype(1)),
        Op::Elementwise(_) => is_integer(facts.dtype(0)),
        _ => false,
    }
}
