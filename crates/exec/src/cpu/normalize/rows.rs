//! What norms share: statistics of a row in `f64`, and parameters of any float type as `f64`.

use dunlin_ir::{DType, Element, Shape, Tensor};

use crate::cpu::dispatch::dispatch_float;
use crate::cpu::number::Number;
use crate::cpu::real::Real;
use crate::{Ctx, OpError};

/// Independent sums of one row.
const LANES: usize = 8;

/// The sum of `f` over a row, in an order that depends on its length alone.
pub(super) fn sum<T: Real>(x: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x.wide());
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&x| f(x.wide())).sum::<f64>()
}

/// Mean and variance of a row.
pub(super) fn statistics<T: Real>(x: &[T]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = sum(x, |x| x) / n;
    (mean, sum(x, |x| (x - mean) * (x - mean)) / n)
}

/// The elements of a tensor of any float type.
pub(crate) fn doubles(x: &Tensor) -> Result<Vec<f64>, OpError> {
    dispatch_float!(x.dtype(), T, Ok(x.view::<T>()?.iter().map(|x| Number::to_f64(*x)).collect()))
}

/// A tensor of a float type from `f64`.
pub(crate) fn from_doubles(x: &[f64], dtype: DType, shape: Shape, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(dtype, shape)?;
    dispatch_float!(dtype, T, {
        out.view_mut::<T>()?.iter_mut().zip(x).for_each(|(out, &x)| *out = T::from_f64(x));
        Ok(())
    })?;
    Ok(out)
}

/// One parameter per channel, as `f64`.
pub(super) fn per_channel(x: &Tensor, n: usize) -> Result<Vec<f64>, OpError> {
    if x.len() == n {
        doubles(x)
    } else {
        Err(OpError::shape(format!("{n} numbers, one per channel"), x.shape()))
    }
}

/// Whether two element types are computed in double precision.
pub(super) fn is_double(x: &Tensor) -> bool {
    x.dtype() == f64::DTYPE
}

/// `[n, c, places]` of a shape `[n, c, ..]`; a vector has one channel.
pub(super) fn channels(shape: &Shape) -> Result<(usize, usize, usize), OpError> {
    match shape.dims() {
        [] => Err(OpError::shape("[n, c, ..]", shape)),
        [n] => Ok((*n, 1, 1)),
        [n, c, places @ ..] => Ok((*n, *c, places.iter().product())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_the_population() {
        for n in [1usize, 7, 8, 9, 40] {
            let x: Vec<f32> = (0..n).map(|i| i as f32 + 1e4).collect();
            let (mean, variance) = statistics(&x);
            let n = n as f64;
            assert_eq!(mean, 1e4 + (n - 1.0) / 2.0);
            assert!((variance - (n * n - 1.0) / 12.0).abs() < 1e-9);
        }
    }
}
