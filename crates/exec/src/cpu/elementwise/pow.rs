//! Powers: base and exponent may have different types, and common exponents have short ways.

use dunlin_ir::{DType, Element, Tensor};
use half::{bf16, f16};

use super::broadcast::{CHEAP_CHUNK, COSTLY_CHUNK, Lane};
use super::cast;
use super::number::Arithmetic;
use super::zip::{self, Kernel, kernel, zip_assign, zip_into};
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, Inputs, OpError};

/// Raises input 0 to the power of input 1.
pub(super) fn run(inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (base, exponent) = (inputs.tensor(0)?.dtype(), inputs.tensor(1)?.dtype());
    match (base, exponent) {
        (DType::F32, DType::F32) => zip::run::<f32>(&float_kernel(), inputs, ctx),
        (DType::F64, DType::F64) => zip::run::<f64>(&kernel!(f64, f64::powf).costly(), inputs, ctx),
        (DType::F16, DType::F16) => zip::run_half::<f16>(&float_kernel(), inputs, ctx),
        (DType::BF16, DType::BF16) => zip::run_half::<bf16>(&float_kernel(), inputs, ctx),
        (DType::F16 | DType::BF16, _) => {
            let wide = cast::convert(inputs.take(0)?, DType::F32, ctx)?;
            let power = mixed(wide, inputs.take(1)?, ctx)?;
            cast::convert(power, base, ctx)
        }
        _ => mixed(inputs.take(0)?, inputs.take(1)?, ctx),
    }
}

fn float_kernel() -> Kernel<f32> {
    Kernel {
        into: |out, a, b| match (a, b) {
            (Lane::Slice(a), Lane::Scalar(exponent)) => {
                out.copy_from_slice(a);
                raise(out, exponent);
            }
            _ => zip_into(out, a, b, f32::powf),
        },
        assign: |out, b| match b {
            Lane::Scalar(exponent) => raise(out, exponent),
            Lane::Slice(_) => zip_assign(out, b, f32::powf),
        },
        commutes: false,
        chunk: COSTLY_CHUNK,
    }
}

/// Raises all of `x` to one power.
fn raise(x: &mut [f32], exponent: f32) {
    macro_rules! each {
        ($f:expr) => {
            x.iter_mut().for_each(|x| *x = $f(*x))
        };
    }
    match exponent {
        1.0 => {}
        2.0 => each!(|x: f32| x * x),
        3.0 => each!(|x: f32| x * x * x),
        -1.0 => each!(|x: f32| 1.0 / x),
        exponent => each!(|x: f32| x.powf(exponent)),
    }
}

/// The power of operands of any two types; exponents are read as `int64` or `float64`.
fn mixed(base: Tensor, exponent: Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let wide = if exponent.dtype().is_float() { DType::F64 } else { DType::I64 };
    let exponent = cast::convert(exponent, wide, ctx)?;
    let dtype = base.dtype();
    let mut values = [Some(base.into()), Some(exponent.into())];
    let inputs = Inputs::new(&mut values);
    dispatch!(dtype, T in [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64], {
        if wide == DType::F64 {
            zip::run_mixed::<T, f64, T>(|out, a, b| zip_into(out, a, b, T::power), COSTLY_CHUNK, &inputs, ctx)
        } else {
            integers::<T>(&inputs, ctx)
        }
    })
}

fn integers<T: Arithmetic + Element>(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    zip::run_mixed::<T, i64, T>(
        |out, a, b| match b {
            Lane::Scalar(2) => zip_into(out, a, b, |a, _| a.times(a)),
            _ => zip_into(out, a, b, T::integer_power),
        },
        CHEAP_CHUNK,
        inputs,
        ctx,
    )
}
