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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_what_256_steps_can_express() {
        let x = [-1.0f32, 0.0, 0.5, 1.55];
        let mut out = [0.0; 4];
        round_to_8_bits(&x, &mut out);
        // Steps of 0.01, of which 100 lie below zero.
        for (x, out) in x.iter().zip(out) {
            assert!((x - out).abs() < 1e-5, "{x} became {out}");
        }
        round_to_8_bits(&[0.0f32; 2], &mut out[..2]);
        assert_eq!(out[..2], [0.0; 2]);
    }

    #[test]
    fn weights_are_scaled_per_column_and_transposed() {
        let weights = Tensor::from_slice([1, 2, 3], &[1i8, 2, 3, 4, 5, 6]).unwrap();
        let scale = Tensor::from_slice([1, 3], &[1.0f32, 10.0, 100.0]).unwrap();
        let zero = Tensor::from_slice([1, 3], &[0i8, 1, 2]).unwrap();
        let out = dequantized(&weights, &scale, &zero).unwrap();
        assert_eq!(out.shape().dims(), [1, 3, 2]);
        assert_eq!(out.view::<f32>().unwrap(), [1.0, 4.0, 10.0, 40.0, 100.0, 400.0]);
    }
}
