//! A backend that lives in the library of accelerators.

use std::sync::Arc;

use dunlin_ir::{DType, Dim, Fact, Op, Shape, Tensor};
use dunlin_sys::{Accelerator, AcceleratorDevice};

use super::wire::{Answer, Request, WireBuffer, WireFact, WireOperand};
use super::{Backend, Buffer, Buffers, Facts, HostInputs, Operand, Refusal};
use crate::OpError;

/// Opens a device of the library of accelerators by its name, such as `cuda:0`; kernels on the CPU get `n_threads`.
///
/// # Errors
/// [`OpError::Device`], which says what is missing: the library, a driver, the device.
pub fn open(name: &str, n_threads: usize) -> Result<Arc<dyn Backend>, OpError> {
    let library =
        Accelerator::open(dunlin_ir::ENCODING).map_err(|error| OpError::Device(error.to_string()))?;
    let device = library.device(name, n_threads).map_err(|reply| Answer::decode(&reply).refusal())?;
    let device = Arc::new(device);
    let named = Answer::decode(&device.call(&encode(&Request::Name), &[], &mut []));
    let Answer::Name(name) = named else { return Err(named.refusal().into()) };
    let known = ["candle-cpu", "cuda", "metal"].into_iter().find(|known| *known == name);
    Ok(Arc::new(Remote { device, name: known.unwrap_or("accelerator") }))
}

#[derive(Debug)]
struct Remote {
    device: Arc<AcceleratorDevice>,
    name: &'static str,
}

/// A buffer's number, freed when the last clone goes.
struct RemoteBuffer {
    device: Arc<AcceleratorDevice>,
    id: u64,
}

impl Drop for RemoteBuffer {
    fn drop(&mut self) {
        self.device.call(&encode(&Request::Free { buffer: self.id }), &[], &mut []);
    }
}

impl Remote {
    fn ask(&self, request: &Request, tensors: &[&[u8]], output: &mut [u8]) -> Answer {
        Answer::decode(&self.device.call(&encode(request), tensors, output))
    }

    fn keep(&self, buffer: &WireBuffer) -> Buffer {
        let contents = RemoteBuffer { device: self.device.clone(), id: buffer.id };
        Buffer { dtype: buffer.dtype, shape: buffer.shape(), contents: Arc::new(contents) }
    }
}

impl Backend for Remote {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, op: &Op, facts: &Facts<'_>) -> Result<HostInputs, String> {
        let Some(op) = op.encode() else {
            return Err("the operator is not among those that accelerators compute".to_owned());
        };
        let request = Request::Place { op, facts: WireFact::all(facts), n_outputs: facts.n_outputs() };
        match self.ask(&request, &[], &mut []) {
            Answer::Placed(placed) => placed.map(HostInputs),
            other => Err(OpError::from(other.refusal()).to_string()),
        }
    }

    fn upload(&self, tensor: &Tensor) -> Result<Buffer, Refusal> {
        let request = Request::Upload { dtype: tensor.dtype(), dims: tensor.shape().dims().to_vec() };
        match self.ask(&request, &[tensor.bytes()], &mut []) {
            Answer::Buffers(buffers) => match &buffers[..] {
                [Some(buffer)] => Ok(self.keep(buffer)),
                _ => Err(Answer::Done.refusal()),
            },
            other => Err(other.refusal()),
        }
    }

    fn download(&self, buffer: &Buffer, bytes: &mut [u8]) -> Result<(), OpError> {
        let request = Request::Download { buffer: number(buffer)? };
        match self.ask(&request, &[], bytes) {
            Answer::Done => Ok(()),
            other => Err(other.refusal().into()),
        }
    }

    fn run(
        &self,
        op: &Op,
        inputs: &[Operand],
        outputs: &[Option<Shape>],
        wanted: &[bool],
    ) -> Result<Buffers, Refusal> {
        let declined =
            || Refusal::Declined("the operator is not among those that accelerators compute".to_owned());
        let host: Vec<&[u8]> = inputs
            .iter()
            .filter_map(|input| match input {
                Operand::Host(tensor) => Some(tensor.bytes()),
                _ => None,
            })
            .collect();
        let request = Request::Run {
            op: op.encode().ok_or_else(declined)?,
            inputs: inputs.iter().map(|input| WireOperand::of(input, number)).collect::<Result<_, _>>()?,
            outputs: outputs.iter().map(|shape| shape.as_ref().map(|shape| shape.dims().to_vec())).collect(),
            wanted: wanted.to_vec(),
        };
        match self.ask(&request, &host, &mut []) {
            Answer::Buffers(buffers) => {
                Ok(buffers.iter().map(|buffer| buffer.as_ref().map(|buffer| self.keep(buffer))).collect())
            }
            other => Err(other.refusal()),
        }
    }

    fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        self.device.enter(work);
    }
}

impl WireFact {
    /// Of all inputs of a node.
    fn all(facts: &Facts<'_>) -> Vec<Option<WireFact>> {
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
    fn of(
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
    fn shape(&self) -> Shape {
        Shape::new(&self.dims)
    }
}

impl Answer {
    /// An answer from its bytes; a failure if they are none.
    fn decode(bytes: &[u8]) -> Answer {
        let nonsense = |_| Answer::Failed("the library of accelerators answered with nonsense".to_owned());
        postcard::from_bytes(bytes).unwrap_or_else(nonsense)
    }

    /// The refusal that this is, or the wrong answer.
    fn refusal(self) -> Refusal {
        match self {
            Answer::Declined(reason) => Refusal::Declined(reason),
            Answer::Failed(reason) => Refusal::Failed(OpError::Device(reason)),
            Answer::OutOfMemory(requested_bytes) => {
                Refusal::Failed(OpError::OutOfMemory(dunlin_sys::OutOfMemory { requested_bytes }))
            }
            _ => Refusal::Failed(OpError::Device(
                "the library of accelerators answered something else".to_owned(),
            )),
        }
    }
}

fn number(buffer: &Buffer) -> Result<u64, Refusal> {
    let foreign = || Refusal::Failed(OpError::Device("a buffer of another device".to_owned()));
    Ok(buffer.contents.downcast_ref::<RemoteBuffer>().ok_or_else(foreign)?.id)
}

fn encode(request: &Request) -> Vec<u8> {
    postcard::to_stdvec(request).unwrap_or_default()
}

/// Constants up to this size are facts that a placement may depend on: exponents, axes.
const MAX_FACT_BYTES: usize = 1024;
