//! Recurrent weights of 8 bits: integers to floats once, and rounding of what they are multiplied with to 8 bits.

use dunlin_ir::op::Recurrent;
use dunlin_ir::{DType, Tensor};

use crate::OpError;
use crate::cpu::real::Real;

/// Whether an operator has weights of 8 bits.
pub(super) fn is_quantized(op: &Recurrent) -> bool {
    matches!(op, Recurrent::Lstm(lstm) if lstm.quantized)
}

/// Weights `[directions, k, n]` of 8-bit integers as floats `[directions, n, k]`. Scale and zero point are one per
/// direction, or one per direction and column.
pub(super) fn dequantized(weights: &Tensor, scale: &Tensor, zero: &Tensor) -> Result<Tensor, OpError> {
    let &[directions, k, n] = weights.shape().dims() else {
        return Err(OpError::shape("[directions, d, gates * h]", weights.shape()));
    };
    let per_direction = if scale.len() == directions { 1 } else { n };
    if scale.len() != directions * per_direction || zero.len() != scale.len() {
        return Err(OpError::shapes(
            "a scale and a zero point per direction or column",
            scale.shape(),
            zero.shape(),
        ));
    }
    let scale = scale.view::<f32>()?;
    let (weights_at, zero_at) = (integers(weights)?, integers(zero)?);
    let mut out = Tensor::zeroed(DType::F32, [directions, n, k].into())?;
    for (i, out) in out.view_mut::<f32>()?.iter_mut().enumerate() {
        let (direction, column, row) = (i / k / n, i / k % n, i % k);
        let group = direction * per_direction + column % per_direction;
        let integer = weights_at((direction * k + row) * n + column) - zero_at(group);
        *out = integer as f32 * scale[group];
    }
    Ok(out)
}

fn integers(x: &Tensor) -> Result<Box<dyn Fn(usize) -> i32 + '_>, OpError> {
    match x.dtype() {
        DType::I8 => {
            let x = x.view::<i8>()?;
            Ok(Box::new(move |i| x[i].into()))
        }
        DType::U8 => {
            let x = x.view::<u8>()?;
            Ok(Box::new(move |i| x[i].into()))
        }
        other => Err(OpError::dtype("int8, uint8", other)),
    }
}

/// Rounds to the 256 values that a scale and a zero point chosen for these numbers can express.
pub(super) fn round_to_8_bits<T: Real>(x: &[T], out: &mut [T]) {
    let fold = |f: fn(f32, f32) -> f32| x.iter().fold(0.0f32, |a, x| f(a, x.wide() as f32));
    let (low, high) = (fold(f32::min), fold(f32::max));
    let scale = if high > low { (high - low) / 255.0 } else { 1.0 };
    let zero = (-low / scale).clamp(0.0, 255.0).round_ties_even();
    for (out, x) in out.iter_mut().zip(x) {
        let code = ((x.wide() as f32 / scale).round_ties_even() + zero).clamp(0.0, 255.0);
        *out = T::of(f64::from((code - zero) * scale));
    }
}
