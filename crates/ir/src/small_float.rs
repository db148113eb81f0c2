//! Floats of 8, 6 and 4 bits: conversions to and from `f32` by the ONNX standard's rules.

use std::sync::OnceLock;

use crate::DType;

/// How halves round when converting to `float8e8m0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Rounding {
    /// To the next power of two away from zero.
    #[default]
    Up,
    /// To the next power of two towards zero.
    Down,
    /// To the nearest power of two; ties go up.
    Nearest,
}

/// What happens to values beyond the range of an 8-bit float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// They become the largest finite value.
    Saturate,
    /// They become infinity where the type has one, else NaN.
    Special,
}

/// The value of every code of a small float type (16, 64 or 256 of them count); `None` for other types.
pub fn values(dtype: DType) -> Option<&'static [f32; 256]> {
    static TABLES: [OnceLock<[f32; 256]>; TYPES.len()] = [const { OnceLock::new() }; TYPES.len()];
    let table = TYPES.iter().position(|&small| small == dtype)?;
    Some(TABLES[table].get_or_init(|| std::array::from_fn(|code| decode(dtype, code as u8))))
}

/// The code of the value of a small float type that is nearest to `x`, halves to even; `float8e8m0` rounds as
/// `rounding` says. 0 for other types.
pub fn encode(dtype: DType, x: f32, overflow: Overflow, rounding: Rounding) -> u8 {
    if dtype == DType::F8E8M0 {
        return encode_power(x, overflow, rounding);
    }
    let Some(format) = Format::of(dtype) else { return 0 };
    let code = format.encode_magnitude(x.abs(), overflow);
    let sign = u8::from(x.is_sign_negative()) << (format.exponent_bits + format.mantissa_bits);
    match format.special {
        // There is no negative zero: its code is NaN's.
        Special::NegativeZeroIsNan if x.is_nan() || code == 0x80 => 0x80,
        Special::NegativeZeroIsNan if code == 0 => 0,
        // NaN becomes negative zero where there is no NaN.
        Special::None if x.is_nan() => 1 << (format.exponent_bits + format.mantissa_bits),
        _ => code | sign,
    }
}

/// `x` rounded to `f32` so that rounding the result to a type of at most 22 bits of mantissa rounds `x` only once:
/// an inexact result has its last bit set.
pub fn narrow_to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) == x || !nearest.is_finite() {
        return nearest;
    }
    let bits = nearest.to_bits();
    let truncated = if f64::from(nearest).abs() > x.abs() { bits - 1 } else { bits };
    f32::from_bits(truncated | 1)
}

const TYPES: [DType; 8] = [
    DType::F8E4M3FN,
    DType::F8E4M3FNUZ,
    DType::F8E5M2,
    DType::F8E5M2FNUZ,
    DType::F8E8M0,
    DType::F6E2M3,
    DType::F6E3M2,
    DType::F4E2M1,
];

/// What the codes beyond the finite values mean.
#[derive(Clone, Copy, PartialEq)]
enum Special {
    /// There is infinity, and NaN above it.
    Infinity,
    /// The highest code of each sign is NaN.
    HighestIsNan,
    /// The code of negative zero is the only NaN.
    NegativeZeroIsNan,
    /// All codes are finite.
    None,
}

#[derive(Clone, Copy)]
struct Format {
    exponent_bits: u32,
    mantissa_bits: u32,
    bias: i32,
    /// The code of the largest finite value.
    max_code: u8,
    special: Special,
}

impl Format {
    fn of(dtype: DType) -> Option<Format> {
        let format = |exponent_bits, mantissa_bits, bias, max_code, special| {
            Some(Format { exponent_bits, mantissa_bits, bias, max_code, special })
        };
        match dtype {
            DType::F8E4M3FN => format(4, 3, 7, 0x7E, Special::HighestIsNan),
            DType::F8E4M3FNUZ => format(4, 3, 8, 0x7F, Special::NegativeZeroIsNan),
            DType::F8E5M2 => format(5, 2, 15, 0x7B, Special::Infinity),
            DType::F8E5M2FNUZ => format(5, 2, 16, 0x7F, Special::NegativeZeroIsNan),
            DType::F6E2M3 => format(2, 3, 1, 0x1F, Special::None),
            DType::F6E3M2 => format(3, 2, 3, 0x1F, Special::None),
            DType::F4E2M1 => format(2, 1, 1, 0x7, Special::None),
            _ => None,
        }
    }

