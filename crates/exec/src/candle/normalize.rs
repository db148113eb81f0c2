//! Normalisation and softmax, composed of candle's operators.

use candle_core::Tensor;
use dunlin_ir::op::Normalize;
use dunlin_ir::op::normalize::{Lp, Lrn, Norm, Softmax, SoftmaxKind};
use dunlin_ir::op::reduce::CumulativeKind;

use super::args::{Args, axis, padded};
use super::declined;
use super::elementwise::power;
use super::reduce::{max, mean, running, sum};
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Normalize, args: &Args<'_>) -> Result<Vec<Option<Tensor>>, Refusal> {
    let x = args.tensor(0)?;
    let spatial: Vec<usize> = (2..x.rank()).collect();
    let one = |y: Tensor| Ok(vec![Some(y)]);
    match op {
        Normalize::Batch(op) => {
            let channel = |i| along_channels(args.tensor(i)?, x.rank());
            let factor = channel(1)?.div(&channel(4)?.affine(1.0, op.epsilon.into())?.sqrt()?)?;
            let y = x.broadcast_sub(&channel(3)?)?.broadcast_mul(&factor)?;
            one(y.broadcast_add(&channel(2)?)?)
        }
        Normalize::Instance(op) => {
            let y = standardized(x, &spatial, op.epsilon)?.0;
            let y = y.broadcast_mul(&along_channels(args.tensor(1)?, x.rank())?)?;
            one(y.broadcast_add(&along_channels(args.tensor(2)?, x.rank())?)?)
        }
        Normalize::Group(op) => {
            let (n, n_groups) = (x.dims()[0], op.n_groups.max(1));
            let grouped = x.contiguous()?.reshape((n, n_groups, x.elem_count() / (n * n_groups)))?;
            let mut y = standardized(&grouped, &[2], op.epsilon)?.0;
            let (scale, bias) = (args.tensor(1)?, args.tensor(2)?);
            if op.affine_per_group {
                y = y.broadcast_mul(&along_channels(scale, 3)?)?.broadcast_add(&along_channels(bias, 3)?)?;
                return one(y.reshape(x.dims())?);
            }
            let y = y.reshape(x.dims())?.broadcast_mul(&along_channels(scale, x.rank())?)?;
            one(y.broadcast_add(&along_channels(bias, x.rank())?)?)
        }
        Normalize::Layer(op) => {
            let axes: Vec<usize> = (axis(op.axis, x.rank())?..x.rank()).collect();
            let (mut y, mean, inverse) = standardized(x, &axes, op.epsilon)?;
            if let Some(scale) = args.optional(1)? {
                y = y.broadcast_mul(scale)?;
            }
            if let Some(bias) = args.optional(2)? {
                y = y.broadcast_add(bias)?;
            }
            Ok(vec![Some(y), args.wants(1).then_some(mean), args.wants(2).then_some(inverse)])
        }
        Normalize::Rms(op) => {
            let axes: Vec<usize> = (axis(op.axis, x.rank())?..x.rank()).collect();
            let inverse = mean(&x.sqr()?, &axes)?.affine(1.0, op.epsilon.into())?.sqrt()?.recip()?;
            let y = x.broadcast_mul(&inverse)?.broadcast_mul(args.tensor(1)?)?;
            Ok(vec![Some(y), args.wants(1).then_some(inverse)])
        }
        Normalize::MeanVariance(op) => {
            let axes: Vec<usize> = op.axes.iter().map(|&i| axis(i, x.rank())).collect::<Result<_, _>>()?;
            let centred = x.broadcast_sub(&mean(x, &axes)?)?;
            let deviation = mean(&centred.sqr()?, &axes)?.sqrt()?.affine(1.0, 1e-9)?;
            one(centred.broadcast_div(&deviation)?)
        }
        Normalize::Lp(op) => one(by_length(op, x)?),
        Normalize::Lrn(op) => one(local_response(op, x)?),
        Normalize::Softmax(op) => one(softmax(op, x)?),
        Normalize::Dropout(_) => declined("random numbers are drawn on the CPU"),
    }
}

/// A vector over the channels, so that it broadcasts to a tensor of a rank.
pub(super) fn along_channels(x: &Tensor, rank: usize) -> Computed {
    let mut dims = vec![1; rank];
    match dims.get_mut(1) {
        Some(dim) => *dim = x.elem_count(),
        None => return declined("a tensor without channels"),
    }
    Ok(x.reshape(dims)?)
}

/// To mean 0 and variance 1; then the mean, and one over the deviation.
fn standardized(x: &Tensor, axes: &[usize], epsilon: f32) -> Result<(Tensor, Tensor, Tensor), Refusal> {
    let mean_of = mean(x, axes)?;
    let centred = x.broadcast_sub(&mean_of)?;
    let inverse = mean(&centred.sqr()?, axes)?.affine(1.0, epsilon.into())?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&inverse)?, mean_of, inverse))
}

fn by_length(op: &Lp, x: &Tensor) -> Computed {
    let axes = [axis(op.axis, x.rank())?];
    let length = match op.norm {
        Norm::L1 => sum(&x.abs()?, &axes)?,
        Norm::L2 => sum(&x.sqr()?, &axes)?.sqrt()?,
    };
    let divisor = length.eq(0f32)?.where_cond(&length.ones_like()?, &length)?;
    Ok(x.broadcast_div(&divisor)?)
}

fn local_response(op: &Lrn, x: &Tensor) -> Computed {
    if x.rank() < 2 || op.size == 0 {
        return declined("a tensor without channels");
    }
    let before = (op.size - 1) / 2;
    let squares = padded(&x.sqr()?, 1, before, op.size - 1 - before, 0.0)?;
    let n = x.dims()[1];
    let mut sum = squares.narrow(1, 0, n)?;
    for i in 1..op.size {
        sum = sum.add(&squares.narrow(1, i, n)?)?;
    }
    let scale = f64::from(op.alpha) / op.size as f64;
    Ok(x.div(&power(&sum.affine(scale, op.bias.into())?, op.beta)?)?)
}

fn softmax(op: &Softmax, x: &Tensor) -> Computed {
    let first = axis(op.axis, x.rank().max(1))?;
    let last = if op.flatten { x.rank() } else { (first + 1).min(x.rank()) };
    let axes: Vec<usize> = (first..last).collect();
    let max = max(x, &axes)?;
    if op.kind == SoftmaxKind::Hardmax {
        return hardmax(x, &max, &axes);
    }
    let shifted = x.broadcast_sub(&max)?;
    let exp = shifted.exp()?;
    let total = sum(&exp, &axes)?;
    Ok(match op.kind {
        SoftmaxKind::LogSoftmax => shifted.broadcast_sub(&total.log()?)?,
        _ => exp.broadcast_div(&total)?,
    })
}

/// 1 at the first of the greatest elements.
fn hardmax(x: &Tensor, max: &Tensor, axes: &[usize]) -> Computed {
    let &[along] = axes else { return declined("the maximum over several axes") };
    let is_max = x.broadcast_eq(max)?.to_dtype(x.dtype())?;
    let is_first = running(&is_max, along, CumulativeKind::Sum)?.eq(1f32)?.to_dtype(x.dtype())?;
    Ok(is_max.mul(&is_first)?)
}
