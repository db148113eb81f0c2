//! Arithmetic of the element types under the ONNX standard's rules: integers wrap, nothing traps, NaN spreads.

use dunlin_ir::Element;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::cpu::number::Number;

/// A number that is computed with in its own type.
pub(crate) trait Arithmetic: Number {
    /// Zero.
    const ZERO: Self;
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// The product.
    fn times(self, other: Self) -> Self;
    /// The quotient; integers round towards zero, and give 0 for a divisor of 0.
    fn over(self, other: Self) -> Self;
    /// The remainder with the divisor's sign; 0 for an integer divisor of 0.
    fn modulo(self, other: Self) -> Self;
    /// The remainder with the dividend's sign; 0 for an integer divisor of 0.
    fn remainder(self, other: Self) -> Self;
    /// The larger one, or NaN.
    fn larger(self, other: Self) -> Self;
    /// The smaller one, or NaN.
    fn smaller(self, other: Self) -> Self;
    /// The negated value.
    fn negated(self) -> Self;
    /// -1, 0 or 1, or NaN.
    fn sign(self) -> Self;
    /// The power; integers go through doubles.
    fn power(self, exponent: f64) -> Self;
    /// The power; integers wrap.
    fn integer_power(self, exponent: i64) -> Self;
}

/// An integer.
pub(crate) trait Integer: Arithmetic {
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// All bits flipped.
    fn not(self) -> Self;
    /// Shifted left; 0 unless the amount is below the width.
    fn shifted_left(self, by: Self) -> Self;
    /// Shifted right with copies of the sign; nothing but sign unless the amount is below the width.
    fn shifted_right(self, by: Self) -> Self;
}

/// A float of 16 bits, computed with in single precision.
pub(crate) trait Half: Element {
    /// Converts to single precision.
    fn widen(from: &[Self], to: &mut [f32]);
    /// Rounds from single precision.
    fn narrow(from: &[f32], to: &mut [Self]);
}

macro_rules! halves {
    ($($half:ty),*) => {$(
        impl Half for $half {
            fn widen(from: &[Self], to: &mut [f32]) {
                from.convert_to_f32_slice(to);
            }
            fn narrow(from: &[f32], to: &mut [Self]) {
                to.convert_from_f32_slice(from);
            }
        }
    )*};
}

halves!(f16, bf16);

macro_rules! floats {
    ($($float:ty),*) => {$(
        impl Arithmetic for $float {
            const ZERO: Self = 0.0;
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self {
                self / other
            }
            #[inline(always)]
            fn modulo(self, other: Self) -> Self {
                let remainder = self % other;
                if remainder == 0.0 {
                    return (0.0 as $float).copysign(other);
                }
                if (remainder < 0.0) != (other < 0.0) { remainder + other } else { remainder }
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                self % other
            }
            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                if self > other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn smaller(self, other: Self) -> Self {
                if self < other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn negated(self) -> Self {
                -self
            }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else if self == 0.0 {
                    0.0
                } else {
                    self
                }
            }
            #[inline(always)]
            fn power(self, exponent: f64) -> Self {
                f64::from(self).powf(exponent) as $float
            }
            #[inline(always)]
            fn integer_power(self, exponent: i64) -> Self {
                f64::from(self).powf(exponent as f64) as $float
            }
        }
    )*};
}

floats!(f32, f64);

macro_rules! integers {
    ($($int:ty: $sign:expr);* $(;)?) => {$(
        impl Arithmetic for $int {
            const ZERO: Self = 0;
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn over(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }
            #[inline(always)]
            #[allow(unused_comparisons, reason = "one body serves signed and unsigned integers")]
            fn modulo(self, other: Self) -> Self {
                let remainder = Arithmetic::remainder(self, other);
                if remainder != 0 && (remainder < 0) != (other < 0) { remainder + other } else { remainder }
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }
            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                self.max(other)
            }
            #[inline(always)]
            fn smaller(self, other: Self) -> Self {
                self.min(other)
            }
            #[inline(always)]
            fn negated(self) -> Self {
                self.wrapping_neg()
            }
            #[inline(always)]
            fn sign(self) -> Self {
                let sign: fn($int) -> $int = $sign;
                sign(self)
            }
            #[inline(always)]
            fn power(self, exponent: f64) -> Self {
                (self as f64).powf(exponent) as $int
            }
            fn integer_power(self, exponent: i64) -> Self {
                let Ok(mut left) = u64::try_from(exponent) else { return reciprocal_power(self, exponent) };
                let (mut base, mut power) = (self, 1 as $int);
                while left > 0 {
                    if left & 1 == 1 {
                        power = power.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    left >>= 1;
                }
                power
            }
        }

        impl Integer for $int {
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn or(self, other: Self) -> Self {
                self | other
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn not(self) -> Self {
                !self
            }
            #[inline(always)]
            fn shifted_left(self, by: Self) -> Self {
                u32::try_from(by).ok().and_then(|by| self.checked_shl(by)).unwrap_or(0)
            }
            #[inline(always)]
            fn shifted_right(self, by: Self) -> Self {
                let sign = if self < Self::ZERO { !0 } else { 0 };
                u32::try_from(by).ok().and_then(|by| self.checked_shr(by)).unwrap_or(sign)
            }
        }
    )*};
}

integers! {
    i8: |x| x.signum();
    i16: |x| x.signum();
    i32: |x| x.signum();
    i64: |x| x.signum();
    u8: |x| x.min(1);
    u16: |x| x.min(1);
    u32: |x| x.min(1);
    u64: |x| x.min(1);
}

/// An integer to a negative power, rounded towards zero; 0 has none, and gives 0.
fn reciprocal_power<T: Arithmetic>(base: T, exponent: i64) -> T {
    match base.to_f64() {
        1.0 => base,
        -1.0 if exponent % 2 == 0 => base.negated(),
        -1.0 => base,
        _ => T::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_never_trap() {
        assert_eq!(i64::MIN.over(-1), i64::MIN);
        assert_eq!(Arithmetic::remainder(i32::MIN, -1), 0);
        assert_eq!((7u8.over(0), Arithmetic::modulo(7i8, 0)), (0, 0));
        assert_eq!((Arithmetic::modulo(-7i32, 3), Arithmetic::remainder(-7i32, 3)), (2, -1));
        assert_eq!(
            (2i32.integer_power(31), (-1i64).integer_power(-3), 2u8.integer_power(-1)),
            (i32::MIN, -1, 0)
        );
    }

    #[test]
    fn shifts_beyond_the_width_leave_the_sign() {
        let left = [(1i8, 8), (1, -1), (1, 7)].map(|(x, by)| x.shifted_left(by));
        assert_eq!(left, [0, 0, -128]);
        let right = [(-1i8, 9), (-128, -1), (127, 8), (-128, 7)].map(|(x, by)| x.shifted_right(by));
        assert_eq!(right, [-1, -1, 0, -1]);
        assert_eq!(255u8.shifted_right(200), 0);
    }

    #[test]
    fn float_modulo_follows_python() {
        let cases = [(-7.0f64, 3.0, 2.0), (7.0, -3.0, -2.0), (1.0, f64::NEG_INFINITY, f64::NEG_INFINITY)];
        for (a, b, want) in cases {
            assert_eq!(a.modulo(b), want, "{a} {b}");
        }
        assert!(
            (1.0f32).modulo(0.0).is_nan() && f32::NAN.larger(1.0).is_nan() && 1f32.smaller(f32::NAN).is_nan()
        );
    }
}
