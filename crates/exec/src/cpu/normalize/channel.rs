//! Norms per sample and channel or group of channels, over neighbouring channels, and over any axes.

use dunlin_ir::op::normalize::{Group, Instance, Lrn, MeanVariance};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::norm::{Affine, AffineAlong, NormKind, norm_rows_f32};
use dunlin_sys::for_each_chunk_mut;

use super::rows::{channels, per_channel, statistics};
use crate::cpu::dispatch::dispatch;
use crate::cpu::linear::permuted;
use crate::cpu::real::{Real, narrowed, widen};
use crate::cpu::reduce::resolve;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Per sample and channel.
pub(super) fn instance(op: &Instance, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let (_, c, _) = channels(inputs.tensor(0)?.shape())?;
    let [scale, bias] = [1, 2].map(|i| per_channel(inputs.tensor(i)?, c));
    groups(inputs.tensor(0)?, c, &scale?, &bias?, op.epsilon, ctx).map(one)
}

/// Per sample and group of channels.
pub(super) fn group(op: &Group, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let shape = inputs.tensor(0)?.shape();
    let (_, c, _) = channels(shape)?;
    if c % op.n_groups != 0 {
        return Err(OpError::shape(format!("channels in {} equal groups", op.n_groups), shape));
    }
    let repeats = if op.affine_per_group { c / op.n_groups } else { 1 };
    let affine = |i| -> Result<Vec<f64>, OpError> {
        let numbers = per_channel(inputs.tensor(i)?, c / repeats.max(1))?;
        Ok(numbers.into_iter().flat_map(|x| std::iter::repeat_n(x, repeats)).collect())
    };
    groups(inputs.tensor(0)?, op.n_groups, &affine(1)?, &affine(2)?, op.epsilon, ctx).map(one)
}

fn groups(
    x: &Tensor,
    n_groups: usize,
    scale: &[f64],
    bias: &[f64],
    epsilon: f32,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let dtype = x.dtype();
    let (_, c, places) = channels(x.shape())?;
    let x = widen(x, ctx)?;
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    if out.is_empty() {
        return narrowed(&out, dtype, ctx);
    }
    if n_groups == c && x.dtype() == DType::F32 {
        let [scale, bias] = [scale, bias].map(|part| part.iter().map(|&x| x as f32).collect::<Vec<f32>>());
        let affine = Affine { scale: Some(&scale), bias: Some(&bias) };
        let (kind, along) = (NormKind::Standard, AffineAlong::Rows);
        norm_rows_f32(ctx.pool(), kind, x.view()?, places, affine, along, epsilon, out.view_mut()?);
        return narrowed(&out, dtype, ctx);
    }
    let group_len = c / n_groups * places;
    dispatch!(x.dtype(), T in [f32, f64], {
        let x = x.view::<T>()?;
        for_each_chunk_mut(ctx.pool(), out.view_mut::<T>()?, group_len, &|i, y| {
            let x = &x[i * group_len..][..group_len];
            let (mean, variance) = statistics(x);
            let inverse = 1.0 / (variance + f64::from(epsilon)).sqrt();
            let first = i % n_groups * (c / n_groups);
            for (i, (x, y)) in x.chunks_exact(places).zip(y.chunks_exact_mut(places)).enumerate() {
                let channel = first + i;
                let (mean, factor, bias) =
                    (T::of(mean), T::of(inverse * scale[channel]), T::of(bias[channel]));
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * factor + bias);
            }
        });
        Ok(())
    })?;
    narrowed(&out, dtype, ctx)
}

/// By the squares of neighbouring channels.
pub(super) fn lrn(op: &Lrn, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let dtype = x.dtype();
    let (_, c, places) = channels(x.shape())?;
    let x = widen(x, ctx)?;
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    if out.is_empty() {
        return narrowed(&out, dtype, ctx).map(one);
    }
    dispatch!(x.dtype(), T in [f32, f64], {
        let x = x.view::<T>()?;
        for_each_chunk_mut(ctx.pool(), out.view_mut::<T>()?, places, &|row, y| {
            let (sample, channel) = (row / c * c, row % c);
            let first = channel.saturating_sub((op.size - 1) / 2);
            let last = (channel + op.size / 2).min(c - 1);
            y.fill(T::default());
            for other in first..=last {
                let x = &x[(sample + other) * places..][..places];
                y.iter_mut().zip(x).for_each(|(y, &x)| *y += x * x);
            }
            let (alpha, bias) = (T::of(f64::from(op.alpha) / op.size as f64), T::of(f64::from(op.bias)));
            let x = &x[row * places..][..places];
            if op.beta == 0.75 {
                // The usual exponent needs roots only.
                y.iter_mut().zip(x).for_each(|(y, &x)| {
                    let root = (bias + alpha * *y).sqrt();
                    *y = x / (root * root.sqrt());
                });
            } else {
                let beta = T::of(f64::from(op.beta));
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = x / (bias + alpha * *y).powf(beta));
            }
        });
        Ok(())
    })?;
    narrowed(&out, dtype, ctx).map(one)
}

/// To mean 0 and variance 1 over any axes, which are brought to the end and back.
pub(super) fn mean_variance(
    op: &MeanVariance,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let mut reduced = vec![false; x.rank()];
    for &axis in &op.axes {
        reduced[resolve(axis, x.shape())?] = true;
    }
    let mut order: Vec<usize> = (0..x.rank()).collect();
    order.sort_by_key(|&axis| reduced[axis]);
    let row_len: usize = (0..x.rank()).filter(|&axis| reduced[axis]).map(|axis| x.shape()[axis]).product();
    let mut back = vec![0; x.rank()];
    order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
    let dtype = x.dtype();
    let x = widen(x, ctx)?;
    let out = dispatch!(x.dtype(), T in [f32, f64], {
        let rows = permuted::<T>(&x, &order, ctx)?;
        let rows = standardized::<T>(&rows, row_len, ctx)?;
        permuted::<T>(&rows, &back, ctx)
    })?;
    narrowed(&out, dtype, ctx).map(one)
}

fn standardized<T: Real>(x: &Tensor, row_len: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    // What the standard's own definition adds to the deviation.
    const EPSILON: f64 = 1e-9;
    let shape: Shape = x.shape().clone();
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let x = x.view::<T>()?;
    for_each_chunk_mut(ctx.pool(), out.view_mut::<T>()?, row_len, &|row, y| {
        let x = &x[row * row_len..][..row_len];
        let (mean, variance) = statistics(x);
        let (mean, factor) = (T::of(mean), T::of(1.0 / (variance.sqrt() + EPSILON)));
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * factor);
    });
    Ok(out)
}
