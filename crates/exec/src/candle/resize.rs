//! Resizing: nearest elements are selected, weighted ones are products with a matrix per axis.

use candle_core::Tensor;
use dunlin_ir::op::Image;
use dunlin_ir::{Shape, Value};

use super::args::{Args, select};
use super::declined;
use super::linear::matmul;
use crate::Inputs;
use crate::cpu::image::{AxisMap, axis_maps};
use crate::device::{Operand, Refusal};

/// A matrix per axis may take so many elements: it is quadratic, and the CPU needs none.
const MAX_MATRIX_LEN: usize = 1 << 22;

pub(super) fn run(op: &Image, args: &Args<'_>) -> Result<Tensor, Refusal> {
    let Image::Resize(op) = op else { return declined("no such operator on images on candle") };
    let x = args.tensor(0)?;
    let host = |input: &Operand| match input {
        Operand::Host(tensor) => Some(Value::Tensor(tensor.clone())),
        _ => None,
    };
    let mut values: Vec<Option<Value>> = args.inputs.iter().map(host).collect();
    let maps = axis_maps(op, &Shape::new(x.dims()), &Inputs::new(&mut values)).map_err(Refusal::Failed)?;
    let mut y = x.clone();
    for (axis, map) in maps.into_iter().enumerate() {
        y = match map {
            None => y,
            Some(AxisMap::Select(places)) => {
                let places: Option<Vec<u32>> = places.into_iter().map(|i| i.map(|i| i as u32)).collect();
                let Some(places) = places else { return declined("elements outside of the image") };
                select(&y, axis, &places)?
            }
            Some(AxisMap::Weights(weights)) => weighted(&y, axis, &weights)?,
        };
    }
    Ok(y.contiguous()?)
}

fn weighted(x: &Tensor, axis: usize, weights: &[f32]) -> Result<Tensor, Refusal> {
    let input = x.dims()[axis];
    if weights.len() > MAX_MATRIX_LEN {
        return declined("an axis too long for a matrix of weights");
    }
    let matrix = Tensor::from_slice(weights, (weights.len() / input, input), x.device())?;
    let last = x.rank() - 1;
    let y = matmul(&x.transpose(axis, last)?.contiguous()?, &matrix.t()?.contiguous()?)?;
    Ok(y.transpose(axis, last)?)
}
