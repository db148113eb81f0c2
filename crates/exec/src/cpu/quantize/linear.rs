//! Quantizing and dequantizing: by given scales, and by the range of the input.

use dunlin_ir::op::elementwise::{Cast, Rounding};
use dunlin_ir::op::quantize::{DequantizeLinear, QuantizeLinear};
use dunlin_ir::{DType, Element, Tensor};
use dunlin_kernels::convert;
use half::{bf16, f16};

use super::parameter::{self, Granularity, round_clamped};
use crate::cpu::dispatch::dispatch;
use crate::cpu::elementwise::broadcast::{BLOCK, Broadcast, CHEAP_CHUNK, in_chunks};
use crate::cpu::elementwise::cast;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Scales and zero points, spread along the tensor.
struct Spread {
    plan: Broadcast,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl Spread {
    fn new(
        inputs: &Inputs<'_>,
        axis: i64,
        block_size: usize,
        zeros: Vec<i32>,
        ctx: &Ctx<'_>,
    ) -> Result<Spread, OpError> {
        let (x, scale) = (inputs.tensor(0)?.shape(), inputs.tensor(1)?);
        let granularity = Granularity::new(x, scale.shape(), axis, block_size)?;
        let scales = granularity.arrange(parameter::floats(scale, ctx)?)?;
        let zeros = granularity.arrange(zeros)?;
        Ok(Spread { plan: Broadcast::new(&granularity.x, &[&granularity.scale]), scales, zeros })
    }

    /// The one scale and zero point, if they are for the whole tensor.
    fn single(&self) -> Option<(f32, i32)> {
        match (&self.scales[..], &self.zeros[..]) {
            (&[scale], &[zero]) => Some((scale, zero)),
            _ => None,
        }
    }

    /// Calls `f(at, out, scales, zeros)` for blocks of `out`, on the run's threads.
    fn for_each_block<T: Send>(
        &self,
        out: &mut [T],
        ctx: &Ctx<'_>,
        f: impl Fn(usize, &mut [T], &[f32], &[i32]) + Sync,
    ) {
        in_chunks(ctx, out, CHEAP_CHUNK, &|start, out| {
            let (mut scales, mut zeros) = ([0.0; BLOCK], [0; BLOCK]);
            for (i, out) in out.chunks_mut(BLOCK).enumerate() {
                let (at, n) = (start + i * BLOCK, out.len());
                self.plan.fill(0, &self.scales, at, &mut scales[..n]);
                self.plan.fill(0, &self.zeros, at, &mut zeros[..n]);
                f(at, out, &scales[..n], &zeros[..n]);
            }
        });
    }
}

/// Quantizes by given scales.
pub(super) fn quantize(op: &QuantizeLinear, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, zero) = (inputs.tensor(0)?, inputs.optional(2)?);
    let to = op.output.or(zero.map(Tensor::dtype)).unwrap_or(DType::U8);
    if let Some(zero) = zero.filter(|zero| zero.dtype() != to) {
        return Err(OpError::dtype(format!("a zero point of type {to}"), zero.dtype()));
    }
    let precision = op.precision.unwrap_or(inputs.tensor(1)?.dtype());
    let divide = quotient(precision);
    let shape = x.shape().clone();
    let x = cast::convert(x.clone(), DType::F32, ctx)?;
    if to.is_float() {
        let spread = Spread::new(inputs, op.axis, op.block_size, vec![0], ctx)?;
        let mut out = ctx.alloc(DType::F32, shape)?;
        let x = x.view::<f32>()?;
        spread.for_each_block(out.view_mut::<f32>()?, ctx, |at, out, scales, _| {
            for ((out, &x), &scale) in out.iter_mut().zip(&x[at..]).zip(scales) {
                *out = divide(x, scale);
            }
        });
        let cast = Cast { to, saturate: op.saturate, rounding: Rounding::Up };
        return cast::run(out, cast, ctx);
    }
    let spread = Spread::new(inputs, op.axis, op.block_size, parameter::zeros(inputs, 2, ctx)?, ctx)?;
    // Packed types are computed as bytes, in their own range.
    let whole = match to {
        DType::I2 | DType::I4 => DType::I8,
        DType::U2 | DType::U4 => DType::U8,
        other => other,
    };
    let mut out = ctx.alloc(whole, shape)?;
    let exact = !matches!(precision, DType::F16 | DType::BF16);
    match (whole == to && exact, spread.single(), whole) {
        (true, Some((scale, zero)), DType::U8) => {
            convert::quantize_f32(ctx.pool(), x.view()?, scale, zero, out.view_mut::<u8>()?);
        }
        (true, Some((scale, zero)), DType::I8) => {
            convert::quantize_f32(ctx.pool(), x.view()?, scale, zero, out.view_mut::<i8>()?);
        }
        _ => dispatch!(whole, T in [i8, u8, i16, u16], {
            let (low, high) = range(to);
            let x = x.view::<f32>()?;
            spread.for_each_block(out.view_mut::<T>()?, ctx, |at, out, scales, zeros| {
                let parameters = scales.iter().zip(zeros);
                for ((out, &x), (&scale, &zero)) in out.iter_mut().zip(&x[at..]).zip(parameters) {
                    *out = (round_clamped(divide(x, scale), low - zero, high - zero) + zero) as T;
                }
            });
            Ok(())
        })?,
    }
    cast::convert(out, to, ctx)
}

