//! Conversions between element types.
//!
//! Types of whole bytes convert directly; small floats go through `float32`, packed integers through `int8` or `uint8`,
//! strings through the widest type of the kind.

use dunlin_ir::op::elementwise::{Cast, Rounding};
use dunlin_ir::small_float::{self, Overflow, narrow_to_odd};
use dunlin_ir::{Bool, DType, Element, Tensor, packed};
use half::{bf16, f16};

use super::broadcast::{BLOCK, CHEAP_CHUNK, in_chunks};
use super::number::Half;
use super::text;
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, OpError};

/// Converts to another element type.
pub(crate) fn run(x: Tensor, cast: Cast, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let from = x.dtype();
    match cast.to {
        to if to == from => Ok(x),
        DType::String => text::to_strings(&widened(x, ctx)?, ctx),
        to if is_packed_integer(to) => pack(&convert(x, DType::I8, ctx)?, to, ctx),
        to if is_small_float(to) => {
            let overflow = if cast.saturate { Overflow::Saturate } else { Overflow::Special };
            encode(&to_f32_odd(widened(x, ctx)?, ctx)?, to, overflow, cast.rounding, ctx)
        }
        to => convert_whole(&widened_for(x, to, ctx)?, to, ctx),
    }
}

/// [`run`] with the standard's defaults.
pub(crate) fn convert(x: Tensor, to: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    run(x, Cast { to, saturate: true, rounding: Rounding::Up }, ctx)
}

fn is_packed_integer(dtype: DType) -> bool {
    dtype.is_integer() && dtype.bits() < 8
}

fn is_small_float(dtype: DType) -> bool {
    dtype.is_float() && dtype.bits() <= 8
}

/// The same numbers in a type of whole bytes that all loops know, or strings as `float64`.
fn widened(x: Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    widened_for(x, DType::F64, ctx)
}

fn widened_for(x: Tensor, to: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match x.dtype() {
        DType::String if to.is_float() => text::parse_floats(&x, ctx),
        DType::String if matches!(to.class(), dunlin_ir::Class::Unsigned) => text::parse_unsigned(&x, ctx),
        DType::String => text::parse_signed(&x, ctx),
        dtype if is_packed_integer(dtype) => unpack(&x, ctx),
        dtype if is_small_float(dtype) => decode(&x, ctx),
        _ => Ok(x),
    }
}

/// A number that is converted from.
trait Source: Element {
    /// The type that holds all of its values.
    type Wide: Wide;
    /// The same number in that type.
    fn widen(self) -> Self::Wide;
}

/// A type that numbers are converted through: it knows its way to every target.
trait Wide: Copy {
    fn to<T: Target>(self) -> T;
}

/// A number that is converted to.
trait Target: Element {
    fn from_f32(x: f32) -> Self;
    fn from_f64(x: f64) -> Self;
    fn from_i64(x: i64) -> Self;
    fn from_u64(x: u64) -> Self;
}

macro_rules! wide {
    ($($wide:ty: $from:ident),*) => {
        $(impl Wide for $wide {
            #[inline(always)]
            fn to<T: Target>(self) -> T {
                T::$from(self)
            }
        })*
    };
}

wide!(f32: from_f32, f64: from_f64, i64: from_i64, u64: from_u64);

macro_rules! sources {
    ($($source:ty => $wide:ty),* $(,)?) => {
        $(impl Source for $source {
            type Wide = $wide;
            #[inline(always)]
            fn widen(self) -> $wide {
                self.into()
            }
        })*
    };
}

sources!(
    f32 => f32, f64 => f64,
    i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => i64, u16 => i64, u32 => i64, u64 => u64,
);

impl Source for Bool {
    type Wide = i64;
    #[inline(always)]
    fn widen(self) -> i64 {
        self.get().into()
    }
}

macro_rules! integer_targets {
    ($($int:ty, through $middle:ty);* $(;)?) => {
        $(impl Target for $int {
            // Out of range is undefined by the standard; cutting off the high bits of a wider integer is what
            // processors do.
            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                x as $middle as $int
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $middle as $int
            }
            #[inline(always)]
            fn from_i64(x: i64) -> Self {
                x as $int
            }
            #[inline(always)]
            fn from_u64(x: u64) -> Self {
                x as $int
            }
        })*
    };
}

