//! Searches for the position of the greatest or least element along an axis.

use dunlin_ir::op::reduce::{Arg, Extreme};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_sys::for_each_chunk_mut;
use half::{bf16, f16};

use super::{resolve, widened};
use crate::cpu::dispatch::dispatch;
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Elements that one task looks at, roughly.
const TASK_LEN: usize = 1 << 15;

/// Computes one step.
pub(super) fn run(op: &Arg, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let axis = resolve(op.axis, x.shape())?;
    if x.shape()[axis] == 0 {
        return Err(OpError::shape("at least one element along the axis", x.shape()));
    }
    let mut shape: Shape = x.shape().clone();
    shape[axis] = 1;
    let mut out = ctx.alloc(DType::I64, shape)?;
    let wide = widened(x, ctx)?;
    let elements = wide.as_ref().unwrap_or(x);
    dispatch!(elements.dtype(), T in [f32, f64, f16, bf16, i32, i64, u32, u64], {
        search::<T>(op, elements, axis, out.view_mut::<i64>()?, ctx)
    })?;
    if op.keep_dims {
        return Ok(one(out));
    }
    let rest = x.shape().iter().enumerate().filter(|&(i, _)| i != axis).map(|(_, &size)| size);
    Ok(one(out.reshaped(rest.collect())?))
}

fn search<T: Number>(
    op: &Arg,
    x: &Tensor,
    axis: usize,
    out: &mut [i64],
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let (_, n, inner) = x.shape().split_at_axis(axis);
    let x = x.view::<T>()?;
    match (op.extreme, op.select_last) {
        (Extreme::Max, false) => {
            search_by(x, n, inner, out, ctx, |x, best| x > best || is_nan(x) && !is_nan(best));
        }
        (Extreme::Max, true) => search_by(x, n, inner, out, ctx, |x, best| x >= best || is_nan(x)),
        (Extreme::Min, false) => {
            search_by(x, n, inner, out, ctx, |x, best| x < best || is_nan(x) && !is_nan(best));
        }
        (Extreme::Min, true) => search_by(x, n, inner, out, ctx, |x, best| x <= best || is_nan(x)),
    }
    Ok(())
}

/// For each result, the position of the element that no later one `beats`.
fn search_by<T: Number>(
    x: &[T],
    n: usize,
    inner: usize,
    out: &mut [i64],
    ctx: &Ctx<'_>,
    beats: impl Fn(T, T) -> bool + Sync,
) {
    let chunk_len = (TASK_LEN / n).max(1);
    for_each_chunk_mut(ctx.pool(), out, chunk_len, &|chunk, out| {
        for (i, out) in out.iter_mut().enumerate() {
            let position = chunk * chunk_len + i;
            let x = &x[position / inner * n * inner + position % inner..];
            let mut best = (0, x[0]);
            for (i, &x) in x.iter().step_by(inner).take(n).enumerate().skip(1) {
                if beats(x, best.1) {
                    best = (i as i64, x);
                }
            }
            *out = best.0;
        }
    });
}

#[allow(clippy::eq_op, reason = "a generic test for NaN")]
fn is_nan<T: Number>(x: T) -> bool {
    x != x
}
