//! Tensors made out of little: constants of a shape, diagonals, ranges.

use dunlin_ir::op::movement::{ConstantOfShape, EyeLike, Range, int_range_len, range_len};
use dunlin_ir::{DType, Element, Tensor};
use half::{bf16, f16};

use super::sizes;
use crate::cpu::cells::{cell_bytes, fill_cells, fresh_bytes, with_cells_one};
use crate::{Ctx, Inputs, OpError};

pub(super) fn constant_of_shape(
    op: &ConstantOfShape,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let shape = sizes(&inputs.ints(0)?)?;
    if op.value.len() != 1 {
        return Err(OpError::shape("one element to fill with", op.value.shape()));
    }
    with_cells_one(vec![op.value.clone()], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape)?;
        fill_cells(fresh_bytes(&mut out)?, cells[0].bytes());
        Ok(out)
    })
}

pub(super) fn eye_like(op: EyeLike, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let &[rows, columns] = x.shape().dims() else {
        return Err(OpError::shape("a matrix", x.shape()));
    };
    let dtype = op.dtype.unwrap_or(x.dtype());
    let one = one_of(dtype)?;
    let mut out = ctx.alloc_zeroed(dtype, [rows, columns].into())?;
    let width = cell_bytes(&out);
    let bytes = fresh_bytes(&mut out)?;
    for row in 0..rows {
        let column = i64::try_from(row).ok().and_then(|row| row.checked_add(op.k));
        let column = column.and_then(|column| usize::try_from(column).ok());
        if let Some(column) = column.filter(|&column| column < columns) {
            bytes[(row * columns + column) * width..][..width].copy_from_slice(&one[..width]);
        }
    }
    Ok(out)
}

/// The bytes of a 1.
fn one_of(dtype: DType) -> Result<[u8; 8], OpError> {
    let bits = match dtype {
        DType::F64 => 1f64.to_bits(),
        DType::F32 => 1f32.to_bits().into(),
        DType::F16 => f16::ONE.to_bits().into(),
        DType::BF16 => bf16::ONE.to_bits().into(),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::Bool => 1,
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => 1,
        other => return Err(OpError::dtype("a number of whole bytes or bool", other)),
    };
    Ok(bits.to_le_bytes())
}

pub(super) fn range(op: Range, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match inputs.tensor(0)?.dtype() {
        DType::F32 => floats::<f32>(inputs, ctx, |start, delta, i| start + i as f32 * delta),
        DType::F64 => floats::<f64>(inputs, ctx, |start, delta, i| start + i as f64 * delta),
        DType::F16 if op.stash == DType::F64 => floats::<f16>(inputs, ctx, |start, delta, i| {
            f16::from_f64(start.to_f64() + i as f64 * delta.to_f64())
        }),
        DType::F16 => floats::<f16>(inputs, ctx, |start, delta, i| {
            f16::from_f32(start.to_f32() + i as f32 * delta.to_f32())
        }),
        DType::BF16 if op.stash == DType::F64 => floats::<bf16>(inputs, ctx, |start, delta, i| {
            bf16::from_f64(start.to_f64() + i as f64 * delta.to_f64())
        }),
        DType::BF16 => floats::<bf16>(inputs, ctx, |start, delta, i| {
            bf16::from_f32(start.to_f32() + i as f32 * delta.to_f32())
        }),
        DType::I64 => ints::<i64>(inputs, ctx, |x| x),
        DType::I32 => ints::<i32>(inputs, ctx, |x| x as i32),
        DType::I16 => ints::<i16>(inputs, ctx, |x| x as i16),
        other => Err(OpError::dtype("float or int16, int32, int64", other)),
    }
}

fn floats<T: Element + Into<f64>>(
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
    element: impl Fn(T, T, usize) -> T,
) -> Result<Tensor, OpError> {
    let (start, limit, delta) = (inputs.scalar::<T>(0)?, inputs.scalar::<T>(1)?, inputs.scalar::<T>(2)?);
    let n = range_len(start.into(), limit.into(), delta.into());
    fill(n, ctx, |i| element(start, delta, i), || format!("a step of {}", delta.into()))
}

fn ints<T: Element + Into<i64>>(
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
    narrow: impl Fn(i64) -> T,
) -> Result<Tensor, OpError> {
    let int = |i| inputs.scalar::<T>(i).map(Into::into);
    let (start, limit, delta): (i64, i64, i64) = (int(0)?, int(1)?, int(2)?);
    let n = int_range_len(start, limit, delta);
    fill(
        n,
        ctx,
        |i| narrow(start.wrapping_add((i as i64).wrapping_mul(delta))),
        || format!("a step of {delta}"),
    )
}

fn fill<T: Element>(
    n: Option<usize>,
    ctx: &Ctx<'_>,
    element: impl Fn(usize) -> T,
    got: impl Fn() -> String,
) -> Result<Tensor, OpError> {
    let n = n.ok_or_else(|| OpError::value("a step other than 0 and a finite range", got()))?;
    let mut out = ctx.alloc(T::DTYPE, [n].into())?;
    out.view_mut::<T>()?.iter_mut().enumerate().for_each(|(i, out)| *out = element(i));
    Ok(out)
}
