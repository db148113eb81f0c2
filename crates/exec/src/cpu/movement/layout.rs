//! Operators whose output is a strided view of the input: transpose, slice, expand, tile, depth and space.

use dunlin_ir::op::movement::{BlockOrder, Blocks, Transpose, slice_range};
use dunlin_ir::{Shape, Tensor};
use dunlin_kernels::strided::{View, copy_strided};

use super::{axis, distinct_axes, sizes};
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::{Ctx, Inputs, OpError};

/// A tensor of `shape` with the elements of `view` over `x`. Shares the bytes where they lie together and are at
/// least a quarter of the whole.
pub(in crate::cpu) fn copy_view(
    x: Tensor,
    view: &View,
    shape: Shape,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    if view.as_run() == Some((0, x.len())) && shape.checked_n_elements() == Some(x.len()) {
        return Ok(x.reshaped(shape)?);
    }
    if let Some(shared) = shared_run(&x, view, &shape) {
        return Ok(shared);
    }
    with_cells_one(vec![x], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape)?;
        let bytes = fresh_bytes(&mut out)?;
        copy_strided(ctx.pool(), cells[0].bytes(), cell_bytes(&cells[0]), view, bytes);
        Ok(out)
    })
}

fn shared_run(x: &Tensor, view: &View, shape: &Shape) -> Option<Tensor> {
    let (start, n) = view.as_run()?;
    let bytes = x.shared_bytes()?;
    if x.dtype().bits() < 8 || n < x.len() / 4 || shape.checked_n_elements() != Some(n) {
        return None;
    }
    let cell = x.dtype().bits() / 8;
    let part = bytes.slice(start * cell..start.checked_add(n)? * cell)?;
    Tensor::new(x.dtype(), shape.clone(), part).ok()
}

/// Row-major strides, signed.
pub(super) fn signed_strides(shape: &Shape) -> Vec<isize> {
    shape.strides().iter().map(|&stride| stride as isize).collect()
}

pub(super) fn transpose(op: &Transpose, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.take(0)?;
    match &op.perm {
        Some(perm) => permute(x, perm, ctx),
        None => {
            let reversed: Vec<usize> = (0..x.rank()).rev().collect();
            permute(x, &reversed, ctx)
        }
    }
}

/// The axes of `x` in the order of `perm`.
fn permute(x: Tensor, perm: &[usize], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let rank = x.rank();
    if perm.len() != rank || !(0..rank).all(|axis| perm.contains(&axis)) {
        return Err(OpError::shape(format!("a tensor whose axes are {perm:?}"), x.shape()));
    }
    let strides = signed_strides(x.shape());
    let shape: Shape = perm.iter().map(|&axis| x.shape()[axis]).collect();
    let strides: Vec<isize> = perm.iter().map(|&axis| strides[axis]).collect();
    let view = View::new(0, &shape, &strides);
    copy_view(x, &view, shape, ctx)
}

pub(super) fn slice(inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (starts, ends) = (inputs.ints(1)?, inputs.ints(2)?);
    let (axes, steps) = (inputs.optional_ints(3)?, inputs.optional_ints(4)?);
    let x = inputs.take(0)?;
    let axes = match axes {
        Some(axes) => distinct_axes(&axes, x.rank())?,
        None if starts.len() <= x.rank() => (0..starts.len()).collect(),
        None => return Err(OpError::shape(format!("at most {} starts", x.rank()), starts.len())),
    };
    let n = axes.len();
    if starts.len() != n || ends.len() != n || steps.as_ref().is_some_and(|steps| steps.len() != n) {
        let got = format!("{} starts, {} ends", starts.len(), ends.len());
        return Err(OpError::shape(format!("starts, ends and steps for {n} axes"), got));
    }
    let mut shape = x.shape().clone();
    let mut strides = signed_strides(&shape);
    let mut offset = 0;
    for (i, &axis) in axes.iter().enumerate() {
        let step = steps.as_ref().map_or(1, |steps| steps[i]);
        let range = slice_range(shape[axis], starts[i], ends[i], step)
            .ok_or_else(|| OpError::value("steps other than 0", step))?;
        offset += range.start * strides[axis].unsigned_abs();
        // One element needs no stride, and its step may be anything; else the step is smaller than the axis.
        strides[axis] = if range.len > 1 { strides[axis] * range.step as isize } else { 0 };
        shape[axis] = range.len;
    }
    let view = View::new(offset, &shape, &strides);
    copy_view(x, &view, shape, ctx)
}