    fn decode(self, code: u8) -> f32 {
        let magnitude = code & ((1 << (self.exponent_bits + self.mantissa_bits)) - 1);
        let sign = if code >> (self.exponent_bits + self.mantissa_bits) & 1 == 1 { -1.0 } else { 1.0 };
        if self.special == Special::NegativeZeroIsNan && code == 0x80 {
            return f32::NAN;
        }
        if magnitude > self.max_code {
            let is_infinity = self.special == Special::Infinity && magnitude == self.max_code + 1;
            return sign * if is_infinity { f32::INFINITY } else { f32::NAN };
        }
        let exponent = i32::from(magnitude >> self.mantissa_bits);
        let fraction = f32::from(magnitude & ((1 << self.mantissa_bits) - 1));
        let one = f32::from(1u8 << self.mantissa_bits);
        let significand = if exponent == 0 { fraction } else { one + fraction };
        sign * significand * power_of_two(exponent.max(1) - self.bias - self.mantissa_bits as i32)
    }

    /// The code of `x >= 0` (or NaN), without the sign bit.
    fn encode_magnitude(self, x: f32, overflow: Overflow) -> u8 {
        let nan = match self.special {
            Special::NegativeZeroIsNan => 0x80,
            Special::Infinity | Special::HighestIsNan => 0x7F,
            Special::None => 0,
        };
        if x.is_nan() {
            return nan;
        }
        let beyond = match (overflow, self.special) {
            (Overflow::Saturate, _) | (_, Special::None) => self.max_code,
            (Overflow::Special, Special::Infinity) => self.max_code + 1,
            (Overflow::Special, _) => nan,
        };
        if x.is_infinite() {
            return beyond;
        }
        let exponent = ((x.to_bits() >> 23) as i32 - 127).max(1 - self.bias);
        // A power of two: the product is exact, and the largest significand is far below 2^24.
        let steps = (x * power_of_two(self.mantissa_bits as i32 - exponent)).round_ties_even() as u32;
        let code = ((exponent + self.bias - 1) as u32) << self.mantissa_bits;
        u8::try_from(code + steps).ok().filter(|&code| code <= self.max_code).unwrap_or(beyond)
    }
}

fn decode(dtype: DType, code: u8) -> f32 {
    match Format::of(dtype) {
        Some(format) => format.decode(code),
        None if code == 0xFF => f32::NAN,
        // Half the smallest normal number is the one power of two that is subnormal.
        None if code == 0 => f32::MIN_POSITIVE / 2.0,
        None => power_of_two(i32::from(code) - 127),
    }
}

/// The exponent of `x`, whose sign does not count.
fn encode_power(x: f32, overflow: Overflow, rounding: Rounding) -> u8 {
    const MAX: u32 = 0xFE;
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 23) & 0xFF, bits & 0x7F_FFFF);
    if exponent == 0xFF {
        return 0xFF;
    }
    let up = match rounding {
        Rounding::Up => fraction > 0,
        Rounding::Down => false,
        Rounding::Nearest => fraction > 0x40_0000 || fraction == 0x40_0000 && exponent > 0,
    };
    match exponent + u32::from(up) {
        rounded if rounded > MAX && overflow == Overflow::Saturate => MAX as u8,
        rounded => rounded as u8,
    }
}

