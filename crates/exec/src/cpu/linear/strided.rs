//! Copies of tensors whose axes are permuted, repeated or summed.

use dunlin_ir::{Shape, Tensor};
use dunlin_kernels::strided::{View, copy_strided};
use dunlin_sys::for_each_chunk_mut;

use super::product::Ring;
use crate::{Ctx, OpError};

/// Elements that one task sums, roughly.
const TASK_LEN: usize = 1 << 14;

/// A size and the distance between neighbours, in elements.
pub(super) type Axis = (usize, usize);

/// `x` with its axes in another order.
pub(crate) fn permuted<T: Ring>(x: &Tensor, axes: &[usize], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let strides = x.shape().strides();
    let axes: Vec<Axis> = axes.iter().map(|&axis| (x.shape()[axis], strides[axis])).collect();
    gathered::<T>(x, &axes, &[], ctx)
}

/// `x` repeated to fill `shape`, which it must broadcast to.
pub(crate) fn broadcast<T: Ring>(x: &Tensor, shape: &Shape, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let strides = x.shape().strides();
    let pad = shape.rank() - x.rank();
    let axis = |i: usize| match i.checked_sub(pad) {
        Some(own) if x.shape()[own] != 1 => (shape[i], strides[own]),
        _ => (shape[i], 0),
    };
    let axes: Vec<Axis> = (0..shape.rank()).map(axis).collect();
    gathered::<T>(x, &axes, &[], ctx)
}

/// The tensor of the axes `kept`, of which each element is the sum over the axes `summed` of the elements of `x`.
pub(super) fn gathered<T: Ring>(
    x: &Tensor,
    kept: &[Axis],
    summed: &[Axis],
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let shape: Shape = kept.iter().map(|&(size, _)| size).collect();
    if summed.is_empty() && is_row_major(kept) && shape.n_elements() == x.len() {
        return Ok(x.clone().reshaped(shape)?);
    }
    let mut out = ctx.alloc(T::DTYPE, shape.clone())?;
    if summed.is_empty() {
        let strides: Vec<isize> = kept.iter().map(|&(_, stride)| stride as isize).collect();
        let view = View::new(0, &shape, &strides);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(out.view_mut::<T>()?);
        copy_strided(ctx.pool(), x.bytes(), size_of::<T>(), &view, bytes);
        return Ok(out);
    }
    let (x, y) = (x.view::<T>()?, out.view_mut::<T>()?);
    let (outer, (row_len, stride)) = match kept {
        [outer @ .., last] => (outer, *last),
        [] => (&[][..], (1, 0)),
    };
    if y.is_empty() {
        return Ok(out);
    }
    let n_summed: usize = summed.iter().map(|&(size, _)| size).product();
    let rows_per_task = (TASK_LEN / row_len.saturating_mul(n_summed).max(1)).max(1);
    for_each_chunk_mut(ctx.pool(), y, rows_per_task * row_len, &|task, y| {
        for (i, y) in y.chunks_exact_mut(row_len).enumerate() {
            let base = offset(outer, task * rows_per_task + i);
            y.fill(T::default());
            for i in 0..n_summed {
                let base = base + offset(summed, i);
                y.iter_mut().enumerate().for_each(|(i, y)| *y = y.plus(x[base + i * stride]));
            }
        }
    });
    Ok(out)
}

fn is_row_major(axes: &[Axis]) -> bool {
    let mut expected = 1usize;
    axes.iter().rev().all(|&(size, stride)| {
        let fits = size == 1 || stride == expected;
        expected = expected.saturating_mul(size);
        fits
    })
}

fn offset(axes: &[Axis], mut position: usize) -> usize {
    let mut offset = 0;
    for &(size, stride) in axes.iter().rev() {
        offset += position % size * stride;
        position /= size;
    }
    offset
}

/// Axes of a row-major tensor.
pub(super) fn row_major(sizes: &[usize]) -> Vec<Axis> {
    let strides = Shape::new(sizes).strides();
    sizes.iter().copied().zip(strides).collect()
}