integer_targets!(
    i8, through i32; i16, through i32; u8, through i32; u16, through i32;
    i32, through i32; u32, through i64; i64, through i64;
);

impl Target for u64 {
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        if x < 0.0 { x as i64 as u64 } else { x as u64 }
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        if x < 0.0 { x as i64 as u64 } else { x as u64 }
    }
    #[inline(always)]
    fn from_i64(x: i64) -> Self {
        x as u64
    }
    #[inline(always)]
    fn from_u64(x: u64) -> Self {
        x
    }
}

macro_rules! float_targets {
    ($($float:ty: $from_f32:expr, $from_f64:expr);* $(;)?) => {
        $(impl Target for $float {
            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                $from_f32(x)
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                $from_f64(x)
            }
            #[inline(always)]
            fn from_i64(x: i64) -> Self {
                $from_f64(x as f64)
            }
            #[inline(always)]
            fn from_u64(x: u64) -> Self {
                $from_f64(x as f64)
            }
        })*
    };
}

float_targets!(
    f64: f64::from, |x| x;
    f16: f16::from_f32, f16::from_f64;
    bf16: bf16::from_f32, bf16::from_f64;
);

impl Target for f32 {
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn from_i64(x: i64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn from_u64(x: u64) -> Self {
        x as f32
    }
}

impl Target for Bool {
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        (x != 0.0).into()
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        (x != 0.0).into()
    }
    #[inline(always)]
    fn from_i64(x: i64) -> Self {
        (x != 0).into()
    }
    #[inline(always)]
    fn from_u64(x: u64) -> Self {
        (x != 0).into()
    }
}

/// Converts between types of whole bytes.
fn convert_whole(x: &Tensor, to: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(to, x.shape().clone())?;
    match (x.dtype(), to) {
        (from, to) if from == to => return Ok(x.clone()),
        (DType::F16, DType::F32) => widen_half::<f16>(x, &mut out, ctx)?,
        (DType::BF16, DType::F32) => widen_half::<bf16>(x, &mut out, ctx)?,
        (DType::F32, DType::F16) => narrow_half::<f16>(x, &mut out, ctx)?,
        (DType::F32, DType::BF16) => narrow_half::<bf16>(x, &mut out, ctx)?,
        (DType::F16 | DType::BF16, to) => return convert_whole(&convert_whole(x, DType::F32, ctx)?, to, ctx),
        (from, to) => map(x, &mut out, ctx, loop_between(from, to)?)?,
    }
    Ok(out)
}

/// A loop from the bytes of some elements to those of as many others.
type Loop = fn(&[u8], &mut [u8]);

/// The loop between two types of whole bytes, which 16-bit floats are not converted from.
fn loop_between(from: DType, to: DType) -> Result<Loop, OpError> {
    if from.is_float() {
        dispatch!(from, S in [f32, f64], {
            dispatch!(signed(from, to), T in [f32, f64, f16, bf16, i8, i16, i32, i64, u32, u64, Bool], {
                Ok(each::<S, T> as Loop)
            })
        })
    } else {
        dispatch!(from, S in [i8, i16, i32, i64, u8, u16, u32, u64, Bool], {
            dispatch!(signed(from, to), T in [f32, f64, f16, bf16, i8, i16, i32, i64, Bool], Ok(each::<S, T> as Loop))
        })
    }
}

/// The signed type that numbers are converted to with the same bits as to `to`, if there is one.
fn signed(from: DType, to: DType) -> DType {
    match to {
        DType::U8 => DType::I8,
        DType::U16 => DType::I16,
        DType::U32 if !from.is_float() => DType::I32,
        DType::U64 if !from.is_float() => DType::I64,
        to => to,
    }
}

/// Converts as many elements as `out` has room for. On bytes, so that what is around it is compiled once, not for each pair of types.
fn each<S: Source, T: Target>(x: &[u8], out: &mut [u8]) {
    for (out, x) in out.chunks_exact_mut(size_of::<T>()).zip(x.chunks_exact(size_of::<S>())) {
        let y: T = bytemuck::pod_read_unaligned::<S>(x).widen().to();
        out.copy_from_slice(bytemuck::bytes_of(&y));
    }
}

