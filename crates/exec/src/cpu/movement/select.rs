//! Operators that keep, reorder or clear rows: compress, reverse sequences, triangles.

use dunlin_ir::op::movement::{Compress, ReverseSequence, Trilu};
use dunlin_ir::{Shape, Tensor};
use dunlin_kernels::gather::gather_rows;

use super::axis;
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::{Ctx, Inputs, OpError};

pub(super) fn compress(op: Compress, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let keep: Vec<bool> = inputs.view::<dunlin_ir::Bool>(1)?.iter().map(|keep| keep.get()).collect();
    let x = inputs.take(0)?;
    let (x, along) = match op.axis {
        Some(along) => {
            let along = axis(along, x.rank())?;
            (x, along)
        }
        None => {
            let flat = Shape::new(&[x.len()]);
            (x.reshaped(flat)?, 0)
        }
    };
    let size = x.shape()[along];
    if let Some(beyond) = keep.iter().skip(size).position(|&keep| keep) {
        return Err(OpError::value(
            format!("conditions for {size} slices"),
            format!("one at {}", size + beyond),
        ));
    }
    let kept: Vec<usize> = (0..size.min(keep.len())).filter(|&i| keep[i]).collect();
    take_rows(x, along, &kept, ctx)
}

/// The slices of `x` along an axis that `rows` names, in order; each must be below the axis' size.
fn take_rows(x: Tensor, along: usize, rows: &[usize], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut shape = x.shape().clone();
    shape[along] = rows.len();
    with_cells_one(vec![x], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape)?;
        if out.is_empty() {
            return Ok(out);
        }
        let (_, size, inner) = cells[0].shape().split_at_axis(along);
        let row_bytes = inner * cell_bytes(&cells[0]);
        gather_rows(ctx.pool(), cells[0].bytes(), size, row_bytes, rows, fresh_bytes(&mut out)?);
        Ok(out)
    })
}

pub(super) fn reverse_sequence(
    op: ReverseSequence,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let lengths = inputs.ints(1)?;
    let x = inputs.take(0)?;
    if x.rank() < 2 {
        return Err(OpError::shape("a tensor of rank 2 or more", x.shape()));
    }
    let (n_batch, n_time) = (x.shape()[op.batch_axis], x.shape()[op.time_axis]);
    if lengths.len() != n_batch {
        return Err(OpError::shape(format!("{n_batch} lengths"), lengths.len()));
    }
    if let Some(wrong) = lengths.iter().find(|&&length| usize::try_from(length).map_or(true, |n| n > n_time))
    {
        return Err(OpError::value(format!("lengths from 0 to {n_time}"), wrong));
    }
    // Rows are slices at one batch and time, numbered as they lie.
    let row = |batch: usize, time: usize| match op.time_axis {
        0 => time * n_batch + batch,
        _ => batch * n_time + time,
    };
    let mut rows = vec![0; n_batch * n_time];
    for (batch, &length) in lengths.iter().enumerate() {
        let length = length as usize;
        for time in 0..n_time {
            let from = if time < length { length - 1 - time } else { time };
            rows[row(batch, time)] = row(batch, from);
        }
    }
    let shape = x.shape().clone();
    let inner: usize = shape[2..].iter().product();
    let flat = x.reshaped([n_batch * n_time, inner].into())?;
    Ok(take_rows(flat, 0, &rows, ctx)?.reshaped(shape)?)
}

pub(super) fn trilu(op: Trilu, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let k = match inputs.optional_ints(1)?.as_deref() {
        None => 0,
        Some(&[k]) => k,
        Some(other) => return Err(OpError::shape("one diagonal", other.len())),
    };
    let x = inputs.take(0)?;
    let &[.., rows, columns] = x.shape().dims() else {
        return Err(OpError::shape("a tensor of rank 2 or more", x.shape()));
    };
    if x.is_empty() {
        return Ok(x);
    }
    with_cells_one(vec![x], ctx, |mut cells| {
        let mut x = match cells.pop() {
            Some(x) => x,
            None => return Err(OpError::MissingInput(0)),
        };
        if x.try_bytes_mut().is_none() {
            let mut copy = ctx.alloc(x.dtype(), x.shape().clone())?;
            fresh_bytes(&mut copy)?.copy_from_slice(x.bytes());
            x = copy;
        }
        let width = cell_bytes(&x);
        for (i, row) in fresh_bytes(&mut x)?.chunks_exact_mut(columns * width).enumerate() {
            // The first column that belongs to the upper triangle, or the first that no longer belongs to the lower.
            let first = k.saturating_add((i % rows) as i64).saturating_add(i64::from(!op.upper));
            let first = first.clamp(0, columns as i64) as usize * width;
            if op.upper { row[..first].fill(0) } else { row[first..].fill(0) }
        }
        Ok(x)
    })
}
