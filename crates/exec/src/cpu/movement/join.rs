//! Concatenation and its reverse.

use dunlin_ir::op::movement::{Concat, Split, split_sizes};
use dunlin_ir::{Shape, Tensor, Value};
use dunlin_kernels::strided::{chunk_units, copy_bytes};
use dunlin_sys::for_each_chunk_mut;

use super::layout::narrow;
use super::{axis, sizes};
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::{Ctx, Inputs, OpError, Outputs};

pub(super) fn concat(op: Concat, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut tensors = (0..inputs.len()).map(|i| inputs.take(i)).collect::<Result<Vec<_>, _>>()?;
    let first = tensors.first().ok_or(OpError::MissingInput(0))?.shape().clone();
    let along = axis(op.axis, first.rank())?;
    let mut shape = first.clone();
    shape[along] = 0;
    for tensor in &tensors {
        let other = tensor.shape();
        let fits = other.rank() == first.rank()
            && (0..first.rank()).all(|axis| axis == along || other[axis] == first[axis]);
        if !fits {
            return Err(OpError::shapes(format!("shapes that differ at axis {along} only"), &first, other));
        }
        shape[along] = shape[along]
            .checked_add(other[along])
            .ok_or_else(|| OpError::Tensor(dunlin_ir::TensorError::TooLarge(other.clone())))?;
    }
    if tensors.len() == 1 {
        return tensors.pop().ok_or(OpError::MissingInput(0));
    }
    with_cells_one(tensors, ctx, |cells| join(&cells, along, shape, ctx))
}

fn join(cells: &[Tensor], along: usize, shape: Shape, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(cells[0].dtype(), shape)?;
    if out.is_empty() {
        return Ok(out);
    }
    let (n_rows, size, inner) = out.shape().split_at_axis(along);
    let width = cell_bytes(&cells[0]);
    let parts: Vec<(&[u8], usize)> =
        cells.iter().map(|part| (part.bytes(), part.shape()[along] * inner * width)).collect();
    let out_bytes = fresh_bytes(&mut out)?;
    if n_rows == 1 {
        let mut rest = out_bytes;
        for (bytes, row_bytes) in parts {
            let (part, after) = std::mem::take(&mut rest).split_at_mut(row_bytes);
            copy_bytes(ctx.pool(), bytes, part);
            rest = after;
        }
        return Ok(out);
    }
    let row_bytes = size * inner * width;
    let rows_per_task = chunk_units(ctx.pool(), n_rows, row_bytes);
    for_each_chunk_mut(ctx.pool(), out_bytes, rows_per_task * row_bytes, &|task, rows| {
        for (i, row) in rows.chunks_exact_mut(row_bytes).enumerate() {
            let at = task * rows_per_task + i;
            let mut rest = row;
            for (bytes, part_bytes) in &parts {
                let (part, after) = std::mem::take(&mut rest).split_at_mut(*part_bytes);
                part.copy_from_slice(&bytes[at * part_bytes..(at + 1) * part_bytes]);
                rest = after;
            }
        }
    });
    Ok(out)
}

pub(super) fn split(op: Split, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let parts = inputs.optional_ints(1)?;
    let x = inputs.take(0)?;
    let along = axis(op.axis, x.rank())?;
    let size = x.shape()[along];
    let parts = match parts {
        Some(parts) => {
            let parts = sizes(&parts)?;
            let sum = parts.iter().try_fold(0usize, |sum, &part| sum.checked_add(part));
            if sum != Some(size) || parts.rank() < ctx.n_outputs() {
                let expected = format!("{} parts of axis {along} of {}", ctx.n_outputs(), x.shape());
                return Err(OpError::shape(expected, parts));
            }
            parts.to_vec()
        }
        None if op.n_parts <= size.max(ctx.n_outputs()) => split_sizes(size, op.n_parts),
        None => return Err(OpError::value(format!("at most {size} parts"), op.n_parts)),
    };
    let mut outputs = Outputs::new();
    let mut start = 0;
    for (i, &len) in parts.iter().enumerate().take(ctx.n_outputs()) {
        let part = if ctx.wants(i) { Some(narrow(&x, along, start, len, ctx)?) } else { None };
        outputs.push(part.map(Value::Tensor));
        start += len;
    }
    Ok(outputs)
}