fn map(x: &Tensor, out: &mut Tensor, ctx: &Ctx<'_>, f: Loop) -> Result<(), OpError> {
    let (x_bytes, out_bytes) = (x.dtype().bits() / 8, out.dtype().bits() / 8);
    let x = x.bytes();
    let out = out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
    in_chunks(ctx, out, CHEAP_CHUNK * out_bytes, &|start, out| f(&x[start / out_bytes * x_bytes..], out));
    Ok(())
}

fn widen_half<H: Half>(x: &Tensor, out: &mut Tensor, ctx: &Ctx<'_>) -> Result<(), OpError> {
    let x = x.view::<H>()?;
    in_chunks(ctx, out.view_mut::<f32>()?, CHEAP_CHUNK, &|start, out| {
        H::widen(&x[start..start + out.len()], out);
    });
    Ok(())
}

fn narrow_half<H: Half>(x: &Tensor, out: &mut Tensor, ctx: &Ctx<'_>) -> Result<(), OpError> {
    let x = x.view::<f32>()?;
    in_chunks(ctx, out.view_mut::<H>()?, CHEAP_CHUNK, &|start, out| {
        H::narrow(&x[start..start + out.len()], out);
    });
    Ok(())
}

/// Converts to `float32` so that a further rounding to a smaller float rounds only once.
fn to_f32_odd(x: Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16) {
        return convert(x, DType::F32, ctx);
    }
    let wide = convert(x, DType::F64, ctx)?;
    let mut out = ctx.alloc(DType::F32, wide.shape().clone())?;
    let x = wide.view::<f64>()?;
    in_chunks(ctx, out.view_mut::<f32>()?, CHEAP_CHUNK, &|start, out| {
        let x = &x[start..start + out.len()];
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = narrow_to_odd(x));
    });
    Ok(out)
}

/// Small floats as `float32`.
fn decode(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let values = small_float::values(x.dtype()).ok_or_else(|| OpError::dtype("a small float", x.dtype()))?;
    let (bits, bytes) = (x.dtype().bits(), x.bytes());
    let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
    in_chunks(ctx, out.view_mut::<f32>()?, CHEAP_CHUNK, &|start, out| {
        for (i, out) in out.iter_mut().enumerate() {
            *out = values[usize::from(packed::read(bytes, bits, start + i))];
        }
    });
    Ok(out)
}

/// `float32` as small floats.
fn encode(
    x: &Tensor,
    to: DType,
    overflow: Overflow,
    rounding: Rounding,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let x_elements = x.view::<f32>()?;
    write_packed(x, to, ctx, |i| small_float::encode(to, x_elements[i], overflow, rounding))
}

/// Packed integers as `int8` or `uint8`.
pub(crate) fn unpack(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (dtype, bytes) = (x.dtype(), x.bytes());
    let to = if dtype.class() == dunlin_ir::Class::Signed { DType::I8 } else { DType::U8 };
    write_packed(x, to, ctx, |i| {
        packed::integer(dtype, packed::read(bytes, dtype.bits(), i)).unwrap_or(0) as u8
    })
}

/// `int8` cut to the low bits.
fn pack(x: &Tensor, to: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let bytes = x.bytes();
    write_packed(x, to, ctx, |i| bytes[i])
}

/// A tensor of `x`'s shape, of elements of at most 8 bits, whose raw bits `f` gives.
fn write_packed(
    x: &Tensor,
    to: DType,
    ctx: &Ctx<'_>,
    f: impl Fn(usize) -> u8 + Sync,
) -> Result<Tensor, OpError> {
    let (n, per_byte) = (x.len(), 8 / to.bits());
    let mut out = ctx.alloc(to, x.shape().clone())?;
    let bytes = out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
    if 8 % to.bits() != 0 {
        // Elements run over the borders of bytes, and so of chunks.
        bytes.fill(0);
        (0..n).for_each(|i| packed::write(bytes, to.bits(), i, f(i)));
        return Ok(out);
    }
    in_chunks(ctx, bytes, CHEAP_CHUNK, &|start, bytes| {
        let mut raw = [0; BLOCK];
        for (i, bytes) in bytes.chunks_mut(BLOCK / per_byte).enumerate() {
            let first = (start + i * (BLOCK / per_byte)) * per_byte;
            let raw = &mut raw[..(bytes.len() * per_byte).min(n - first)];
            raw.iter_mut().enumerate().for_each(|(j, raw)| *raw = f(first + j));
            packed::pack_into(raw, to.bits(), bytes);
        }
    });
    Ok(out)
}
