//! Operators that work column by column: selection, scaling, imputation, norms.

use dunlin_ir::op::ml::{Imputer, Norm, Scaler};
use dunlin_ir::{DType, Element, Shape, Tensor};

use super::{as_f32, matrix};
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, Inputs, OpError, Outputs, one};

pub(super) fn extract(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let indices = inputs.view::<i64>(1)?;
    let Some(&n_columns) = x.shape().last() else {
        return Err(OpError::shape("at least one dimension", x.shape()));
    };
    let mut columns = Vec::with_capacity(indices.len());
    for &index in indices {
        let column = usize::try_from(index).ok().filter(|&column| column < n_columns);
        columns.push(column.ok_or_else(|| OpError::value(format!("indices below {n_columns}"), index))?);
    }
    let mut shape = x.shape().clone();
    let last = shape.rank() - 1;
    shape[last] = columns.len();
    if last == 0 {
        shape = Shape::from([1, columns.len()]);
    }
    if x.dtype() == DType::String {
        ctx.checked_bytes(DType::U64, &shape)?;
        let rows = x.strings()?.chunks_exact(n_columns.max(1));
        let picked = rows.flat_map(|row| columns.iter().map(|&column| row[column].clone())).collect();
        return Ok(one(Tensor::from_strings(shape, picked)?));
    }
    dispatch!(x.dtype(), T in [f32, f64, i64, i32], {
        let mut out = ctx.alloc(x.dtype(), shape)?;
        let rows = x.view::<T>()?.chunks_exact(n_columns.max(1));
        for (out, row) in out.view_mut::<T>()?.chunks_exact_mut(columns.len().max(1)).zip(rows) {
            for (out, &column) in out.iter_mut().zip(&columns) {
                *out = row[column];
            }
        }
        Ok(one(out))
    })
}

pub(super) fn binarize(threshold: f32, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    fn binarize<T: Element + PartialOrd>(
        x: Tensor,
        ctx: &Ctx<'_>,
        [zero, one]: [T; 2],
        is_above: impl Fn(T) -> bool,
    ) -> Result<Tensor, OpError> {
        #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
        if let Some(at) = x.view::<T>()?.iter().position(|x| x != x) {
            return Err(OpError::value("numbers", format!("NaN at {at}")));
        }
        map(x, ctx, |x| if is_above(x) { one } else { zero })
    }
    let x = inputs.take(0)?;
    Ok(one(match x.dtype() {
        DType::F32 => binarize(x, ctx, [0f32, 1.0], |x| x > threshold)?,
        DType::F64 => binarize(x, ctx, [0f64, 1.0], |x| x > threshold.into())?,
        DType::I64 => binarize(x, ctx, [0i64, 1], |x| x as f32 > threshold)?,
        DType::I32 => binarize(x, ctx, [0i32, 1], |x| x as f32 > threshold)?,
        other => return Err(OpError::dtype("float32, float64, int64 or int32", other)),
    }))
}

pub(super) fn impute(op: &Imputer, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    fn impute<T: Element>(
        mut x: Tensor,
        ctx: &Ctx<'_>,
        imputed: &[T],
        is_replaced: impl Fn(T) -> bool,
    ) -> Result<Tensor, OpError> {
        let n_columns = match *x.shape().dims() {
            [] => return Err(OpError::shape("at least one dimension", x.shape())),
            [n] | [_, n, ..] => n,
        };
        if x.view_mut::<T>().is_err() {
            x = map(x, ctx, |x: T| x)?;
        }
        // Values that are not one per column are meant by their first.
        let width = if imputed.len() == n_columns { n_columns } else { 1 };
        for row in x.view_mut::<T>()?.chunks_mut(width.max(1)) {
            for (x, &imputed) in row.iter_mut().zip(imputed) {
                if is_replaced(*x) {
                    *x = imputed;
                }
            }
        }
        Ok(x)
    }
    let x = inputs.take(0)?;
    let dtype = x.dtype();
    Ok(one(match (op, dtype) {
        (Imputer::Floats { replaced, imputed }, DType::F32) => {
            let replaced = *replaced;
            impute(x, ctx, imputed, |x: f32| x == replaced || x.is_nan() && replaced.is_nan())?
        }
        (Imputer::Floats { replaced, imputed }, DType::F64) => {
            let replaced = f64::from(*replaced);
            let imputed: Vec<f64> = imputed.iter().map(|&x| x.into()).collect();
            impute(x, ctx, &imputed, |x: f64| x == replaced || x.is_nan() && replaced.is_nan())?
        }
        (Imputer::Ints { replaced, imputed }, DType::I64) => {
            impute(x, ctx, imputed, |x: i64| x == *replaced)?
        }
        (Imputer::Ints { replaced, imputed }, DType::I32) => {
            let imputed: Vec<i32> = imputed.iter().map(|&x| x as i32).collect();
            impute(x, ctx, &imputed, |x: i32| i64::from(x) == *replaced)?
        }
        (Imputer::Floats { .. }, _) => return Err(OpError::dtype("float32 or float64", dtype)),
        (Imputer::Ints { .. }, _) => return Err(OpError::dtype("int64 or int32", dtype)),
    }))
}

