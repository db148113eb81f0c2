//! The arithmetic that generic loops need of every real element type: wide sums, magnitudes, and the way to `f64`.

use dunlin_ir::Element;
use half::{bf16, f16};

/// A real number of at least 8 bits, as tensors store it.
pub(crate) trait Number: Element + PartialOrd {
    /// What sums and products of many such numbers are kept in.
    type Sum: Sum;
    /// The least value.
    const LEAST: Self;
    /// The greatest value.
    const GREATEST: Self;

    /// The same number in the type of sums.
    fn widen(self) -> Self::Sum;
    /// Back from the type of sums: integers wrap, floats round.
    fn narrow(sum: Self::Sum) -> Self;
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
    /// The nearest number: integers are truncated and saturate.
    fn from_f64(x: f64) -> Self;
    /// The absolute value; the least signed integer is its own.
    fn magnitude(self) -> Self;
}

/// What sums and products are kept in: `f64`, `i64` or `u64`. Integers wrap.
pub(crate) trait Sum: Copy + Send + Sync + 'static {
    /// The neutral element of addition.
    const ZERO: Self;
    /// The neutral element of multiplication.
    const ONE: Self;

    /// `self + other`
    fn plus(self, other: Self) -> Self;
    /// `self * other`
    fn times(self, other: Self) -> Self;
    /// `self / n`, truncated for integers, which yield 0 for an `n` of 0.
    fn over(self, n: usize) -> Self;
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
}

impl Sum for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;

    fn plus(self, other: f64) -> f64 {
        self + other
    }
    fn times(self, other: f64) -> f64 {
        self * other
    }
    fn over(self, n: usize) -> f64 {
        self / n as f64
    }
    fn to_f64(self) -> f64 {
        self
    }
}

macro_rules! integer_sums {
    ($($sum:ty),*) => {$(
        impl Sum for $sum {
            const ZERO: $sum = 0;
            const ONE: $sum = 1;

            fn plus(self, other: $sum) -> $sum {
                self.wrapping_add(other)
            }
            fn times(self, other: $sum) -> $sum {
                self.wrapping_mul(other)
            }
            fn over(self, n: usize) -> $sum {
                self.checked_div(n as $sum).unwrap_or(0)
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}

integer_sums!(i64, u64);

macro_rules! integers {
    ($sum:ty, $magnitude:ident: $($int:ty),*) => {$(
        impl Number for $int {
            type Sum = $sum;
            const LEAST: $int = <$int>::MIN;
            const GREATEST: $int = <$int>::MAX;

            fn widen(self) -> $sum {
                self as $sum
            }
            fn narrow(sum: $sum) -> $int {
                sum as $int
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn from_f64(x: f64) -> $int {
                x as $int
            }
            fn magnitude(self) -> $int {
                $magnitude!(self)
            }
        }
    )*};
}

macro_rules! signed_magnitude {
    ($x:expr) => {
        $x.wrapping_abs()
    };
}

macro_rules! unsigned_magnitude {
    ($x:expr) => {
        $x
    };
}

integers!(i64, signed_magnitude: i8, i16, i32, i64);
integers!(u64, unsigned_magnitude: u8, u16, u32, u64);

macro_rules! floats {
    ($($float:ty: $to:expr, $from:expr, $magnitude:expr);* $(;)?) => {$(
        impl Number for $float {
            type Sum = f64;
            const LEAST: $float = <$float>::NEG_INFINITY;
            const GREATEST: $float = <$float>::INFINITY;

            fn widen(self) -> f64 {
                $to(self)
            }
            fn narrow(sum: f64) -> $float {
                $from(sum)
            }
            fn to_f64(self) -> f64 {
                $to(self)
            }
            fn from_f64(x: f64) -> $float {
                $from(x)
            }
            fn magnitude(self) -> $float {
                $magnitude(self)
            }
        }
    )*};
}

floats! {
    f32: f64::from, |x: f64| x as f32, f32::abs;
    f64: std::convert::identity, std::convert::identity, f64::abs;
    f16: f16::to_f64, f16::from_f64, |x: f16| f16::from_bits(x.to_bits() & 0x7FFF);
    bf16: bf16::to_f64, bf16::from_f64, |x: bf16| bf16::from_bits(x.to_bits() & 0x7FFF);
}