/// Division in a given precision.
fn quotient(precision: DType) -> fn(f32, f32) -> f32 {
    match precision {
        DType::F16 => |x, scale| f16::from_f32(f16::from_f32(x).to_f32() / scale).to_f32(),
        DType::BF16 => |x, scale| bf16::from_f32(bf16::from_f32(x).to_f32() / scale).to_f32(),
        _ => |x, scale| x / scale,
    }
}

/// The least and the greatest value of an integer type of at most 16 bits.
fn range(dtype: DType) -> (i32, i32) {
    let n_values = 1 << dtype.bits();
    if dtype.class() == dunlin_ir::Class::Signed {
        (-n_values / 2, n_values / 2 - 1)
    } else {
        (0, n_values - 1)
    }
}

/// Dequantizes by given scales.
pub(super) fn dequantize(
    op: &DequantizeLinear,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (x, scale_dtype) = (inputs.tensor(0)?, inputs.tensor(1)?.dtype());
    // A scale that is a power of two says nothing of the result's type.
    let natural = if scale_dtype == DType::F8E8M0 { DType::F32 } else { scale_dtype };
    let to = op.output.unwrap_or(natural);
    let is_float = x.dtype().is_float();
    let zeros = if is_float { vec![0] } else { parameter::zeros(inputs, 2, ctx)? };
    if let Some(zero) = inputs.optional(2)?.filter(|zero| !is_float && zero.dtype() != x.dtype()) {
        return Err(OpError::dtype(format!("a zero point of type {}", x.dtype()), zero.dtype()));
    }
    let spread = Spread::new(inputs, op.axis, op.block_size, zeros, ctx)?;
    let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
    let elements = out.view_mut::<f32>()?;
    match (x.dtype(), spread.single()) {
        (DType::U8, Some((scale, zero))) => {
            convert::dequantize_int8::<u8>(ctx.pool(), x.view()?, scale, zero, elements);
        }
        (DType::I8, Some((scale, zero))) => {
            convert::dequantize_int8::<i8>(ctx.pool(), x.view()?, scale, zero, elements);
        }
        (DType::I4 | DType::I2, _) => dequantize_as::<i8>(&cast::unpack(x, ctx)?, &spread, elements, ctx)?,
        (DType::U4 | DType::U2, _) => dequantize_as::<u8>(&cast::unpack(x, ctx)?, &spread, elements, ctx)?,
        _ if is_float => {
            let x = cast::convert(x.clone(), DType::F32, ctx)?;
            let x = x.view::<f32>()?;
            spread.for_each_block(elements, ctx, |at, out, scales, _| {
                for ((out, &x), &scale) in out.iter_mut().zip(&x[at..]).zip(scales) {
                    *out = x * scale;
                }
            });
        }
        (dtype, _) => dispatch!(dtype, T in [i8, u8, i16, u16, i32], {
            dequantize_as::<T>(x, &spread, elements, ctx)
        })?,
    }
    cast::convert(out, to, ctx)
}

fn dequantize_as<T: Element + Into<i32>>(
    x: &Tensor,
    spread: &Spread,
    out: &mut [f32],
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let x = x.view::<T>()?;
    spread.for_each_block(out, ctx, |at, out, scales, zeros| {
        for ((out, &x), (&scale, &zero)) in out.iter_mut().zip(&x[at..]).zip(scales.iter().zip(zeros)) {
            let x: i32 = x.into();
            *out = x.wrapping_sub(zero) as f32 * scale;
        }
    });
    Ok(())
}

/// The scale and zero point that spread `uint8` over the range of `x`, 0 included.
pub(super) fn dynamic_parameters(x: &[f32], ctx: &Ctx<'_>) -> (f32, u8) {
    let mut ranges = vec![(0.0f32, 0.0f32); x.len().div_ceil(CHEAP_CHUNK)];
    in_chunks(ctx, &mut ranges, 1, &|i, ranges| {
        let part = &x[i * CHEAP_CHUNK..];
        ranges[0] = range_of(&part[..part.len().min(CHEAP_CHUNK)]);
    });
    let (low, high) =
        ranges.iter().fold((0.0f32, 0.0f32), |(low, high), range| (low.min(range.0), high.max(range.1)));
    let scale = if high == low { 1.0 } else { (high - low) / 255.0 };
    let zero = (-low / scale).clamp(0.0, 255.0).round_ties_even();
    (scale, zero as u8)
}

/// The least and the greatest of some numbers and 0.
fn range_of(x: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut low, mut high) = ([0.0f32; LANES], [0.0f32; LANES]);
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..LANES {
            low[i] = if chunk[i] < low[i] { chunk[i] } else { low[i] };
            high[i] = if chunk[i] > high[i] { chunk[i] } else { high[i] };
        }
    }
    let all = |lanes: &[f32; LANES], pick: fn(f32, f32) -> f32| {
        lanes.iter().chain(rest).fold(0.0f32, |a, &b| pick(a, b))
    };
    (all(&low, f32::min), all(&high, f32::max))
}

/// Quantizes to `uint8` over the range of the input.
pub(super) fn dynamic(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let mut out = ctx.alloc(DType::U8, x.shape().clone())?;
    let x = x.view::<f32>()?;
    let (scale, zero) = dynamic_parameters(x, ctx);
    convert::quantize_f32(ctx.pool(), x, scale, zero.into(), out.view_mut::<u8>()?);
    Ok(smallvec::smallvec![
        Some(out.into()),
        Some(Tensor::scalar(scale)?.into()),
        Some(Tensor::scalar(zero)?.into())
    ])
}
