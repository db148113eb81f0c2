//! Sums and products of quantised tensors: dequantised, combined and quantised again in vectors.

use dunlin_sys::Parallel;

use super::{Int8, QuantizedByte};
use crate::arch::{Kernel, MAX_LANES, Simd};
use crate::dispatch;
use crate::slice::for_each_rows;

/// A quantised operand: its bytes, and what they stand for.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a> {
    /// As many as the result has, or one for each of its rows.
    pub x: Int8<'a>,
    /// The value of a step.
    pub scale: f32,
    /// The byte that stands for 0.
    pub zero: i32,
}

impl Operand<'_> {
    /// What byte `i` stands for.
    fn value(&self, i: usize) -> f32 {
        (self.x.at(i) - self.zero) as f32 * self.scale
    }
}

/// How the operands are combined.
#[derive(Debug, Clone, Copy)]
enum Combine {
    Add,
    Multiply,
}

/// `out = quantise(a + b)`: `saturate(round((a + b) / scale) + zero)`, ties to even.
///
/// # Shapes
/// - `out`: rows of `row_len`
/// - `a`, `b`: as `out`, or one element for each row
///
/// # Panics
/// If an operand is shorter than its shape: a bug in the caller.
pub fn add_int8<T: QuantizedByte>(
    pool: &dyn Parallel,
    a: Operand<'_>,
    b: Operand<'_>,
    scale: f32,
    zero: i32,
    row_len: usize,
    out: &mut [T],
) {
    combine(pool, Combine::Add, a, b, scale, zero, row_len, out);
}

/// `out = quantise(a * b)`, as [`add_int8`].
pub fn multiply_int8<T: QuantizedByte>(
    pool: &dyn Parallel,
    a: Operand<'_>,
    b: Operand<'_>,
    scale: f32,
    zero: i32,
    row_len: usize,
    out: &mut [T],
) {
    combine(pool, Combine::Multiply, a, b, scale, zero, row_len, out);
}

fn combine<T: QuantizedByte>(
    pool: &dyn Parallel,
    combine: Combine,
    a: Operand<'_>,
    b: Operand<'_>,
    scale: f32,
    zero: i32,
    row_len: usize,
    out: &mut [T],
) {
    let (len, (low, high)) = (out.len(), T::RANGE);
    let is_whole = |operand: Operand<'_>| operand.x.bytes().len() >= len;
    let bounds = [(low - zero) as f32, (high - zero) as f32];
    let to = To { combine, scale, zero, bounds };
    if is_whole(a) && is_whole(b) {
        for_each_rows(pool, out, FLAT_ROW.min(len).max(1), FLAT_ROW, &|row, out| {
            let (start, out) = (row * FLAT_ROW.min(len), bytemuck::cast_slice_mut(out));
            dispatch::isa().run(Row { to, a: Side::Row(a, start), b: Side::Row(b, start), out });
        });
        return;
    }
    for_each_rows(pool, out, row_len, row_len, &|first, out| {
        for (row, out) in (first..).zip(out.chunks_mut(row_len)) {
            let (a, b) = (Side::new(a, len, row, row_len), Side::new(b, len, row, row_len));
            dispatch::isa().run(Row { to, a, b, out: bytemuck::cast_slice_mut(out) });
        }
    });
}

/// Elements that are taken together where there are no rows.
const FLAT_ROW: usize = 1024;

/// How a result is quantised.
#[derive(Clone, Copy)]
struct To {
    combine: Combine,
    scale: f32,
    zero: i32,
    /// Of the result, less its zero point.
    bounds: [f32; 2],
}

/// An operand of a row.
#[derive(Clone, Copy)]
enum Side<'a> {
    /// The elements from an index on.
    Row(Operand<'a>, usize),
    /// The same value for the whole row.
    One(f32),
}

impl<'a> Side<'a> {
    /// The side of one row of a result of `len` elements.
    fn new(operand: Operand<'a>, len: usize, row: usize, row_len: usize) -> Side<'a> {
        if operand.x.bytes().len() >= len {
            Side::Row(operand, row * row_len)
        } else {
            Side::One(operand.value(row))
        }
    }

    /// The values of the elements `i..i + n`.
    #[inline(always)]
    fn values<S: Simd>(&self, s: S, i: usize, n: usize) -> S::F {
        match self {
            Side::One(value) => s.splat(*value),
            Side::Row(operand, start) => {
                let ints = match operand.x {
                    Int8::U8(x) => load_u8(s, &x[start + i..][..n]),
                    Int8::I8(x) => load_i8(s, &x[start + i..][..n]),
                };
                s.mul(s.from_int(s.sub_i(ints, s.splat_i(operand.zero))), s.splat(operand.scale))
            }
        }
    }
}

#[inline(always)]
fn load_u8<S: Simd>(s: S, x: &[u8]) -> S::I {
    if x.len() >= S::LANES {
        return s.load_u8(x);
    }
    let mut lanes = [0; MAX_LANES];
    lanes[..x.len()].copy_from_slice(x);
    s.load_u8(&lanes)
}

#[inline(always)]
fn load_i8<S: Simd>(s: S, x: &[i8]) -> S::I {
    if x.len() >= S::LANES {
        return s.load_i8(x);
    }
    let mut lanes = [0; MAX_LANES];
    lanes[..x.len()].copy_from_slice(x);
    s.load_i8(&lanes)
}

struct Row<'a> {
    to: To,
    a: Side<'a>,
    b: Side<'a>,
    out: &'a mut [u8],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row { to, a, b, out } = self;
        let (scale, zero) = (s.splat(to.scale), s.splat_i(to.zero));
        let [low, high] = to.bounds.map(|bound| s.splat(bound));
        for (i, out) in (0..).step_by(S::LANES).zip(out.chunks_mut(S::LANES)) {
            let (a, b) = (a.values(s, i, out.len()), b.values(s, i, out.len()));
            let value = match to.combine {
                Combine::Add => s.add(a, b),
                Combine::Multiply => s.mul(a, b),
            };
            let steps = s.min(s.max(s.div(value, scale), low), high);
            s.store_low_bytes(s.add_i(s.to_int(steps), zero), out);
        }
    }
}

/// `quantise(combine(a, b))` element by element: the reference.
pub fn binary_int8_reference<T: QuantizedByte>(
    a: Operand<'_>,
    b: Operand<'_>,
    combine: fn(f32, f32) -> f32,
    scale: f32,
    zero: i32,
    row_len: usize,
    out: &mut [T],
) {
    let (len, (low, high)) = (out.len(), T::RANGE);
    let at = |operand: Operand<'_>, i: usize| {
        operand.value(if operand.x.bytes().len() >= len { i } else { i / row_len })
    };
    for (i, out) in out.iter_mut().enumerate() {
        let steps = (combine(at(a, i), at(b, i)) / scale).clamp((low - zero) as f32, (high - zero) as f32);
        *out = T::from_int(steps.round_ties_even() as i32 + zero);
    }
}
