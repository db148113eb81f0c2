//! What one step's computation gets: operands on either side, and the shapes that its outputs will have.

use candle_core::{Device, Tensor};
use dunlin_ir::{DType, Shape};

use super::{contents, declined};
use crate::device::{Operand, Refusal};

pub(super) struct Args<'a> {
    pub device: &'a Device,
    pub inputs: &'a [Operand],
    pub outputs: &'a [Option<Shape>],
    pub wanted: &'a [bool],
}

impl<'a> Args<'a> {
    /// Declines empty tensors: candle's kernels were not written for them.
    pub fn check(&self) -> Result<(), Refusal> {
        let is_empty = |shape: &Shape| shape.contains(&0);
        let mut buffers = self.inputs.iter().filter_map(|input| match input {
            Operand::Device(buffer) => Some(&buffer.shape),
            _ => None,
        });
        if buffers.any(is_empty) || self.outputs.iter().flatten().any(is_empty) {
            return declined("a tensor without elements");
        }
        Ok(())
    }

    pub fn has(&self, i: usize) -> bool {
        !matches!(self.inputs.get(i), None | Some(Operand::Absent))
    }

    pub fn wants(&self, i: usize) -> bool {
        self.wanted.get(i).copied().unwrap_or(false)
    }

    /// Input `i`, on the device.
    pub fn tensor(&self, i: usize) -> Result<&'a Tensor, Refusal> {
        match self.inputs.get(i) {
            Some(Operand::Device(buffer)) => contents(buffer),
            _ => declined(format!("input {i} is missing")),
        }
    }

    pub fn optional(&self, i: usize) -> Result<Option<&'a Tensor>, Refusal> {
        if self.has(i) { self.tensor(i).map(Some) } else { Ok(None) }
    }

    /// All inputs, on the device.
    pub fn tensors(&self) -> Result<Vec<&'a Tensor>, Refusal> {
        (0..self.inputs.len()).map(|i| self.tensor(i)).collect()
    }

    /// Input `i` as integers, from the host.
    pub fn ints(&self, i: usize) -> Result<Vec<i64>, Refusal> {
        let Some(Operand::Host(tensor)) = self.inputs.get(i) else {
            return declined(format!("input {i} is missing"));
        };
        let failed = |error: dunlin_ir::TensorError| Refusal::Failed(error.into());
        match tensor.dtype() {
            DType::I64 => Ok(tensor.view::<i64>().map_err(failed)?.to_vec()),
            DType::I32 => Ok(tensor.view::<i32>().map_err(failed)?.iter().map(|&x| x.into()).collect()),
            other => declined(format!("integers of type {other}")),
        }
    }

    /// The only element of input `i`, from the host.
    pub fn float(&self, i: usize) -> Result<f32, Refusal> {
        let Some(Operand::Host(tensor)) = self.inputs.get(i) else {
            return declined(format!("input {i} is missing"));
        };
        match tensor.view::<f32>() {
            Ok([value]) => Ok(*value),
            _ => declined(format!("input {i} is not one float32 number")),
        }
    }

    /// The shape of input `i`, on either side.
    pub fn host_shape(&self, i: usize) -> Result<&'a [usize], Refusal> {
        match self.inputs.get(i) {
            Some(Operand::Host(tensor)) => Ok(tensor.shape().dims()),
            Some(Operand::Device(buffer)) => Ok(buffer.shape.dims()),
            _ => declined(format!("input {i} is missing")),
        }
    }

    /// The sizes of output `i`, which follow from the inputs.
    pub fn output(&self, i: usize) -> Result<&'a [usize], Refusal> {
        match self.outputs.get(i) {
            Some(Some(shape)) => Ok(shape.dims()),
            _ => declined("a shape that depends on the contents"),
        }
    }

    /// A tensor of one number.
    pub fn full(&self, value: f32, dims: &[usize]) -> Result<Tensor, Refusal> {
        Ok(Tensor::full(value, dims, self.device)?)
    }
}

/// The axis that a number, perhaps counted from the end, stands for.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Refusal> {
    dunlin_ir::resolve_axis(axis, rank).map_or_else(|| declined("an axis beyond the rank"), Ok)
}

/// The elements `start + i * step` along an axis, `n` of them.
pub(super) fn strided(
    x: &Tensor,
    axis: usize,
    start: usize,
    step: usize,
    n: usize,
) -> Result<Tensor, Refusal> {
    if step == 1 || n == 1 {
        return Ok(x.narrow(axis, start, n)?);
    }
    let places: Vec<u32> = (0..n).map(|i| (start + i * step) as u32).collect();
    select(x, axis, &places)
}

/// The slices along an axis at these places.
pub(super) fn select(x: &Tensor, axis: usize, places: &[u32]) -> Result<Tensor, Refusal> {
    let places = Tensor::from_slice(places, places.len(), x.device())?;
    Ok(x.contiguous()?.index_select(&places, axis)?)
}

/// The tensor with so many elements of one value at both ends of an axis.
pub(super) fn padded(
    x: &Tensor,
    axis: usize,
    begin: usize,
    end: usize,
    value: f32,
) -> Result<Tensor, Refusal> {
    let end_of = |n: usize| -> Result<Option<Tensor>, Refusal> {
        if n == 0 {
            return Ok(None);
        }
        let mut dims = x.dims().to_vec();
        dims[axis] = n;
        Ok(Some(Tensor::full(value, dims, x.device())?.to_dtype(x.dtype())?))
    };
    let (before, after) = (end_of(begin)?, end_of(end)?);
    if before.is_none() && after.is_none() {
        return Ok(x.clone());
    }
    let x = x.contiguous()?;
    let parts: Vec<&Tensor> = before.iter().chain([&x]).chain(&after).collect();
    Ok(Tensor::cat(&parts, axis)?)
}