pub(super) fn scale(op: &Scaler, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.take(0)?;
    let n_columns = match *x.shape().dims() {
        [] => return Err(OpError::shape("at least one dimension", x.shape())),
        [n] | [_, n, ..] => n,
    };
    let width = op.scale.len();
    if width != 1 && width != n_columns {
        return Err(OpError::shape(format!("rows of {width} columns"), x.shape()));
    }
    if x.dtype() == DType::F64 {
        let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
        let rows = x.view::<f64>()?.chunks(width);
        for (out, row) in out.view_mut::<f32>()?.chunks_mut(width).zip(rows) {
            for (i, (out, &x)) in out.iter_mut().zip(row).enumerate() {
                *out = ((x - f64::from(op.offset[i])) * f64::from(op.scale[i])) as f32;
            }
        }
        return Ok(one(out));
    }
    let converted = as_f32(&x, ctx)?;
    drop(x);
    let mut x = converted;
    if x.view_mut::<f32>().is_err() {
        x = map(x, ctx, |x: f32| x)?;
    }
    for row in x.view_mut::<f32>()?.chunks_mut(width) {
        for ((x, &offset), &scale) in row.iter_mut().zip(&op.offset).zip(&op.scale) {
            *x = (*x - offset) * scale;
        }
    }
    Ok(one(x))
}

pub(super) fn normalize(norm: Norm, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.take(0)?;
    let (_, n_columns) = matrix(&x)?;
    let mut out = as_f32(&x, ctx)?;
    drop(x);
    if out.view_mut::<f32>().is_err() {
        out = map(out, ctx, |x: f32| x)?;
    }
    for row in out.view_mut::<f32>()?.chunks_mut(n_columns.max(1)) {
        match norm {
            Norm::Max => divide(row, row.iter().copied().fold(f32::MIN, f32::max)),
            Norm::L1 => divide(row, row.iter().map(|x| x.abs()).sum()),
            Norm::L2 => {
                // The root of the quotient, not the quotient of roots: as ONNX Runtime does.
                let sum: f32 = row.iter().map(|x| x * x).sum();
                if sum != 0.0 {
                    for x in row.iter_mut() {
                        let root = (*x * *x / sum).sqrt();
                        *x = if *x < 0.0 { -root } else { root };
                    }
                }
            }
        }
    }
    Ok(one(out))
}

fn divide(row: &mut [f32], norm: f32) {
    if norm != 0.0 {
        row.iter_mut().for_each(|x| *x /= norm);
    }
}

pub(super) fn vectorize(widths: &[usize], inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n_rows = rows_of(inputs.tensor(0)?);
    let n_columns = widths.iter().sum();
    let mut out = ctx.alloc_zeroed(DType::F32, [n_rows, n_columns].into())?;
    let elements = out.view_mut::<f32>()?;
    let mut start = 0;
    for (i, &width) in widths.iter().enumerate() {
        let x = inputs.tensor(i)?;
        if rows_of(x) != n_rows {
            return Err(OpError::shape(format!("{n_rows} rows"), x.shape()));
        }
        let x = as_f32(x, ctx)?;
        let n_taken = x.len() / n_rows.max(1);
        let rows = x.view::<f32>()?.chunks_exact(n_taken.max(1));
        for (out, row) in elements.chunks_exact_mut(n_columns.max(1)).zip(rows) {
            let n = width.min(n_taken);
            out[start..start + n].copy_from_slice(&row[..n]);
        }
        start += width;
    }
    Ok(one(out))
}

fn rows_of(x: &Tensor) -> usize {
    match *x.shape().dims() {
        [] | [_] => 1,
        [n, ..] => n,
    }
}

/// Applies `f` to each element, in place where nobody else holds the tensor.
fn map<T: Element>(mut x: Tensor, ctx: &Ctx<'_>, f: impl Fn(T) -> T) -> Result<Tensor, OpError> {
    if let Ok(elements) = x.view_mut::<T>() {
        elements.iter_mut().for_each(|x| *x = f(*x));
        return Ok(x);
    }
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    for (out, &x) in out.view_mut::<T>()?.iter_mut().zip(x.view::<T>()?) {
        *out = f(x);
    }
    Ok(out)
}
