//! A total order of each element type, for sorting: numpy's, with NaN after everything else and equal to itself.

use std::cmp::Ordering;

use half::{bf16, f16};

/// Elements that can be sorted.
pub(super) trait Sortable: Copy {
    /// How two elements compare.
    fn order(&self, other: &Self) -> Ordering;
}

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
