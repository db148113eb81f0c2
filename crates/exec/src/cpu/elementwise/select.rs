//! Where, Clip, and the tests for infinity and NaN.

use bytemuck::Pod;
use dunlin_ir::op::elementwise::IsInf;
use dunlin_ir::{Bool, DType, Tensor, small_float};
use half::{bf16, f16};

use super::broadcast::{Broadcast, CHEAP_CHUNK, Lane, in_chunks};
use super::number::Arithmetic;
use super::{cast, zip};
use crate::cpu::dispatch::dispatch;
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError};

/// Chooses from inputs 1 and 2 by the truth of input 0.
pub(super) fn choose(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (condition, a, b) = (inputs.tensor(0)?, inputs.tensor(1)?, inputs.tensor(2)?);
    let dtype = a.dtype();
    if b.dtype() != dtype {
        return Err(OpError::dtype(format!("{dtype} for both choices"), b.dtype()));
    }
    let shape = inputs.broadcast_shape()?;
    let plan = Broadcast::new(&shape, &[condition.shape(), a.shape(), b.shape()]);
    let condition = condition.view::<Bool>()?;
    if dtype == DType::String {
        return choose_strings(&plan, condition, a, b, shape.n_elements())
            .and_then(|strings| Ok(Tensor::from_strings(shape, strings)?));
    }
    let mut out = ctx.alloc(dtype, shape)?;
    match (dtype.bits(), dtype.align()) {
        (8, _) => choose_bits::<u8>(&plan, condition, a, b, &mut out, ctx)?,
        (16, _) => choose_bits::<u16>(&plan, condition, a, b, &mut out, ctx)?,
        (32, _) => choose_bits::<u32>(&plan, condition, a, b, &mut out, ctx)?,
        (64, 4) => choose_bits::<[u32; 2]>(&plan, condition, a, b, &mut out, ctx)?,
        (64, _) => choose_bits::<u64>(&plan, condition, a, b, &mut out, ctx)?,
        (128, _) => choose_bits::<[u64; 2]>(&plan, condition, a, b, &mut out, ctx)?,
        _ => return Err(OpError::dtype("an element type of whole bytes", dtype)),
    }
    Ok(out)
}

/// Chooses among elements of any type as wide as `T`: only bits are moved.
fn choose_bits<T: Pod + Send + Sync>(
    plan: &Broadcast,
    condition: &[Bool],
    a: &Tensor,
    b: &Tensor,
    out: &mut Tensor,
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let unaligned = || OpError::Tensor(dunlin_ir::TensorError::Unaligned(a.dtype()));
    let a: &[T] = bytemuck::try_cast_slice(a.bytes()).map_err(|_| unaligned())?;
    let b: &[T] = bytemuck::try_cast_slice(b.bytes()).map_err(|_| unaligned())?;
    let bytes = out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
    let out: &mut [T] = bytemuck::try_cast_slice_mut(bytes).map_err(|_| unaligned())?;
    in_chunks(ctx, out, CHEAP_CHUNK, &|start, out| {
        plan.for_each_run(start..start + out.len(), |at, len, offsets| {
            let out = &mut out[at - start..][..len];
            let lanes = (plan.lane(1, a, offsets[1], len), plan.lane(2, b, offsets[2], len));
            match plan.lane(0, condition, offsets[0], len) {
                Lane::Slice(condition) => choose_run(condition, lanes, out),
                Lane::Scalar(condition) => match if condition.get() { lanes.0 } else { lanes.1 } {
                    Lane::Slice(chosen) => out.copy_from_slice(chosen),
                    Lane::Scalar(chosen) => out.fill(chosen),
                },
            }
        });
    });
    Ok(())
}

fn choose_run<T: Copy>(condition: &[Bool], lanes: (Lane<'_, T>, Lane<'_, T>), out: &mut [T]) {
    let out = out.iter_mut().zip(condition);
    match lanes {
        (Lane::Slice(a), Lane::Slice(b)) => {
            for (((out, condition), &a), &b) in out.zip(a).zip(b) {
                *out = if condition.get() { a } else { b };
            }
        }
        (Lane::Slice(a), Lane::Scalar(b)) => {
            for ((out, condition), &a) in out.zip(a) {
                *out = if condition.get() { a } else { b };
            }
        }
        (Lane::Scalar(a), Lane::Slice(b)) => {
            for ((out, condition), &b) in out.zip(b) {
                *out = if condition.get() { a } else { b };
            }
        }
        (Lane::Scalar(a), Lane::Scalar(b)) => {
            for (out, condition) in out {
                *out = if condition.get() { a } else { b };
            }
        }
    }
}

