//! What becomes of exact 32-bit sums: kept, turned into `f32`, or quantised again.

use crate::activation::{Activation, apply_called};
use crate::arch::{MAX_LANES, Simd};

/// Turns a row of a tile of sums into a row of results.
pub trait Finish: Copy + Sync {
    /// Elements of the result.
    type Out: Send;
    /// Stores the sums of row `row` and columns from `col` on: as many as `out` holds; there may be more of them.
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
        for i in (0..out.len()).step_by(S::LANES) {
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
pub trait QuantizedByte: bytemuck::Pod + Send + Sync {
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
        let out: &mut [u8] = bytemuck::cast_slice_mut(out);
        if let (None, Scales::One(_) | Scales::Rows(_)) = (self.column_bias, self.scales) {
            let scale = self.scales.lanes(s, row, col);
            let whole = out.len() - out.len() % S::LANES;
            let (out, rest) = out.split_at_mut(whole);
            for (out, sums) in out.chunks_exact_mut(S::LANES).zip(sums.chunks_exact(S::LANES)) {
                let sums = s.add_i(s.load_i(sums), row_bias);
                s.store_low_bytes(quantize(s, sums, scale, [lo, hi], zero), out);
            }
            if !rest.is_empty() {
                let sums = s.add_i(load_ints(s, &sums[whole..]), row_bias);
                s.store_low_bytes(quantize(s, sums, scale, [lo, hi], zero), rest);
            }
            return;
        }
        for (i, out) in (0..).step_by(S::LANES).zip(out.chunks_mut(S::LANES)) {
            let mut v = s.add_i(load_ints(s, &sums[i..]), row_bias);
            if let Some(bias) = self.column_bias {
                v = s.add_i(v, load_ints(s, &bias[col + i..][..out.len()]));
            }
            let scale = self.scales.lanes(s, row, col + i);
            s.store_low_bytes(quantize(s, v, scale, [lo, hi], zero), out);
        }
    }
}

/// Sums as steps of the result within `bounds`, and its zero point added.
#[inline(always)]
fn quantize<S: Simd>(s: S, sums: S::I, scale: S::F, bounds: [S::F; 2], zero: S::I) -> S::I {
    // NaN cannot arise from finite scales; the clamp keeps the conversion in range.
    let steps = s.min(s.max(s.mul(s.from_int(sums), scale), bounds[0]), bounds[1]);
    s.add_i(s.to_int(steps), zero)
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
