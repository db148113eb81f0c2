//! The two floating-point types that operators compute in, behind one trait; 16-bit floats are widened first.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use dunlin_ir::{DType, Element, Tensor, Value};
use dunlin_kernels::activation::Activation;
use dunlin_sys::for_each_chunk_mut;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use smallvec::SmallVec;

use crate::{Ctx, Inputs, OpError, Outputs};

/// A floating-point number that is computed with: `f32` or `f64`.
pub(crate) trait Real:
    Element
    + PartialOrd
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// The value in double precision.
    fn wide(self) -> f64;
    /// The absolute value.
    fn abs(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// A power.
    fn powf(self, exponent: Self) -> Self;
    /// The largest integer that is not larger.
    fn floor(self) -> Self;
    /// Applies an activation in place.
    fn activate(activation: Activation, x: &mut [Self]);
}

macro_rules! real {
    ($($float:ty: $activate:expr),*) => {
        $(impl Real for $float {
            #[inline]
            fn of(value: f64) -> $float {
                value as $float
            }
            #[inline]
            fn wide(self) -> f64 {
                self.into()
            }
            #[inline]
            fn abs(self) -> $float {
                self.abs()
            }
            #[inline]
            fn sqrt(self) -> $float {
                self.sqrt()
            }
            #[inline]
            fn powf(self, exponent: $float) -> $float {
                self.powf(exponent)
            }
            #[inline]
            fn floor(self) -> $float {
                self.floor()
            }
            fn activate(activation: Activation, x: &mut [$float]) {
                let apply: fn(Activation, &mut [$float]) = $activate;
                apply(activation, x);
            }
        })*
    };
}

real!(
    f32: |activation, x| activation.apply(x),
    f64: |activation, x| x.iter_mut().for_each(|x| *x = activation.reference(*x))
);

/// Whether elements have 16 bits of floating point and are widened for computing.
pub(crate) fn is_narrow(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

/// Runs `compute` with all 16-bit floats among the inputs as `f32`, and narrows the outputs to the type of input 0.
///
/// # Errors
/// Whatever `compute` returns, or no memory.
pub(crate) fn widened(
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
    compute: impl FnOnce(&mut Inputs<'_>) -> Result<Outputs, OpError>,
) -> Result<Outputs, OpError> {
    let narrow = inputs.tensor(0)?.dtype();
    let mut values: SmallVec<[Option<Value>; 8]> = inputs.take_all().into();
    for value in values.iter_mut().flatten() {
        if let Value::Tensor(tensor) = value
            && is_narrow(tensor.dtype())
        {
            *tensor = widen(tensor, ctx)?;
        }
    }
    let mut outputs = compute(&mut Inputs::new(&mut values))?;
    drop(values);
    for value in outputs.iter_mut().flatten() {
        if let Value::Tensor(tensor) = value
            && tensor.dtype() == DType::F32
        {
            *tensor = narrowed(tensor, narrow, ctx)?;
        }
    }
    Ok(outputs)
}

/// `x` as `f32` if it holds 16-bit floats, else as it is.
pub(crate) fn widen(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match x.dtype() {
        DType::F16 => convert::<f16, f32>(x, ctx, &|from, to| from.convert_to_f32_slice(to)),
        DType::BF16 => convert::<bf16, f32>(x, ctx, &|from, to| from.convert_to_f32_slice(to)),
        _ => Ok(x.clone()),
    }
}

/// The elements of a constant of 16-bit floats, which may be unaligned, as `f32`.
///
/// # Errors
/// No memory.
pub(crate) fn widened_constant(x: &Tensor) -> Result<Tensor, OpError> {
    let mut out = Tensor::zeroed(DType::F32, x.shape().clone())?;
    let bits = x.bytes().as_chunks().0.iter().map(|&bits| u16::from_le_bytes(bits));
    let wide: fn(u16) -> f32 = match x.dtype() {
        DType::F16 => |bits| f16::from_bits(bits).to_f32(),
        DType::BF16 => |bits| bf16::from_bits(bits).to_f32(),
        other => return Err(OpError::dtype("float16, bfloat16", other)),
    };
    for (out, bits) in out.view_mut::<f32>()?.iter_mut().zip(bits) {
        *out = wide(bits);
    }
    Ok(out)
}

/// A tensor of `f32` rounded to `dtype` if those are 16-bit floats, else as it is.
pub(crate) fn narrowed(x: &Tensor, dtype: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match dtype {
        DType::F16 => convert::<f32, f16>(x, ctx, &|from, to| to.convert_from_f32_slice(from)),
        DType::BF16 => convert::<f32, bf16>(x, ctx, &|from, to| to.convert_from_f32_slice(from)),
        _ => Ok(x.clone()),
    }
}

fn convert<A: Element, B: Element>(
    x: &Tensor,
    ctx: &Ctx<'_>,
    convert: &(dyn Fn(&[A], &mut [B]) + Sync),
) -> Result<Tensor, OpError> {
    const CHUNK_LEN: usize = 1 << 15;
    let mut out = ctx.alloc(B::DTYPE, x.shape().clone())?;
    let from = x.view::<A>()?;
    for_each_chunk_mut(ctx.pool(), out.view_mut::<B>()?, CHUNK_LEN, &|i, to| {
        convert(&from[i * CHUNK_LEN..][..to.len()], to);
    });
    Ok(out)
}
