//! What becomes of exact 32-bit sums: kept, turned into `f32`, or quantised again.

use crate::activation::{Activation, apply_called};
use crate::arch::{MAX_LANES, Simd};

/// Turns a row of a tile of sums into a row of results.
pub trait Finish: Copy + Sync {
    /// Elements of the result.
    type Out: Send;
    /// Stores the sums of row `row` and columns from `col` on.
    fn store<S: Simd>(&self, s: S, sums: &[i32], row: usize, col: usize, out: &mut [Self::Out]);
}

/// Keeps the sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw<'a> {
    /// Added: one per row (the output channel of a convolution), if any.
    pub row_bias: Option<&'a [i32]>,
}

impl Finish for Raw<'_> {
    type Out = i32;
    #[inline(always)]
    fn store<S: Simd>(&self, _: S, sums: &[i32], row: usize, _: usize, out: &mut [i32]) {
        let bias = self.row_bias.map_or(0, |b| b[row]);
        out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = sum.wrapping_add(bias));
    }
}

/// Factors of the sums.
#[derive(Debug, Clone, Copy)]
pub enum Scales<'a> {
    /// One for all.
    One(f32),
    /// One per column.
    Columns(&'a [f32]),
    /// One per row (the output channel of a convolution).
    Rows(&'a [f32]),
}

impl Scales<'_> {
    /// The factors of a vector's columns.
    #[inline(always)]
    fn lanes<S: Simd>(&self, s: S, row: usize, col: usize) -> S::F {
        match self {
            Scales::One(x) => s.splat(*x),
            Scales::Columns(x) => crate::slice::load_clipped(s, &x[col..]),
            Scales::Rows(x) => s.splat(x[row]),
        }
    }
}

/// `activation(sum * scale * factor + bias)` as `f32`.
#[derive(Debug, Clone, Copy)]
pub struct Dequantize<'a> {
    /// Factors.
    pub scales: Scales<'a>,
    /// A further factor: the scale of an operand that was quantised at run time.
    pub factor: f32,
    /// Added: one per column, if any.
    pub column_bias: Option<&'a [f32]>,
    /// Applied last.
    pub activation: Activation,
}

impl Finish for Dequantize<'_> {
    type Out = f32;
    #[inline(always)]
    fn store<S: Simd>(&self, s: S, sums: &[i32], row: usize, col: usize, out: &mut [f32]) {
        let factor = s.splat(self.factor);
        for i in (0..sums.len()).step_by(S::LANES) {
            let scale = s.mul(self.scales.lanes(s, row, col + i), factor);
            let v = s.mul(load_sums(s, &sums[i..]), scale);
            let v = match self.column_bias {
                Some(bias) => s.add(v, crate::slice::load_clipped(s, &bias[col + i..])),
                None => v,
            };
            crate::slice::store_clipped(s, v, &mut out[i..]);
        }
        apply_called(s, self.activation, out);
    }
}

/// An 8-bit result.
pub trait QuantizedByte: Copy + Send + Sync + 'static {
    /// Least and greatest value.
    const RANGE: (i32, i32);
    /// From a value within the range.
    fn from_int(x: i32) -> Self;
}

impl QuantizedByte for u8 {
    const RANGE: (i32, i32) = (0, 255);
    #[inline(always)]
    fn from_int(x: i32) -> u8 {
        x as u8
    }
}

impl QuantizedByte for i8 {
    const RANGE: (i32, i32) = (-128, 127);
    #[inline(always)]
    fn from_int(x: i32) -> i8 {
        x as i8
    }
}

/// `saturate(round((sum + bias) * scale) + zero)`, ties to even.
#[derive(Debug, Clone, Copy)]
pub struct Requantize<'a, T> {
    /// Factors: input scale times weight scale over output scale.
    pub scales: Scales<'a>,
    /// Added to the sums: one per row (the output channel of a convolution), if any.
    pub row_bias: Option<&'a [i32]>,
    /// Added to the sums: one per column, if any.
    pub column_bias: Option<&'a [i32]>,
    /// The zero point of the result.
    pub zero: T,
    /// Bounds of the result: the ends of the type, or tighter for a fused activation.
    pub bounds: (T, T),
}

impl<T: QuantizedByte + Into<i32>> Finish for Requantize<'_, T> {
    type Out = T;
    #[inline(always)]
    fn store<S: Simd>(&self, s: S, sums: &[i32], row: usize, col: usize, out: &mut [T]) {
        let zero: i32 = self.zero.into();
        let (lo, hi): (i32, i32) = (self.bounds.0.into(), self.bounds.1.into());
        let (lo, hi, zero) = (s.splat((lo - zero) as f32), s.splat((hi - zero) as f32), s.splat_i(zero));
        let row_bias = s.splat_i(self.row_bias.map_or(0, |b| b[row]));
        for i in (0..sums.len()).step_by(S::LANES) {
            let n = S::LANES.min(sums.len() - i);
            let mut v = s.add_i(load_ints(s, &sums[i..i + n]), row_bias);
            if let Some(bias) = self.column_bias {
                v = s.add_i(v, load_ints(s, &bias[col + i..][..n]));
            }
            let v = s.mul(s.from_int(v), self.scales.lanes(s, row, col + i));
            // NaN cannot arise from finite scales; the clamp keeps the conversion in range.
            let v = s.add_i(s.to_int(s.min(s.max(v, lo), hi)), zero);
            let mut lanes = [0; MAX_LANES];
            s.store_i(v, &mut lanes);
            out[i..i + n].iter_mut().zip(lanes).for_each(|(out, x)| *out = T::from_int(x));
        }
    }
}

#[inline(always)]
fn load_ints<S: Simd>(s: S, x: &[i32]) -> S::I {
    if x.len() >= S::LANES {
        return s.load_i(x);
    }
    let mut lanes = [0; MAX_LANES];
    lanes[..x.len()].copy_from_slice(x);
    s.load_i(&lanes)
}

#[inline(always)]
fn load_sums<S: Simd>(s: S, x: &[i32]) -> S::F {
    s.from_int(load_ints(s, x))
}
