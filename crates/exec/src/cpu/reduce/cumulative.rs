//! Running sums and products along an axis.

use dunlin_ir::op::reduce::{Cumulative, CumulativeKind};
use dunlin_ir::{DType, Tensor};
use dunlin_sys::for_each_chunk_mut;
use half::{bf16, f16};

use super::{narrowed, resolve, widened};
use crate::cpu::dispatch::dispatch;
use crate::cpu::number::{Number, Sum};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(super) fn run(op: &Cumulative, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let axis = match inputs.tensor(1)?.dtype() {
        DType::I32 => i64::from(inputs.scalar::<i32>(1)?),
        _ => inputs.scalar::<i64>(1)?,
    };
    let x = inputs.tensor(0)?;
    let axis = resolve(axis, x.shape())?;
    if let Some(wide) = widened(x, ctx)? {
        let out = accumulate_kind::<i32>(op, &wide, axis, ctx)?;
        return Ok(one(narrowed(out, x.dtype(), ctx)?));
    }
    dispatch!(x.dtype(), T in [f32, f64, f16, bf16, i32, i64, u32, u64], {
        accumulate_kind::<T>(op, x, axis, ctx).map(one)
    })
}

fn accumulate_kind<T: Number>(
    op: &Cumulative,
    x: &Tensor,
    axis: usize,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    match op.kind {
        CumulativeKind::Sum => accumulate::<T>(op, x, axis, T::Sum::ZERO, Sum::plus, ctx),
        CumulativeKind::Prod => accumulate::<T>(op, x, axis, T::Sum::ONE, Sum::times, ctx),
    }
}

fn accumulate<T: Number>(
    op: &Cumulative,
    x: &Tensor,
    axis: usize,
    neutral: T::Sum,
    join: impl Fn(T::Sum, T::Sum) -> T::Sum + Sync,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    let (_, n, inner) = x.shape().split_at_axis(axis);
    let x = x.view::<T>()?;
    let y = out.view_mut::<T>()?;
    if y.is_empty() {
        return Ok(out);
    }
    let block_len = n * inner;
    for_each_chunk_mut(ctx.pool(), y, block_len, &|block, y| {
        let x = &x[block * block_len..][..block_len];
        let mut running = vec![neutral; inner];
        for step in 0..n {
            let row = if op.reverse { n - 1 - step } else { step } * inner;
            for (i, running) in running.iter_mut().enumerate() {
                let before = *running;
                *running = join(before, x[row + i].widen());
                y[row + i] = T::narrow(if op.exclusive { before } else { *running });
            }
        }
    });
    Ok(out)
}
