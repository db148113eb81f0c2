//! Numbers as text and back, for casts from and to strings.

use dunlin_ir::{Bool, DType, Element, Tensor};
use half::{bf16, f16};

use super::broadcast::BLOCK;
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, OpError};

/// The elements as text: integers plainly, floats with eight significant digits, truth values as `1` and `0`.
pub(super) fn to_strings(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let strings: Vec<String> = match x.dtype() {
        DType::F16 => each(x.view::<f16>()?, ctx, |x| float_text(x.to_f64()))?,
        DType::BF16 => each(x.view::<bf16>()?, ctx, |x| float_text(x.to_f64()))?,
        DType::F32 => each(x.view::<f32>()?, ctx, |x| float_text(x.into()))?,
        DType::F64 => each(x.view::<f64>()?, ctx, float_text)?,
        DType::Bool => each(x.view::<Bool>()?, ctx, |x| u8::from(x.get()).to_string())?,
        dtype => dispatch!(dtype, T in [i8, i16, i32, i64, u8, u16, u32, u64], {
            each(x.view::<T>()?, ctx, |x: T| x.to_string())
        })?,
    };
    Ok(Tensor::from_strings(x.shape().clone(), strings)?)
}

/// The numbers that the strings name.
pub(super) fn parse_floats(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    parse::<f64>(x, ctx, parse_float)
}

/// The integers that the strings name; fractions are dropped.
pub(super) fn parse_signed(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    parse::<i64>(x, ctx, |text| text.trim().parse().ok().or_else(|| Some(parse_float(text)? as i64)))
}

/// The natural numbers that the strings name; fractions are dropped.
pub(super) fn parse_unsigned(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    parse::<u64>(x, ctx, |text| text.trim().parse().ok().or_else(|| Some(parse_float(text)? as i64 as u64)))
}

fn each<T: Copy>(x: &[T], ctx: &Ctx<'_>, f: impl Fn(T) -> String) -> Result<Vec<String>, OpError> {
    let mut strings = Vec::with_capacity(x.len());
    for block in x.chunks(BLOCK) {
        ctx.check_stop()?;
        strings.extend(block.iter().map(|&x| f(x)));
    }
    Ok(strings)
}

fn parse<T: Element>(x: &Tensor, ctx: &Ctx<'_>, f: impl Fn(&str) -> Option<T>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    for (out, text) in out.view_mut::<T>()?.iter_mut().zip(x.strings()?) {
        *out = f(text).ok_or_else(|| OpError::value("strings that are numbers", format!("{text:?}")))?;
    }
    Ok(out)
}

/// Rust reads all that the standard asks for: decimals, exponents, `inf`, `nan`, in any case and with any sign.
fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// What C's `%.8g` prints; `NaN`, `INF` and `-INF` for what is no number.
fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "INF".into() } else { "-INF".into() };
    }
    let scientific = format!("{x:.7e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..8).contains(&exponent) {
        return without_trailing_zeros(&format!("{x:.*}", (7 - exponent) as usize)).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_trailing_zeros(mantissa), exponent.abs())
}

fn without_trailing_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_c() {
        // From printf("%.8g").
        let cases = [
            (1.0, "1"),
            (0.1f32.into(), "0.1"),
            (16_777_216.0, "16777216"),
            (1e10, "1e+10"),
            (1e-7f32.into(), "1e-07"),
            (123_456_789f32.into(), "1.2345679e+08"),
            (0.333_333_3f32.into(), "0.33333331"),
            (-0.0, "-0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-INF"),
        ];
        for (x, want) in cases {
            assert_eq!(float_text(x), want);
        }
    }
}
