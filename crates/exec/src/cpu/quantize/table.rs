//! Quantized tensors element by element: each byte's value is looked up.

use dunlin_ir::op::quantize::{QLinearBinary, QLinearUnary};
use dunlin_ir::{Bool, DType, Shape, Tensor};
use dunlin_kernels::int8::{Operand, add_int8, multiply_int8};

use super::parameter::{Byte, int8};
use crate::cpu::elementwise::broadcast::{BLOCK, Broadcast, CHEAP_CHUNK, in_chunks};
use crate::{Ctx, Inputs, OpError};

/// A function of one quantized tensor.
pub(super) fn unary(op: QLinearUnary, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let from = Byte::read(x.dtype(), inputs, 1, ctx)?;
    let to = Byte::read(x.dtype(), inputs, 3, ctx)?;
    let function = |x: f32| match op {
        QLinearUnary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        QLinearUnary::LeakyRelu { alpha } => {
            if x < 0.0 {
                alpha * x
            } else {
                x
            }
        }
    };
    let table: [u8; 256] = std::array::from_fn(|byte| to.quantize(function(from.value(byte as u8))));
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    let bytes = x.bytes();
    in_chunks(ctx, bytes_mut(&mut out)?, CHEAP_CHUNK, &|start, out| {
        out.iter_mut().zip(&bytes[start..]).for_each(|(out, &x)| *out = table[usize::from(x)]);
    });
    Ok(out)
}

/// A function of two quantized tensors.
pub(super) fn binary(op: QLinearBinary, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (a, b) = (inputs.tensor(0)?, inputs.tensor(3)?);
    let dtype = a.dtype();
    let from = (Byte::read(dtype, inputs, 1, ctx)?, Byte::read(b.dtype(), inputs, 4, ctx)?);
    let to = Byte::read(dtype, inputs, 6, ctx)?;
    let shape = a.shape().broadcast(b.shape());
    let shape =
        shape.ok_or_else(|| OpError::shapes("shapes that broadcast together", a.shape(), b.shape()))?;
    let mut out = ctx.alloc(dtype, shape.clone())?;
    if let (Some(a_row), Some(b_row)) = (row_len(&shape, a.shape()), row_len(&shape, b.shape())) {
        let operand =
            |x, from: Byte| Ok::<_, OpError>(Operand { x: int8(x)?, scale: from.scale, zero: from.zero });
        let (a, b) = (operand(a, from.0)?, operand(b, from.1)?);
        let row_len = a_row.min(b_row);
        match (op, dtype) {
            (QLinearBinary::Add, DType::I8) => {
                add_int8(ctx.pool(), a, b, to.scale, to.zero, row_len, out.view_mut::<i8>()?)
            }
            (QLinearBinary::Add, _) => {
                add_int8(ctx.pool(), a, b, to.scale, to.zero, row_len, out.view_mut::<u8>()?)
            }
            (QLinearBinary::Mul, DType::I8) => {
                multiply_int8(ctx.pool(), a, b, to.scale, to.zero, row_len, out.view_mut::<i8>()?)
            }
            (QLinearBinary::Mul, _) => {
                multiply_int8(ctx.pool(), a, b, to.scale, to.zero, row_len, out.view_mut::<u8>()?)
            }
        }
        return Ok(out);
    }
    let (a_values, b_values) = (from.0.table(), from.1.table());
    let plan = Broadcast::new(&shape, &[a.shape(), b.shape()]);
    let (a, b) = (a.bytes(), b.bytes());
    in_chunks(ctx, bytes_mut(&mut out)?, CHEAP_CHUNK, &|start, out| {
        let (mut a_space, mut b_space) = ([0; BLOCK], [0; BLOCK]);
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            let (at, n) = (start + i * BLOCK, out.len());
            let a = plan.spread(0, a, at, &mut a_space[..n]);
            let b = plan.spread(1, b, at, &mut b_space[..n]);
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                let (a, b) = (a_values[usize::from(a)], b_values[usize::from(b)]);
                *out = to.quantize(match op {
                    QLinearBinary::Add => a + b,
                    QLinearBinary::Mul => a * b,
                });
            }
        }
    });
    Ok(out)
}

/// The length of rows of `shape` in which `part` has as many elements, or one, if there is one for all rows; the whole
/// of `shape` where both are equal.
fn row_len(shape: &Shape, part: &Shape) -> Option<usize> {
    if shape == part || part.n_elements() == 1 {
        return Some(shape.n_elements());
    }
    let n_kept = shape.rank().min(part.rank()) - part.iter().rev().take_while(|&&n| n == 1).count();
    let is_prefix = part.rank() == shape.rank() && part.dims()[..n_kept] == shape.dims()[..n_kept];
    is_prefix.then(|| shape.dims()[n_kept..].iter().product())
}

