//! The other side of [`super::remote`]: answers requests with a backend, inside of the library of accelerators.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dunlin_ir::{DType, Dim, Dims, Fact, Facts, Op, Shape, Tensor, Type};

use super::wire::{Answer, Request, WireBuffer, WireFact, WireOperand};
use super::{Backend, Buffer, Operand, Refusal};
use crate::OpError;

/// A device and the buffers in its memory, by their numbers.
#[derive(Debug)]
pub struct Served {
    backend: Arc<dyn Backend>,
    buffers: Mutex<HashMap<u64, Buffer>>,
    next: AtomicU64,
}

impl Served {
    /// Serves a backend.
    pub fn new(backend: Arc<dyn Backend>) -> Served {
        Served { backend, buffers: Mutex::default(), next: AtomicU64::new(1) }
    }

    /// Does what a request says and answers; `tensors` are the bytes of tensors that it speaks of.
    pub fn answer(&self, request: &[u8], tensors: &[&[u8]], output: &mut [u8]) -> Vec<u8> {
        let answer = match postcard::from_bytes(request) {
            Ok(request) => self.handle(request, tensors, output).unwrap_or_else(Answer::from),
            Err(_) => Answer::Failed("a request that is none".to_owned()),
        };
        answer.encode()
    }

    /// The answer that says why a device cannot be opened.
    pub fn cannot_open(error: OpError) -> Vec<u8> {
        Answer::from(error).encode()
    }

    /// Does work where the device's threads are.
    pub fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        self.backend.enter(work);
    }

    fn handle(&self, request: Request, tensors: &[&[u8]], output: &mut [u8]) -> Result<Answer, Refusal> {
        match request {
            Request::Name => Ok(Answer::Name(self.backend.name().to_owned())),
            Request::Place { op, facts, n_outputs } => Ok(Answer::Placed(self.place(&op, facts, n_outputs))),
            Request::Upload { dtype, dims } => {
                let bytes = tensors.first().copied().unwrap_or_default();
                let buffer = self.backend.upload(&tensor(dtype, &dims, bytes)?)?;
                Ok(Answer::Buffers(vec![Some(self.keep(buffer))]))
            }
            Request::Download { buffer } => {
                let buffer = self.find(buffer)?;
                self.backend.download(&buffer, output).map_err(Refusal::Failed)?;
                Ok(Answer::Done)
            }
            Request::Run { op, inputs, outputs, wanted } => {
                let op = decode(&op).map_err(Refusal::Declined)?;
                let inputs = self.operands(inputs, tensors)?;
                let outputs: Vec<Option<Shape>> =
                    outputs.into_iter().map(|dims| dims.map(|dims| Shape::new(&dims))).collect();
                let buffers = self.backend.run(&op, &inputs, &outputs, &wanted)?;
                let keep = |buffer: Option<Buffer>| buffer.map(|buffer| self.keep(buffer));
                Ok(Answer::Buffers(buffers.into_iter().map(keep).collect()))
            }
            Request::Free { buffer } => {
                let freed = self.buffers().remove(&buffer);
                drop(freed);
                Ok(Answer::Done)
            }
        }
    }

    fn place(&self, op: &[u8], facts: Vec<Option<WireFact>>, n_outputs: usize) -> Result<u64, String> {
        let op = decode(op)?;
        let facts: Vec<Option<Fact>> = facts.into_iter().map(|fact| fact.map(WireFact::fact)).collect();
        let facts: Vec<Option<&Fact>> = facts.iter().map(Option::as_ref).collect();
        self.backend.place(&op, &Facts::new(&facts, n_outputs)).map(|host| host.0)
    }

    fn operands(&self, inputs: Vec<WireOperand>, tensors: &[&[u8]]) -> Result<Vec<Operand>, Refusal> {
        let mut tensors = tensors.iter().copied();
        let operand = |input| {
            Ok(match input {
                WireOperand::Absent => Operand::Absent,
                WireOperand::Device(id) => Operand::Device(self.find(id)?),
                WireOperand::Host { dtype, dims } => {
                    Operand::Host(tensor(dtype, &dims, tensors.next().unwrap_or_default())?)
                }
            })
        };
        inputs.into_iter().map(operand).collect()
    }

    fn keep(&self, buffer: Buffer) -> WireBuffer {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let wire = WireBuffer { id, dtype: buffer.dtype, dims: buffer.shape.dims().to_vec() };
        self.buffers().insert(id, buffer);
        wire
    }

    fn find(&self, id: u64) -> Result<Buffer, Refusal> {
        let unknown = || Refusal::Failed(OpError::Device(format!("no buffer {id}")));
        self.buffers().get(&id).cloned().ok_or_else(unknown)
    }

    fn buffers(&self) -> MutexGuard<'_, HashMap<u64, Buffer>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WireFact {
    fn fact(self) -> Fact {
        let dim = |size: Option<usize>| size.map_or(Dim::Unknown, Dim::Known);
        let dims: Dims = self.dims.map(|dims| dims.into_iter().map(dim).collect());
        Fact { ty: Type::partial(self.dtype, dims), value: self.value }
    }
}

fn decode(op: &[u8]) -> Result<Op, String> {
    Op::decode(op).ok_or_else(|| "an operator of another build".to_owned())
}

/// A tensor of these bytes.
fn tensor(dtype: DType, dims: &[usize], bytes: &[u8]) -> Result<Tensor, Refusal> {
    let failed = |error: dunlin_ir::TensorError| Refusal::Failed(error.into());
    let mut tensor = Tensor::zeroed(dtype, Shape::new(dims)).map_err(failed)?;
    match tensor.try_bytes_mut() {
        Some(own) if own.len() == bytes.len() => own.copy_from_slice(bytes),
        _ => return Err(Refusal::Failed(OpError::Device("a tensor of another size".to_owned()))),
    }
    Ok(tensor)
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
    fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }
}
