//! The `candle` backend: compute operators over `candle_core::Tensor` on candle's CPU, CUDA or Metal devices. Candle's
//! types stay in here, each call into it is guarded, and its CPU work runs in a thread pool of ours.

mod args;
mod attention;
mod einsum;
mod elementwise;
mod linear;
mod movement;
mod normalize;
mod place;
mod pool;
mod reduce;
mod resize;
mod thread;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use candle_core::{Device, Storage, Tensor as Candle};
use dunlin_ir::{DType, Op, Shape, Tensor};
use half::{bf16, f16};

use crate::OpError;
use crate::device::{Backend, Buffer, Buffers, Facts, HostInputs, Operand, Refusal};
use args::Args;
use thread::Threads;

/// A device of candle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its CPU kernels.
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
    /// A Metal device by its number.
    Metal(usize),
}

/// Opens a device; candle's CPU kernels get `n_threads` threads of their own.
///
/// # Errors
/// [`OpError::Device`] if the device is not there or not in this build.
pub fn open(kind: Kind, n_threads: usize) -> Result<Arc<dyn Backend>, OpError> {
    let opened = guarded(|| {
        Ok(match kind {
            Kind::Cpu => Device::Cpu,
            Kind::Cuda(index) => Device::new_cuda(index)?,
            Kind::Metal(index) => Device::new_metal(index)?,
        })
    });
    let device = opened?;
    let (name, threads) = match kind {
        Kind::Cpu => ("candle-cpu", Some(Threads::start(n_threads)?)),
        Kind::Cuda(_) => ("cuda", None),
        Kind::Metal(_) => ("metal", None),
    };
    Ok(Arc::new(Backing { device, name, threads }))
}

/// What candle computes on.
#[derive(Debug)]
struct Backing {
    device: Device,
    name: &'static str,
    threads: Option<Threads>,
}

/// Calls into candle, some hundred places of which may panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Refusal::Failed(OpError::Device(format!("candle panicked: {text}"))))
    })
}

impl From<candle_core::Error> for Refusal {
    fn from(error: candle_core::Error) -> Refusal {
        let text = error.to_string();
        Refusal::Failed(OpError::Device(text.lines().next().unwrap_or_default().to_owned()))
    }
}

fn declined<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Declined(reason.into()))
}

/// The names of candle's element types that we use; its `u8` holds truth values.
fn dtype_of(dtype: candle_core::DType) -> Option<DType> {
    Some(match dtype {
        candle_core::DType::F32 => DType::F32,
        candle_core::DType::F16 => DType::F16,
        candle_core::DType::BF16 => DType::BF16,
        candle_core::DType::U8 => DType::Bool,
        _ => return None,
    })
}

fn buffer(tensor: Candle) -> Result<Buffer, Refusal> {
    let Some(dtype) = dtype_of(tensor.dtype()) else {
        return declined(format!("results of type {:?}", tensor.dtype()));
    };
    Ok(Buffer { dtype, shape: Shape::new(tensor.dims()), contents: Arc::new(tensor) })
}

fn contents(buffer: &Buffer) -> Result<&Candle, Refusal> {
    let other = || Refusal::Failed(OpError::Device("a buffer of another device".to_owned()));
    buffer.contents.downcast_ref::<Candle>().ok_or_else(other)
}

impl Backend for Backing {
    fn name(&self) -> &'static str {
        self.name
    }

    fn place(&self, op: &Op, facts: &Facts<'_>) -> Result<HostInputs, String> {
        place::place(op, facts)
    }

    fn upload(&self, tensor: &Tensor) -> Result<Buffer, Refusal> {
        let (dims, device) = (tensor.shape().dims(), &self.device);
        guarded(|| {
            let copy = match tensor.dtype() {
                DType::F32 => Candle::from_slice(view::<f32>(tensor)?, dims, device)?,
                DType::F16 => Candle::from_slice(view::<f16>(tensor)?, dims, device)?,
                DType::BF16 => Candle::from_slice(view::<bf16>(tensor)?, dims, device)?,
                DType::Bool => Candle::from_slice(tensor.bytes(), dims, device)?,
                other => return declined(format!("candle gets no {other} tensors")),
            };
            buffer(copy)
        })
    }

    fn download(&self, buffer: &Buffer, bytes: &mut [u8]) -> Result<(), OpError> {
        let copied = guarded(|| {
            let tensor = contents(buffer)?.contiguous()?;
            match buffer.dtype {
                DType::F32 => copy_out::<f32>(&tensor, bytes),
                DType::F16 => copy_out::<f16>(&tensor, bytes),
                DType::BF16 => copy_out::<bf16>(&tensor, bytes),
                _ => copy_out::<u8>(&tensor, bytes),
            }
        });
        Ok(copied?)
    }

    fn run(
        &self,
        op: &Op,
        inputs: &[Operand],
        outputs: &[Option<Shape>],
        wanted: &[bool],
    ) -> Result<Buffers, Refusal> {
        let args = Args { device: &self.device, inputs, outputs, wanted };
        args.check()?;
        guarded(|| {
            let tensors: Vec<Option<Candle>> = match op {
                Op::Elementwise(op) => vec![Some(elementwise::run(op, &args)?)],
                Op::Linear(op) => vec![Some(linear::run(op, &args)?)],
                Op::Convolution(op) => vec![Some(window::run(op, &args)?)],
                Op::Normalize(op) => normalize::run(op, &args)?,
                Op::Reduce(op) => vec![Some(reduce::run(op, &args)?)],
                Op::Movement(op) => movement::run(op, &args)?,
                Op::Index(op) => vec![Some(movement::gather(op, &args)?)],
                Op::Attention(op) => attention::run(op, &args)?,
                Op::Image(op) => vec![Some(resize::run(op, &args)?)],
                _ => return declined("the operator is not among those that run on candle"),
            };
            tensors.into_iter().map(|tensor| tensor.map(buffer).transpose()).collect()
        })
    }

    fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        match &self.threads {
            Some(threads) => threads.enter(work),
            None => work(),
        }
    }
}

fn view<T: dunlin_ir::Element>(tensor: &Tensor) -> Result<&[T], Refusal> {
    tensor.view::<T>().map_err(|error| Refusal::Failed(error.into()))
}

fn copy_out<T: candle_core::WithDType + bytemuck::NoUninit>(
    tensor: &Candle,
    bytes: &mut [u8],
) -> Result<(), Refusal> {
    let mut copy = |elements: &[T]| {
        let from: &[u8] = bytemuck::cast_slice(elements);
        if from.len() != bytes.len() {
            return declined(format!("a buffer of {} bytes, not {}", from.len(), bytes.len()));
        }
        bytes.copy_from_slice(from);
        Ok(())
    };
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(cpu), Some((start, end))) = (&*storage, layout.contiguous_offsets()) {
        return copy(&cpu.as_slice::<T>()?[start..end]);
    }
    drop(storage);
    copy(&tensor.flatten_all()?.to_vec1::<T>()?)
}