/// Chooses from two quantized tensors.
pub(super) fn choose(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (condition, x, y) = (inputs.tensor(0)?, inputs.tensor(1)?, inputs.tensor(4)?);
    let dtype = x.dtype();
    let to = Byte::read(dtype, inputs, 7, ctx)?;
    let x_table = conversion(Byte::read(dtype, inputs, 2, ctx)?, to);
    let y_table = conversion(Byte::read(y.dtype(), inputs, 5, ctx)?, to);
    let shape = x.shape().broadcast(y.shape()).and_then(|shape| shape.broadcast(condition.shape()));
    let shape =
        shape.ok_or_else(|| OpError::shapes("shapes that broadcast together", x.shape(), y.shape()))?;
    let plan = Broadcast::new(&shape, &[condition.shape(), x.shape(), y.shape()]);
    let (condition, x, y) = (condition.view::<Bool>()?, x.bytes(), y.bytes());
    let mut out = ctx.alloc(dtype, shape)?;
    in_chunks(ctx, bytes_mut(&mut out)?, CHEAP_CHUNK, &|start, out| {
        let mut conditions = [Bool::from(false); BLOCK];
        let (mut x_space, mut y_space) = ([0; BLOCK], [0; BLOCK]);
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            let (at, n) = (start + i * BLOCK, out.len());
            let conditions = plan.spread(0, condition, at, &mut conditions[..n]);
            let x = plan.spread(1, x, at, &mut x_space[..n]);
            let y = plan.spread(2, y, at, &mut y_space[..n]);
            for ((out, condition), (&x, &y)) in out.iter_mut().zip(conditions).zip(x.iter().zip(y)) {
                *out = if condition.get() { x_table[usize::from(x)] } else { y_table[usize::from(y)] };
            }
        }
    });
    Ok(out)
}

/// From each byte to the byte that stands for the same value elsewhere.
fn conversion(from: Byte, to: Byte) -> [u8; 256] {
    std::array::from_fn(|byte| to.quantize(from.value(byte as u8)))
}

/// Puts quantized tensors one after the other.
pub(super) fn concat(axis: i64, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let first = inputs.tensor(2)?;
    let (dtype, shape) = (first.dtype(), first.shape());
    let axis = shape.axis(axis).ok_or_else(|| OpError::shape(format!("an axis {axis}"), shape))?;
    let to = Byte::read(dtype, inputs, 0, ctx)?;
    let mut parts = Vec::with_capacity(inputs.len() / 3);
    let mut total = 0usize;
    for i in (2..inputs.len()).step_by(3) {
        let part = inputs.tensor(i)?;
        if !fits(shape, part.shape(), axis) {
            return Err(OpError::shapes("parts that differ in one axis alone", shape, part.shape()));
        }
        if part.dtype() != dtype {
            return Err(OpError::dtype(format!("{dtype} for all parts"), part.dtype()));
        }
        let (_, size, inner) = part.shape().split_at_axis(axis);
        total += size;
        let from = Byte::read(dtype, inputs, i + 1, ctx)?;
        parts.push((part.bytes(), size * inner, conversion(from, to)));
    }
    let (outer, _, inner) = shape.split_at_axis(axis);
    let mut shape = shape.clone();
    shape[axis] = total;
    let mut out = ctx.alloc(dtype, shape)?;
    let mut rest = bytes_mut(&mut out)?;
    debug_assert_eq!(rest.len(), outer * total * inner);
    for row in 0..outer {
        for (bytes, len, table) in &parts {
            let (here, later) = rest.split_at_mut(*len);
            let bytes = &bytes[row * len..];
            here.iter_mut().zip(bytes).for_each(|(out, &x)| *out = table[usize::from(x)]);
            rest = later;
        }
    }
    Ok(out)
}

fn fits(a: &Shape, b: &Shape, axis: usize) -> bool {
    a.rank() == b.rank() && a.iter().zip(b.iter()).enumerate().all(|(i, (a, b))| i == axis || a == b)
}

/// The bytes of a tensor that was just made.
pub(super) fn bytes_mut(out: &mut Tensor) -> Result<&mut [u8], OpError> {
    debug_assert!(matches!(out.dtype(), DType::U8 | DType::I8));
    Ok(out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?)
}
