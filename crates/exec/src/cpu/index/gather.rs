//! The gathers.

use dunlin_ir::op::index::{Axis, GatherNd};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::gather::gather_rows;
use dunlin_kernels::strided::{View, chunk_units};
use dunlin_sys::for_each_chunk_mut;

use super::{axis, indices, reserved, tuple_rows};
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::cpu::movement::layout::copy_view;
use crate::{Ctx, Inputs, OpError};

pub(super) fn gather(op: Axis, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let data = inputs.take(0)?;
    let along = axis(op.axis, data.rank())?;
    let positions = inputs.tensor(1)?;
    let (outer, size, inner) = data.shape().split_at_axis(along);
    let rows = indices(positions, size)?;
    let dims = data.shape().dims();
    let shape: Shape =
        dims[..along].iter().chain(positions.shape().iter()).chain(&dims[along + 1..]).copied().collect();
    match rows[..] {
        // A view may be shared with the steps that follow, which need it aligned.
        [row] if data.is_aligned() => {
            let view = View::new(row * inner, &[outer, inner], &[(size * inner) as isize, 1]);
            copy_view(data, &view, shape, ctx)
        }
        _ => gather_shaped(data, size, inner, &rows, shape, ctx),
    }
}

/// Gathers rows of `inner` elements out of blocks of `size` rows.
fn gather_shaped(
    data: Tensor,
    size: usize,
    inner: usize,
    rows: &[usize],
    shape: Shape,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let copy = |data: &Tensor, row_bytes: usize, shape: Shape| {
        let mut out = ctx.alloc(data.dtype(), shape)?;
        gather_rows(ctx.pool(), data.bytes(), size, row_bytes, rows, fresh_bytes(&mut out)?);
        Ok(out)
    };
    let row_bits = inner * data.dtype().bits();
    // Rows of packed elements that begin and end with a byte need no unpacking.
    if data.dtype() != DType::String && row_bits.is_multiple_of(8) {
        return copy(&data, row_bits / 8, shape);
    }
    with_cells_one(vec![data], ctx, |cells| copy(&cells[0], inner * cell_bytes(&cells[0]), shape))
}

pub(super) fn gather_nd(op: GatherNd, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let data = inputs.take(0)?;
    let tuples = inputs.tensor(1)?;
    let misfit = || {
        let expected = format!("data and index tuples that share {} leading axes", op.batch_dims);
        OpError::shapes(expected, data.shape(), tuples.shape())
    };
    let (&n, outer) = tuples.shape().split_last().ok_or_else(misfit)?;
    let b = op.batch_dims;
    let indexed = b.checked_add(n).filter(|&end| end <= data.rank()).ok_or_else(misfit)?;
    if outer.len() < b || outer[..b] != data.shape()[..b] {
        return Err(misfit());
    }
    let (batches, size, inner): (usize, usize, usize) = (
        outer[..b].iter().product(),
        data.shape()[b..indexed].iter().product(),
        data.shape()[indexed..].iter().product(),
    );
    let shape: Shape = outer.iter().chain(&data.shape()[indexed..]).copied().collect();
    ctx.checked_bytes(data.dtype(), &shape)?;
    let mut rows = tuple_rows(tuples, &data.shape()[b..indexed])?;
    let per_batch = rows.len() / batches.max(1);
    rows.iter_mut().enumerate().for_each(|(i, row)| *row += i / per_batch * size);
    gather_shaped(data, batches * size, inner, &rows, shape, ctx)
}

pub(super) fn gather_elements(op: Axis, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let data = inputs.take(0)?;
    let along = axis(op.axis, data.rank())?;
    let positions = inputs.tensor(1)?;
    let shape = positions.shape().clone();
    let fits = shape.rank() == data.rank()
        && (0..data.rank()).all(|axis| axis == along || shape[axis] <= data.shape()[axis]);
    if !fits {
        let expected = format!("indices no larger than the data but at axis {along}");
        return Err(OpError::shapes(expected, data.shape(), &shape));
    }
    let picks = indices(positions, data.shape()[along])?;
    with_cells_one(vec![data], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape)?;
        if out.is_empty() {
            return Ok(out);
        }
        match cell_bytes(&cells[0]) {
            1 => pick::<[u8; 1]>(&cells[0], along, &picks, &mut out, ctx)?,
            2 => pick::<[u8; 2]>(&cells[0], along, &picks, &mut out, ctx)?,
            4 => pick::<[u8; 4]>(&cells[0], along, &picks, &mut out, ctx)?,
            8 => pick::<[u8; 8]>(&cells[0], along, &picks, &mut out, ctx)?,
            _ => pick::<[u8; 16]>(&cells[0], along, &picks, &mut out, ctx)?,
        }
        Ok(out)
    })
}

fn pick<T: bytemuck::Pod + Send + Sync>(
    data: &Tensor,
    along: usize,
    picks: &[usize],
    out: &mut Tensor,
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let lines = Lines::new(data.shape(), out.shape(), along)?;
    let source: &[T] = bytemuck::cast_slice(data.bytes());
    let out: &mut [T] = bytemuck::cast_slice_mut(fresh_bytes(out)?);
    let per_task = chunk_units(ctx.pool(), lines.starts.len(), lines.len * size_of::<T>() * 4);
    for_each_chunk_mut(ctx.pool(), out, per_task * lines.len, &|task, part| {
        for (i, line) in part.chunks_exact_mut(lines.len).enumerate() {
            let at = task * per_task + i;
            let (start, picks) = (lines.starts[at], &picks[at * lines.len..]);
            for (j, (out, &pick)) in line.iter_mut().zip(picks).enumerate() {
                *out = source[start + j * lines.step + pick * lines.stride];
            }
        }
    });
    Ok(())
}

/// Where the elements that indices along an axis choose from begin, line by line of the last axis: element `j` of line
/// `i` with index `k` is at `starts[i] + j * step + k * stride`.
pub(super) struct Lines {
    /// For each line.
    pub starts: Vec<usize>,
    /// The length of a line.
    pub len: usize,
    /// From one element of a line to the next: 0 if the last axis is the indexed one.
    pub step: usize,
    /// From one index to the next.
    pub stride: usize,
}

impl Lines {
    /// For indices of shape `of` (not empty) into a tensor of shape `data`.
    pub fn new(data: &Shape, of: &Shape, along: usize) -> Result<Lines, OpError> {
        let strides = data.strides();
        let last = of.rank().saturating_sub(1);
        let len = of.last().copied().unwrap_or(1);
        let n_lines = of.n_elements() / len;
        let mut starts = reserved(n_lines)?;
        for line in 0..n_lines {
            let (mut rest, mut start) = (line, 0);
            for axis in (0..last).rev() {
                if axis != along {
                    start += rest % of[axis] * strides[axis];
                }
                rest /= of[axis];
            }
            starts.push(start);
        }
        Ok(Lines { starts, len, step: usize::from(along != last), stride: strides[along] })
    }
}