pub(super) fn expand(inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let target = sizes(&inputs.ints(1)?)?;
    let x = inputs.take(0)?;
    let shape = x
        .shape()
        .broadcast(&target)
        .ok_or_else(|| OpError::shapes("shapes that broadcast together", x.shape(), &target))?;
    let pad = shape.rank() - x.rank();
    let mut strides = vec![0; shape.rank()];
    for (axis, stride) in signed_strides(x.shape()).into_iter().enumerate() {
        if x.shape()[axis] != 1 {
            strides[pad + axis] = stride;
        }
    }
    let view = View::new(0, &shape, &strides);
    copy_view(x, &view, shape, ctx)
}

pub(super) fn tile(inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let repeats = sizes(&inputs.ints(1)?)?;
    let x = inputs.take(0)?;
    if repeats.rank() != x.rank() {
        return Err(OpError::shape(format!("{} repeats", x.rank()), repeats.rank()));
    }
    let (mut shape, mut dims, mut strides) = (Shape::scalar(), Vec::new(), Vec::new());
    for ((&size, &n), stride) in x.shape().iter().zip(repeats.iter()).zip(signed_strides(x.shape())) {
        let tiled = size.checked_mul(n).ok_or_else(|| OpError::value("fewer repeats", &repeats))?;
        shape.push(tiled);
        dims.extend([n, size]);
        strides.extend([0, stride]);
    }
    let view = View::new(0, &dims, &strides);
    copy_view(x, &view, shape, ctx)
}

pub(super) fn depth_to_space(op: Blocks, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.take(0)?;
    let b = op.size;
    let area = b.checked_mul(b);
    let (&[n, c, h, w], Some(area)) = (x.shape().dims(), area) else { return Err(four_axes(&x)) };
    if area == 0 || c % area != 0 {
        return Err(OpError::shape(format!("a multiple of {area} channels"), x.shape()));
    }
    let depth = c / area;
    let split: Shape = match op.order {
        BlockOrder::BlockFirst => [n, b, b, depth, h, w].into(),
        BlockOrder::ChannelFirst => [n, depth, b, b, h, w].into(),
    };
    let perm = match op.order {
        BlockOrder::BlockFirst => [0, 3, 4, 1, 5, 2],
        BlockOrder::ChannelFirst => [0, 1, 4, 2, 5, 3],
    };
    let grown = |size: usize| size.checked_mul(b).ok_or_else(|| OpError::value("a smaller block", b));
    let shape = [n, depth, grown(h)?, grown(w)?].into();
    Ok(permute(x.reshaped(split)?, &perm, ctx)?.reshaped(shape)?)
}

pub(super) fn space_to_depth(op: Blocks, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.take(0)?;
    let b = op.size;
    let &[n, c, h, w] = x.shape().dims() else { return Err(four_axes(&x)) };
    if b == 0 || h % b != 0 || w % b != 0 {
        return Err(OpError::shape(format!("height and width that {b} divides"), x.shape()));
    }
    let perm = match op.order {
        BlockOrder::BlockFirst => [0, 3, 5, 1, 2, 4],
        BlockOrder::ChannelFirst => [0, 1, 3, 5, 2, 4],
    };
    let depth = b.checked_mul(b).and_then(|area| area.checked_mul(c));
    let depth = depth.ok_or_else(|| OpError::value("a smaller block", b))?;
    let shape = [n, depth, h / b, w / b].into();
    Ok(permute(x.reshaped([n, c, h / b, b, w / b, b].into())?, &perm, ctx)?.reshaped(shape)?)
}

fn four_axes(x: &Tensor) -> OpError {
    OpError::shape("a tensor [n, c, h, w]", x.shape())
}

/// The part `start..start + len` of `x` along an axis.
pub(super) fn narrow(
    x: &Tensor,
    along: usize,
    start: usize,
    len: usize,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let along = axis(along as i64, x.rank())?;
    let strides = signed_strides(x.shape());
    let mut shape = x.shape().clone();
    shape[along] = len;
    let view = View::new(start * strides[along].unsigned_abs(), &shape, &strides);
    copy_view(x.clone(), &view, shape, ctx)
}