fn choose_strings(
    plan: &Broadcast,
    condition: &[Bool],
    a: &Tensor,
    b: &Tensor,
    n: usize,
) -> Result<Vec<String>, OpError> {
    let spread = |k: usize, of: &[String]| {
        let positions: Vec<usize> = (0..of.len()).collect();
        let mut spread = vec![0; n];
        plan.fill(k, &positions, 0, &mut spread);
        spread
    };
    let (a, b) = (a.strings()?, b.strings()?);
    let (a_at, b_at) = (spread(1, a), spread(2, b));
    let mut chosen = vec![Bool::from(false); n];
    plan.fill(0, condition, 0, &mut chosen);
    let pick = |i: usize| if chosen[i].get() { &a[a_at[i]] } else { &b[b_at[i]] };
    Ok((0..n).map(|i| pick(i).clone()).collect())
}

/// Limits input 0 to the range from input 1 to input 2.
pub(super) fn clip(inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let dtype = inputs.tensor(0)?.dtype();
    if matches!(dtype, DType::F16 | DType::BF16) {
        return clip_half(dtype, inputs, ctx);
    }
    let x = inputs.take(0)?;
    dispatch!(dtype, T in [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64], {
        let low = if inputs.has(1) { Some(inputs.scalar::<T>(1)?) } else { None };
        let high = if inputs.has(2) { Some(inputs.scalar::<T>(2)?) } else { None };
        clip_numbers(x, low, high, ctx)
    })
}

/// Limits exact values, so rounding them from single precision changes nothing.
fn clip_half(dtype: DType, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let bound = |i: usize| -> Result<Option<f32>, OpError> {
        if !inputs.has(i) {
            return Ok(None);
        }
        match dtype {
            DType::F16 => Ok(Some(inputs.scalar::<f16>(i)?.to_f32())),
            _ => Ok(Some(inputs.scalar::<bf16>(i)?.to_f32())),
        }
    };
    let (low, high) = (bound(1)?, bound(2)?);
    let wide = cast::convert(inputs.take(0)?, DType::F32, ctx)?;
    cast::convert(clip_numbers(wide, low, high, ctx)?, dtype, ctx)
}

fn clip_numbers<T: Arithmetic>(
    mut x: Tensor,
    low: Option<T>,
    high: Option<T>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let above = |x: T| low.map_or(x, |low| if x < low { low } else { x });
    let below = |x: T| high.map_or(x, |high| if x > high { high } else { x });
    if let Ok(elements) = x.view_mut::<T>() {
        in_chunks(ctx, elements, CHEAP_CHUNK, &|_, part| match (low, high) {
            (Some(_), Some(_)) => part.iter_mut().for_each(|x| *x = below(above(*x))),
            (Some(_), None) => part.iter_mut().for_each(|x| *x = above(*x)),
            _ => part.iter_mut().for_each(|x| *x = below(*x)),
        });
        return Ok(x);
    }
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    let elements = x.view::<T>()?;
    in_chunks(ctx, out.view_mut::<T>()?, CHEAP_CHUNK, &|start, part| {
        let elements = &elements[start..start + part.len()];
        part.iter_mut().zip(elements).for_each(|(out, &x)| *out = below(above(x)));
    });
    Ok(out)
}

/// Whether elements are infinite.
pub(super) fn is_inf(op: IsInf, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    test(inputs.tensor(0)?, ctx, |x| {
        x == f64::INFINITY && op.positive || x == f64::NEG_INFINITY && op.negative
    })
}

/// Whether elements are not numbers.
pub(super) fn is_nan(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    test(inputs.tensor(0)?, ctx, f64::is_nan)
}

fn test(x: &Tensor, ctx: &Ctx<'_>, f: impl Fn(f64) -> bool + Sync) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(DType::Bool, x.shape().clone())?;
    let elements = out.view_mut::<Bool>()?;
    match (x.dtype(), small_float::values(x.dtype())) {
        (dtype, Some(values)) if dtype.bits() == 8 => {
            for (out, &code) in elements.iter_mut().zip(x.bytes()) {
                *out = f(values[usize::from(code)].into()).into();
            }
        }
        (DType::F16, _) => test_each(x.view::<f16>()?, elements, ctx, |x| f(x.to_f64())),
        (DType::BF16, _) => test_each(x.view::<bf16>()?, elements, ctx, |x| f(x.to_f64())),
        (dtype, _) => dispatch!(dtype, T in [f32, f64], {
            test_each(x.view::<T>()?, elements, ctx, |x: T| f(x.to_f64()));
            Ok(())
        })?,
    }
    Ok(out)
}

fn test_each<T: Copy + Sync>(x: &[T], out: &mut [Bool], ctx: &Ctx<'_>, f: impl Fn(T) -> bool + Sync) {
    in_chunks(ctx, out, CHEAP_CHUNK, &|start, out| {
        zip::zip_into(out, Lane::Slice(&x[start..start + out.len()]), Lane::Scalar(()), |x, ()| f(x).into());
    });
}