/// `2^n` for `n` in `-126..=127`.
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_standards_table() {
        let inf = f32::INFINITY;
        // float, then (saturating, not saturating) for each type.
        let cases: [(f32, [(u8, u8); 4]); 8] = [
            (0.0, [(0, 0); 4]),
            (-0.0, [(0x80, 0x80), (0, 0), (0x80, 0x80), (0, 0)]),
            (f32::NAN, [(0x7F, 0x7F), (0x80, 0x80), (0x7F, 0x7F), (0x80, 0x80)]),
            (inf, [(0x7E, 0x7F), (0x7F, 0x80), (0x7B, 0x7C), (0x7F, 0x80)]),
            (-inf, [(0xFE, 0xFF), (0xFF, 0x80), (0xFB, 0xFC), (0xFF, 0x80)]),
            (1.0, [(0x38, 0x38), (0x40, 0x40), (0x3C, 0x3C), (0x40, 0x40)]),
            (1e6, [(0x7E, 0x7F), (0x7F, 0x80), (0x7B, 0x7C), (0x7F, 0x80)]),
            (-1e6, [(0xFE, 0xFF), (0xFF, 0x80), (0xFB, 0xFC), (0xFF, 0x80)]),
        ];
        for (x, want) in cases {
            for (dtype, (saturated, special)) in TYPES.into_iter().zip(want) {
                assert_eq!(encode(dtype, x, Overflow::Saturate, Rounding::Up), saturated, "{x} {dtype}");
                assert_eq!(encode(dtype, x, Overflow::Special, Rounding::Up), special, "{x} {dtype}");
            }
        }
    }

    #[test]
    fn every_code_survives() {
        for dtype in TYPES {
            let n_codes = 1 << dtype.bits();
            for (code, &value) in values(dtype).unwrap().iter().enumerate().take(n_codes) {
                let again = encode(dtype, value, Overflow::Special, Rounding::Nearest);
                let same = f32::to_bits(values(dtype).unwrap()[usize::from(again)]) == value.to_bits();
                assert!(same || value.is_nan(), "{dtype} {code:#x} {value} {again:#x}");
            }
        }
    }

    #[test]
    fn halves_round_to_even() {
        let encode = |x| encode(DType::F4E2M1, x, Overflow::Saturate, Rounding::Up);
        let cases = [(0.25, 0), (0.75, 2), (1.25, 2), (2.5, 4), (3.5, 6), (5.0, 6), (7.0, 7), (-7.0, 15)];
        for (x, want) in cases {
            assert_eq!(encode(x), want, "{x}");
        }
    }

    /// A value, and its codes as `float6e2m3` and `float6e3m2`.
    const SIX_BITS: [(f32, u8, u8); 20] = [
        (0.0, 0x00, 0x00),
        (-0.0, 0x20, 0x20),
        (0.0625, 0x00, 0x01),
        (0.1, 0x01, 0x02),
        (0.1875, 0x02, 0x03),
        (0.5, 0x04, 0x08),
        (1.0, 0x08, 0x0c),
        (1.0625, 0x08, 0x0c),
        (1.1875, 0x0a, 0x0d),
        (-2.5, 0x32, 0x31),
        (7.5, 0x1f, 0x18),
        (7.8, 0x1f, 0x18),
        (100.0, 0x1f, 0x1f),
        (-100.0, 0x3f, 0x3f),
        (26.0, 0x1f, 0x1e),
        (28.0, 0x1f, 0x1f),
        (27.0, 0x1f, 0x1f),
        (0.03, 0x00, 0x00),
        (f32::INFINITY, 0x1f, 0x1f),
        (f32::NAN, 0x20, 0x20),
    ];

    /// Codes that ml_dtypes 0.6 gives.
    #[test]
    fn codes_of_six_bits() {
        for (x, e2m3, e3m2) in SIX_BITS {
            let code = |dtype| encode(dtype, x, Overflow::Saturate, Rounding::Up);
            assert_eq!((code(DType::F6E2M3), code(DType::F6E3M2)), (e2m3, e3m2), "{x}");
        }
    }

    #[test]
    fn doubles_round_once() {
        // Just above a half of the float8's last place: rounded to f32 first, it would fall on the half.
        let x = 1.0625 + f64::EPSILON * 4.0;
        assert_eq!(encode(DType::F8E4M3FN, narrow_to_odd(x), Overflow::Saturate, Rounding::Up), 0x39);
        assert_eq!(encode(DType::F8E4M3FN, x as f32, Overflow::Saturate, Rounding::Up), 0x38);
    }
}
