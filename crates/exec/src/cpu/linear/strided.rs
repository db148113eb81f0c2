//! Copies of tensors whose axes are permuted, repeated or summed.

use dunlin_ir::{Shape, Tensor};
use dunlin_sys::for_each_chunk_mut;

use super::product::Ring;
use crate::{Ctx, OpError};

/// Elements that one task copies, roughly.
const TASK_LEN: usize = 1 << 14;

/// A size and the distance between neighbours, in elements.
pub(super) type Axis = (usize, usize);

/// `x` with its axes in another order.
pub(super) fn permuted<T: Ring>(x: &Tensor, axes: &[usize], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let strides = x.shape().strides();
    let axes: Vec<Axis> = axes.iter().map(|&axis| (x.shape()[axis], strides[axis])).collect();
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
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let x = x.view::<T>()?;
    let (outer, (row_len, stride)) = match kept {
        [outer @ .., last] => (outer, *last),
        [] => (&[][..], (1, 0)),
    };
    let y = out.view_mut::<T>()?;
    if y.is_empty() {
        return Ok(out);
    }
    let rows_per_task = (TASK_LEN / row_len).max(1);
    for_each_chunk_mut(ctx.pool(), y, rows_per_task * row_len, &|task, y| {
        for (i, y) in y.chunks_exact_mut(row_len).enumerate() {
            let base = offset(outer, task * rows_per_task + i);
            copy_row(x, base, stride, summed, y);
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

fn copy_row<T: Ring>(x: &[T], base: usize, stride: usize, summed: &[Axis], y: &mut [T]) {
    if summed.is_empty() {
        if stride == 1 {
            y.copy_from_slice(&x[base..][..y.len()]);
        } else {
            y.iter_mut().enumerate().for_each(|(i, y)| *y = x[base + i * stride]);
        }
        return;
    }
    let n_summed = summed.iter().map(|&(size, _)| size).product();
    y.fill(T::default());
    for i in 0..n_summed {
        let base = base + offset(summed, i);
        for (i, y) in y.iter_mut().enumerate() {
            *y = y.plus(x[base + i * stride]);
        }
    }
}

/// Axes of a row-major tensor.
pub(super) fn row_major(sizes: &[usize]) -> Vec<Axis> {
    let strides = Shape::new(sizes).strides();
    sizes.iter().copied().zip(strides).collect()
}
