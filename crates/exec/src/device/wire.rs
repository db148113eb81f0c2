//! What goes between Dunlin and the library of accelerators: requests and replies, as bytes.

use dunlin_ir::{DType, Dim, Fact, Facts, Shape};
use serde::{Deserialize, Serialize};

use super::{Buffer, Operand, Refusal};
use crate::OpError;

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

/// Constants up to this size are facts that a placement may depend on: exponents, axes.
const MAX_FACT_BYTES: usize = 1024;

impl WireFact {
    /// Of all inputs of a node.
    pub fn all(facts: &Facts<'_>) -> Vec<Option<WireFact>> {
        (0..facts.len()).map(|i| facts.fact(i).map(WireFact::of)).collect()
    }

    fn of(fact: &Fact) -> WireFact {
        let is_small = |value: &&dunlin_ir::Tensor| {
            value.dtype() != DType::String && value.bytes().len() <= MAX_FACT_BYTES
        };
        WireFact {
            dtype: fact.ty.dtype(),
            dims: fact.ty.dims().map(|dims| dims.iter().map(Dim::known).collect()),
            value: fact.value.as_ref().filter(is_small).cloned(),
        }
    }
}

impl WireOperand {
    /// An operand; `id` tells the number of a buffer.
    pub fn of(
        operand: &Operand,
        id: impl FnOnce(&Buffer) -> Result<u64, Refusal>,
    ) -> Result<WireOperand, Refusal> {
        Ok(match operand {
            Operand::Absent => WireOperand::Absent,
            Operand::Device(buffer) => WireOperand::Device(id(buffer)?),
            Operand::Host(tensor) => {
                WireOperand::Host { dtype: tensor.dtype(), dims: tensor.shape().dims().to_vec() }
            }
        })
    }
}

impl WireBuffer {
    pub fn shape(&self) -> Shape {
        Shape::new(&self.dims)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::Declined(reason) => Answer::Declined(reason),
            Refusal::Failed(error) => error.into(),
        }
    }
}

impl From<OpError> for Answer {
    fn from(error: OpError) -> Answer {
        match error {
            OpError::OutOfMemory(memory) => Answer::OutOfMemory(memory.requested_bytes),
            OpError::Device(reason) => Answer::Failed(reason),
            other => Answer::Failed(other.to_string()),
        }
    }
}

impl Answer {
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }
}
