//! Softmax, its kin, and normalisation by length, along one axis of `[outer, n, inner]`.

use dunlin_ir::op::normalize::{Lp, Norm, Softmax, SoftmaxKind};
use dunlin_ir::{DType, Tensor};
use dunlin_kernels::norm::{self, softmax_f32};
use dunlin_sys::for_each_chunk_mut;

use crate::cpu::dispatch::dispatch;
use crate::cpu::real::{Real, narrowed, widen};
use crate::cpu::reduce::resolve;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Elements that one task normalises, roughly.
const TASK_LEN: usize = 1 << 12;

/// Softmax and its kin.
pub(crate) fn softmax(op: &Softmax, x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (n, inner) = extent(op, x)?;
    let wide = widen(x, ctx)?;
    if let (DType::F32, Some(kind)) = (wide.dtype(), kernel_kind(op.kind)) {
        let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
        softmax_f32(ctx.pool(), kind, wide.view()?, n, inner, out.view_mut()?);
        return narrowed(&out, x.dtype(), ctx);
    }
    let out = dispatch!(wide.dtype(), T in [f32, f64], {
        match op.kind {
            SoftmaxKind::Softmax => each_block::<T>(&wide, n * inner, ctx, |x, y| softmax_block(x, y, inner)),
            SoftmaxKind::LogSoftmax => {
                each_block::<T>(&wide, n * inner, ctx, |x, y| log_softmax_block(x, y, inner))
            }
            SoftmaxKind::Hardmax => each_block::<T>(&wide, n * inner, ctx, |x, y| hardmax_block(x, y, inner)),
        }
    })?;
    narrowed(&out, x.dtype(), ctx)
}

fn kernel_kind(kind: SoftmaxKind) -> Option<norm::SoftmaxKind> {
    match kind {
        SoftmaxKind::Softmax => Some(norm::SoftmaxKind::Softmax),
        SoftmaxKind::LogSoftmax => Some(norm::SoftmaxKind::LogSoftmax),
        SoftmaxKind::Hardmax => None,
    }
}

/// How many elements are normalised together, and how far apart they lie.
fn extent(op: &Softmax, x: &Tensor) -> Result<(usize, usize), OpError> {
    // A scalar is a row of one element, and so are the rows of an axis behind the last.
    let is_behind = op.flatten && usize::try_from(op.axis) == Ok(x.rank());
    if is_behind || x.rank() == 0 && (-1..=0).contains(&op.axis) {
        return Ok((1, 1));
    }
    let (_, n, inner) = x.shape().split_at_axis(resolve(op.axis, x.shape())?);
    Ok(if op.flatten { (n * inner, 1) } else { (n, inner) })
}

/// By length.
pub(super) fn lp(op: &Lp, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (_, n, inner) = x.shape().split_at_axis(resolve(op.axis, x.shape())?);
    let wide = widen(x, ctx)?;
    let out = dispatch!(wide.dtype(), T in [f32, f64], {
        each_block::<T>(&wide, n * inner, ctx, |x, y| divide_by_length(op.norm, x, y, inner))
    })?;
    narrowed(&out, x.dtype(), ctx).map(one)
}

/// Calls `f` with each `len` elements of `x` and where their results go.
fn each_block<T: Real>(
    x: &Tensor,
    len: usize,
    ctx: &Ctx<'_>,
    f: impl Fn(&[T], &mut [T]) + Sync,
) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    let x = x.view::<T>()?;
    if !x.is_empty() {
        let task_len = (TASK_LEN / len).max(1) * len;
        for_each_chunk_mut(ctx.pool(), out.view_mut::<T>()?, task_len, &|task, y| {
            let x = &x[task * task_len..][..y.len()];
            x.chunks_exact(len).zip(y.chunks_exact_mut(len)).for_each(|(x, y)| f(x, y));
        });
    }
    Ok(out)
}

/// For each of `inner` columns, what `f` makes of the running value and the next element.
fn fold_columns<T: Real>(x: &[T], inner: usize, start: f64, f: impl Fn(usize, f64, f64) -> f64) -> Vec<f64> {
    let mut folded = vec![start; inner];
    for row in x.chunks_exact(inner) {
        for (i, (folded, x)) in folded.iter_mut().zip(row).enumerate() {
            *folded = f(i, *folded, x.wide());
        }
    }
    folded
}

fn map_columns<T: Real>(x: &[T], y: &mut [T], inner: usize, f: impl Fn(usize, f64) -> f64) {
    for (x, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
        x.iter().zip(y).enumerate().for_each(|(i, (x, y))| *y = T::of(f(i, x.wide())));
    }
}

fn greatest<T: Real>(x: &[T], inner: usize) -> Vec<f64> {
    fold_columns(x, inner, f64::NEG_INFINITY, |_, max, x| if x > max || x.is_nan() { x } else { max })
}

fn softmax_block<T: Real>(x: &[T], y: &mut [T], inner: usize) {
    let max = greatest(x, inner);
    map_columns(x, y, inner, |i, x| (x - max[i]).exp());
    let sum = fold_columns(y, inner, 0.0, |_, sum, y| sum + y);
    for y in y.chunks_exact_mut(inner) {
        y.iter_mut().zip(&sum).for_each(|(y, sum)| *y = T::of(y.wide() / sum));
    }
}

fn log_softmax_block<T: Real>(x: &[T], y: &mut [T], inner: usize) {
    let max = greatest(x, inner);
    let sum = fold_columns(x, inner, 0.0, |i, sum, x| sum + (x - max[i]).exp());
    let log: Vec<f64> = sum.into_iter().map(f64::ln).collect();
    map_columns(x, y, inner, |i, x| x - max[i] - log[i]);
}

fn hardmax_block<T: Real>(x: &[T], y: &mut [T], inner: usize) {
    let max = greatest(x, inner);
    y.fill(T::default());
    for (i, &max) in max.iter().enumerate() {
        let first = x.iter().skip(i).step_by(inner).position(|x| x.wide() == max || x.wide().is_nan());
        if let Some(row) = first {
            y[row * inner + i] = T::of(1.0);
        }
    }
}

/// A length of 0 leaves zeros.
fn divide_by_length<T: Real>(norm: Norm, x: &[T], y: &mut [T], inner: usize) {
    let length = match norm {
        Norm::L1 => fold_columns(x, inner, 0.0, |_, sum, x| sum + x.abs()),
        Norm::L2 => fold_columns(x, inner, 0.0, |_, sum, x| sum + x * x).into_iter().map(f64::sqrt).collect(),
    };
    map_columns(x, y, inner, |i, x| if length[i] == 0.0 { 0.0 } else { x / length[i] });
}
