//! A total order of each element type, for sorting: numpy's, with NaN after everything else and equal to itself.

use std::cmp::Ordering;

use half::{bf16, f16};

/// Elements that can be sorted.
pub(super) trait Sortable: Copy {
    /// How two elements compare.
    fn order(&self, other: &Self) -> Ordering;
}

/// Elements whose order is that of whole numbers, by which those of all types are sorted in the same code.
pub(super) trait Ranked: Sortable {
    /// The place of the element among all of its type: equal for equal elements.
    fn rank(self) -> u64;
}

macro_rules! ranked_ints {
    ($($int:ty),*) => {
        $(impl Ranked for $int {
            fn rank(self) -> u64 {
                // Signed numbers are moved up to begin at nought.
                (self as i128 - i128::from(<$int>::MIN)) as u64
            }
        })*
    };
}

ranked_ints!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Ranked for f64 {
    fn rank(self) -> u64 {
        // One zero, and one NaN above infinity; then bits of positive numbers order as integers do, those of negative ones backwards.
        let bits = if self.is_nan() { f64::NAN.to_bits() & !SIGN } else { (self + 0.0).to_bits() };
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }
}

const SIGN: u64 = 1 << 63;

macro_rules! ranked_floats {
    ($($float:ty),*) => {
        $(impl Ranked for $float {
            fn rank(self) -> u64 {
                f64::from(self).rank()
            }
        })*
    };
}

ranked_floats!(f32, f16, bf16);

macro_rules! sortable_ints {
    ($($int:ty),*) => {
        $(impl Sortable for $int {
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        })*
    };
}

sortable_ints!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! sortable_floats {
    ($($float:ty),*) => {
        $(impl Sortable for $float {
            fn order(&self, other: &Self) -> Ordering {
                self.partial_cmp(other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }
        })*
    };
}

sortable_floats!(f32, f64, f16, bf16);

impl Sortable for dunlin_ir::Bool {
    fn order(&self, other: &Self) -> Ordering {
        self.get().cmp(&other.get())
    }
}

impl<T: Sortable> Sortable for [T; 2] {
    fn order(&self, other: &Self) -> Ordering {
        self[0].order(&other[0]).then_with(|| self[1].order(&other[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_order_as_elements_do() {
        let floats = [
            f32::NEG_INFINITY,
            -2.0,
            -1e-45,
            -0.0,
            0.0,
            1e-45,
            1.0,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
            -f32::NAN,
        ];
        let ints = [i64::MIN, -1, 0, 1, i64::MAX];
        for (i, a) in floats.iter().enumerate() {
            for b in &floats[i..] {
                assert_eq!(a.order(b), a.rank().cmp(&b.rank()), "{a} {b}");
                assert_eq!(
                    f64::from(*a).order(&f64::from(*b)),
                    f64::from(*a).rank().cmp(&f64::from(*b).rank())
                );
            }
        }
        assert!(ints.is_sorted_by_key(|x| x.rank()) && [i8::MIN, 0, i8::MAX].is_sorted_by_key(|x| x.rank()));
        assert!([0, 1, u64::MAX].is_sorted_by_key(|x| x.rank()));
    }
}
