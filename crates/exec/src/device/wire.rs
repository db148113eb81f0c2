//! What goes between Dunlin and the library of accelerators: requests and replies, as bytes.

use dunlin_ir::DType;
use serde::{Deserialize, Serialize};

/// What a device is asked for. Bytes of tensors travel beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Its name.
    Name,
    /// Whether it computes an operator of which this much is known.
    Place { op: Vec<u8>, facts: Vec<Option<WireFact>>, n_outputs: usize },
    /// To take a tensor.
    Upload { dtype: DType, dims: Vec<usize> },
    /// To write a buffer to the memory that comes with the request.
    Download { buffer: u64 },
    /// To compute one step.
    Run { op: Vec<u8>, inputs: Vec<WireOperand>, outputs: Vec<Option<Vec<usize>>>, wanted: Vec<bool> },
    /// To forget a buffer.
    Free { buffer: u64 },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Name(String),
    Placed(Result<u64, String>),
    Buffers(Vec<Option<WireBuffer>>),
    Done,
    Declined(String),
    Failed(String),
    OutOfMemory(usize),
}

/// [`Fact`], as far as a backend asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireFact {
    pub dtype: Option<DType>,
    pub dims: Option<Vec<Option<usize>>>,
    pub value: Option<dunlin_ir::Tensor>,
}

/// [`Operand`]; the bytes of those on the host travel beside the request, in their order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum WireOperand {
    Absent,
    Device(u64),
    Host { dtype: DType, dims: Vec<usize> },
}

/// A buffer in the device's memory, by its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WireBuffer {
    pub id: u64,
    pub dtype: DType,
    pub dims: Vec<usize>,
}
