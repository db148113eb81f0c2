//! Heads apart: the layout in which attention is computed, and how it is reached and left.

use dunlin_ir::{DType, Shape, Tensor};
use dunlin_sys::for_each_chunk_mut;

use crate::cpu::real::widen;
use crate::{Ctx, OpError};

/// Elements that one task copies, at least.
const TASK_LEN: usize = 1 << 14;

/// `x` as `float32`.
pub(super) fn wide(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match x.dtype() {
        DType::F32 | DType::F16 | DType::BF16 => widen(x, ctx),
        other => Err(OpError::dtype("float32, float16 or bfloat16", other)),
    }
}

/// The sizes of `x` as `[b, h, s, d]`; of rank 3, it is `[b, s, h * d]`.
pub(super) fn sizes(x: &Tensor, n_heads: Option<usize>) -> Result<[usize; 4], OpError> {
    match (x.shape().dims(), n_heads) {
        (&[b, h, s, d], _) => Ok([b, h, s, d]),
        (&[b, s, width], Some(n)) if n > 0 && width.is_multiple_of(n) => Ok([b, n, s, width / n]),
        (_, Some(n)) => Err(OpError::shape(format!("[b, s, {n} * d] or [b, {n}, s, d]"), x.shape())),
        (_, None) => Err(OpError::shape("[b, h, s, d]", x.shape())),
    }
}

/// `x` as `[b, h, s, d]`. It must hold `float32`.
pub(super) fn apart(x: Tensor, n_heads: Option<usize>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let [b, h, s, d] = sizes(&x, n_heads)?;
    let shape = Shape::new(&[b, h, s, d]);
    if x.rank() == 4 {
        return Ok(x);
    }
    if s <= 1 || h <= 1 {
        return Ok(x.reshaped(shape)?);
    }
    let mut out = ctx.alloc(DType::F32, shape)?;
    let from = x.view::<f32>()?;
    swap(from, [b, s, h, d], out.view_mut()?, ctx);
    Ok(out)
}

/// `[b, h, s, d]` as `[b, s, h * d]`.
pub(super) fn joined(x: Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let [b, h, s, d] = sizes(&x, None)?;
    let shape = Shape::new(&[b, s, h * d]);
    if s <= 1 || h <= 1 {
        return Ok(x.reshaped(shape)?);
    }
    let mut out = ctx.alloc(DType::F32, shape)?;
    swap(x.view::<f32>()?, [b, h, s, d], out.view_mut()?, ctx);
    Ok(out)
}

/// Copies `[b, m, n, d]` to `[b, n, m, d]`.
fn swap(from: &[f32], [_, m, n, d]: [usize; 4], to: &mut [f32], ctx: &Ctx<'_>) {
    let row_len = m * d;
    if row_len == 0 {
        return;
    }
    let rows = (TASK_LEN / row_len).max(1);
    for_each_chunk_mut(ctx.pool(), to, rows * row_len, &|task, to| {
        for (i, row) in to.chunks_exact_mut(row_len).enumerate() {
            let (b, at) = ((task * rows + i) / n, (task * rows + i) % n);
            for (j, to) in row.chunks_exact_mut(d).enumerate() {
                to.copy_from_slice(&from[((b * m + j) * n + at) * d..][..d]);
            }
        }
    });
}

/// `[b, g, p, d]` and `[b, g, n, d]` joined along the third axis. Both must hold `float32`.
pub(super) fn appended(past: &Tensor, new: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let ([b, g, n, d], [past_b, past_g, p, past_d]) = (sizes(new, None)?, sizes(past, None)?);
    if (b, g, d) != (past_b, past_g, past_d) {
        return Err(OpError::shape(format!("a past of [{b}, {g}, p, {d}]"), past.shape()));
    }
    let total = p.checked_add(n).ok_or_else(|| OpError::shape("sizes that can be added", past.shape()))?;
    let mut out = ctx.alloc(DType::F32, Shape::new(&[b, g, total, d]))?;
    let (past, new) = (past.view::<f32>()?, new.view::<f32>()?);
    for_each_chunk_mut(ctx.pool(), out.view_mut()?, (total * d).max(1), &|at, out| {
        let (left, right) = out.split_at_mut(p * d);
        left.copy_from_slice(&past[at * p * d..][..p * d]);
        right.copy_from_slice(&new[at * n * d..][..n * d]);
    });
    Ok(out)
}
