//! Elements of every numeric type as `f64`, written from the standard's definitions of the formats and used by tests
//! alone, so that a mistake of the engine's own conversions cannot hide here.

use dunlin_ir::{Bool, DType, Tensor, TensorError};
use half::{bf16, f16};

/// The elements, each widened to `f64`; complex ones as two. `None` for strings.
///
/// # Errors
/// [`TensorError`] if an unaligned tensor cannot be copied.
pub fn widen(tensor: &Tensor) -> Result<Option<Vec<f64>>, TensorError> {
    let t = tensor.to_aligned()?;
    let bytes = t.bytes();
    Ok(Some(match t.dtype() {
        DType::F32 => t.view::<f32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::F64 => t.view::<f64>()?.to_vec(),
        DType::F16 => t.view::<f16>()?.iter().map(|x| x.to_f64()).collect(),
        DType::BF16 => t.view::<bf16>()?.iter().map(|x| x.to_f64()).collect(),
        DType::C64 => t.view::<[f32; 2]>()?.iter().flatten().map(|&x| f64::from(x)).collect(),
        DType::C128 => t.view::<[f64; 2]>()?.iter().flatten().copied().collect(),
        DType::Bool => t.view::<Bool>()?.iter().map(|x| f64::from(u8::from(x.get()))).collect(),
        DType::I8 => t.view::<i8>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I16 => t.view::<i16>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I32 => t.view::<i32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I64 => t.view::<i64>()?.iter().map(|&x| x as f64).collect(),
        DType::U8 => t.view::<u8>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::U16 => t.view::<u16>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::U32 => t.view::<u32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::U64 => t.view::<u64>()?.iter().map(|&x| x as f64).collect(),
        DType::F8E4M3FN => bytes.iter().map(|&b| float8(b, 4, 7, Special::AllOnes)).collect(),
        DType::F8E4M3FNUZ => bytes.iter().map(|&b| float8(b, 4, 8, Special::NegativeZero)).collect(),
        DType::F8E5M2 => bytes.iter().map(|&b| float8(b, 5, 15, Special::Ieee)).collect(),
        DType::F8E5M2FNUZ => bytes.iter().map(|&b| float8(b, 5, 16, Special::NegativeZero)).collect(),
        DType::F8E8M0 => bytes.iter().map(|&b| power_of_two(b)).collect(),
        DType::F4E2M1 => packed(bytes, 4, t.len(), float4),
        DType::F6E2M3 => packed(bytes, 6, t.len(), |code| float6(code, 2)),
        DType::F6E3M2 => packed(bytes, 6, t.len(), |code| float6(code, 3)),
        DType::U4 => packed(bytes, 4, t.len(), f64::from),
        DType::I4 => packed(bytes, 4, t.len(), |v| signed(v, 4)),
        DType::U2 => packed(bytes, 2, t.len(), f64::from),
        DType::I2 => packed(bytes, 2, t.len(), |v| signed(v, 2)),
        _ => return Ok(None),
    }))
}

/// Which patterns of an 8-bit float are no numbers.
enum Special {
    /// The highest exponent, as in IEEE 754: infinities and NaN.
    Ieee,
    /// All bits of exponent and mantissa set.
    AllOnes,
    /// The pattern that would be negative zero.
    NegativeZero,
}

fn float8(byte: u8, exponent_bits: u32, bias: i32, special: Special) -> f64 {
    let mantissa_bits = 7 - exponent_bits;
    let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((byte & 0x7f) >> mantissa_bits);
    let mantissa = f64::from(byte & ((1 << mantissa_bits) - 1)) / f64::from(1u32 << mantissa_bits);
    match special {
        Special::Ieee if exponent == (1 << exponent_bits) - 1 => {
            return if mantissa == 0.0 { sign * f64::INFINITY } else { f64::NAN };
        }
        Special::AllOnes if byte & 0x7f == 0x7f => return f64::NAN,
        Special::NegativeZero if byte == 0x80 => return f64::NAN,
        _ => {}
    }
    let (lead, power) = if exponent == 0 { (0.0, 1 - bias) } else { (1.0, exponent - bias) };
    sign * (lead + mantissa) * f64::from(power).exp2()
}

fn power_of_two(byte: u8) -> f64 {
    if byte == 0xff { f64::NAN } else { (f64::from(byte) - 127.0).exp2() }
}

fn float4(nibble: u8) -> f64 {
    let magnitudes = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
    let magnitude = magnitudes[usize::from(nibble & 7)];
    if nibble & 8 == 0 { magnitude } else { -magnitude }
}

/// 1 sign bit, then exponent (biased by half its range) and mantissa; there is neither infinity nor NaN.
fn float6(code: u8, exponent_bits: u32) -> f64 {
    let mantissa_bits = 5 - exponent_bits;
    let bias = (1 << (exponent_bits - 1)) - 1;
    let exponent = i32::from(code >> mantissa_bits & ((1 << exponent_bits) - 1));
    let mantissa = f64::from(code & ((1 << mantissa_bits) - 1)) / f64::from(1u32 << mantissa_bits);
    let (lead, power) = if exponent == 0 { (0.0, 1 - bias) } else { (1.0, exponent - bias) };
    let magnitude = (lead + mantissa) * f64::from(power).exp2();
    if code & 0x20 == 0 { magnitude } else { -magnitude }
}

fn signed(value: u8, bits: u32) -> f64 {
    let value = f64::from(value);
    let half = f64::from(1u32 << (bits - 1));
    if value >= half { value - 2.0 * half } else { value }
}

/// The first `n` elements of `bits` bits each, the first in the low bits.
fn packed(bytes: &[u8], bits: u32, n: usize, value: impl Fn(u8) -> f64) -> Vec<f64> {
    let bit = |at: usize| bytes[at / 8] >> (at % 8) & 1;
    let bits = bits as usize;
    let element = |i: usize| (0..bits).fold(0, |element, b| element | bit(i * bits + b) << b);
    (0..n).map(|i| value(element(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_have_the_values_of_their_tables() {
        assert_eq!(float8(0x7e, 4, 7, Special::AllOnes), 448.0);
        assert_eq!(float8(0x01, 4, 7, Special::AllOnes), (-9.0f64).exp2());
        assert_eq!(float8(0x7b, 5, 15, Special::Ieee), 57344.0);
        assert_eq!(float8(0xfc, 5, 15, Special::Ieee), f64::NEG_INFINITY);
        assert_eq!(float8(0x7f, 4, 8, Special::NegativeZero), 240.0);
        assert!(float8(0x80, 5, 16, Special::NegativeZero).is_nan());
        assert_eq!(power_of_two(127), 1.0);
        assert_eq!(float4(0xf), -6.0);
        assert_eq!((float6(0x1f, 2), float6(0x3f, 3), float6(0x01, 2)), (7.5, -28.0, 0.125));
    }

    #[test]
    fn packed_elements_start_in_the_low_bits() {
        assert_eq!(packed(&[0xf1, 0x08], 4, 3, |v| signed(v, 4)), [1.0, -1.0, -8.0]);
        assert_eq!(packed(&[0b1110_0100], 2, 4, f64::from), [0.0, 1.0, 2.0, 3.0]);
    }
}
