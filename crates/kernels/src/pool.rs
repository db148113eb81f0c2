//! Maximum and average pooling of `f32` NCHW images. (Global pooling is a reduction: see `reduce`.)

use dunlin_sys::Parallel;

use crate::arch::Simd;
use crate::dispatch::{self, vectorized};
use crate::slice::{copy_row, for_each_rows, load_clipped, split_row, store_clipped};

/// What is made of the pixels of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The greatest; NaN if any is. Padding does not count.
    Max,
    /// The mean of those inside the image.
    Average,
    /// The mean, with padding as zeros that count.
    AverageWithPads,
}

/// The sizes of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolShape {
    /// Planes: batch times channels.
    pub planes: usize,
    /// Input height and width.
    pub input: [usize; 2],
    /// Output height and width (which depend on the rounding mode, so they are given).
    pub output: [usize; 2],
    /// Window height and width.
    pub window: [usize; 2],
    /// Steps down and across.
    pub strides: [usize; 2],
    /// Above, left, below and right.
    pub pads: [usize; 4],
    /// Distance between window elements down and across.
    pub dilations: [usize; 2],
}

/// Longest padded row that is worked on as vectors.
const ROW_LEN: usize = 8 * 1024;

/// `out = pool(x)`.
///
/// # Shapes
/// - `x`: `[planes, input]`
/// - `out`: `[planes, output]`
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn pool2d_f32(pool: &dyn Parallel, kind: Pool, shape: &PoolShape, x: &[f32], out: &mut [f32]) {
    let (in_len, out_len) = (shape.input[0] * shape.input[1], shape.output[0] * shape.output[1]);
    assert!(x.len() >= shape.planes * in_len, "input is shorter than its shape");
    let out = &mut out[..shape.planes * out_len];
    let isa = dispatch::isa();
    for_each_rows(pool, out, out_len, 2 * in_len.max(out_len), &|first, out| {
        let n = out.len() / out_len;
        planes(isa, kind, shape, &x[first * in_len..][..n * in_len], out);
    });
}

vectorized! {
    fn planes<'a>(kind: Pool, shape: &'a PoolShape, x: &'a [f32], out: &'a mut [f32]) = planes_lanes;
}

#[inline(always)]
fn planes_lanes<S: Simd>(s: S, kind: Pool, shape: &PoolShape, x: &[f32], out: &mut [f32]) {
    let [h, w] = shape.input;
    let [oh, ow] = shape.output;
    let step = shape.strides[1];
    let reach = (shape.window[1] - 1) * shape.dilations[1] / step;
    let phase_len = ow.next_multiple_of(S::LANES) + reach + 1;
    let neutral = if kind == Pool::Max { f32::NEG_INFINITY } else { 0.0 };
    let fits = phase_len * step <= ROW_LEN && w <= ROW_LEN && shape.pads[1] <= phase_len;
    let mut row = [neutral; ROW_LEN];
    let mut phases = [neutral; ROW_LEN];
    for (plane, out) in x.chunks_exact(h * w).zip(out.chunks_exact_mut(oh * ow)) {
        for (oy, out) in out.chunks_exact_mut(ow).enumerate() {
            if !fits {
                out.iter_mut().enumerate().for_each(|(ox, out)| *out = window(kind, shape, plane, oy, ox));
                continue;
            }
            let row = &mut row[..w];
            let n_rows = join_rows(s, kind, shape, plane, oy, row);
            spread(s, shape, row, phase_len, &mut phases[..phase_len * step]);
            for i in (0..ow).step_by(S::LANES) {
                let mut acc = s.splat(neutral);
                for kx in 0..shape.window[1] {
                    let at = kx * shape.dilations[1];
                    let v = s.load(&phases[at % step * phase_len + at / step + i..]);
                    acc = if kind == Pool::Max { s.max_nan(acc, v) } else { s.add(acc, v) };
                }
                store_clipped(s, acc, &mut out[i..]);
            }
            if kind != Pool::Max {
                let n_rows = if kind == Pool::Average { n_rows } else { count(shape, kind, 0, oy) };
                for (ox, out) in out.iter_mut().enumerate() {
                    *out /= (n_rows * count(shape, kind, 1, ox)).max(1) as f32;
                }
            }
        }
    }
}

/// Joins the rows under a window, column by column, and tells how many there are.
#[inline(always)]
fn join_rows<S: Simd>(
    s: S,
    kind: Pool,
    shape: &PoolShape,
    plane: &[f32],
    oy: usize,
    row: &mut [f32],
) -> usize {
    let [h, w] = shape.input;
    let y = |ky: usize| (oy * shape.strides[0] + ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
    let neutral = if kind == Pool::Max { f32::NEG_INFINITY } else { 0.0 };
    for i in (0..w).step_by(S::LANES) {
        let mut acc = s.splat(neutral);
        for ky in 0..shape.window[0] {
            if y(ky) < h {
                let v = load_clipped(s, &plane[y(ky) * w + i..][..S::LANES.min(w - i)]);
                acc = if kind == Pool::Max { s.max_nan(acc, v) } else { s.add(acc, v) };
            }
        }
        store_clipped(s, acc, &mut row[i..]);
    }
    (0..shape.window[0]).filter(|&ky| y(ky) < h).count()
}

/// Copies a row between its padding (which `out` holds from the start), columns of equal remainder modulo the step
/// side by side, so that each window element reads neighbours.
#[inline(always)]
fn spread<S: Simd>(s: S, shape: &PoolShape, row: &[f32], phase_len: usize, out: &mut [f32]) {
    let (left, step) = (shape.pads[1], shape.strides[1]);
    match step {
        1 => copy_row(s, row, &mut out[left..]),
        2 => {
            let (even, odd) = out.split_at_mut(phase_len);
            let (even, odd) = if left % 2 == 0 { (even, odd) } else { (odd, even) };
            split_row(s, row, &mut even[left / 2..], &mut odd[left.div_ceil(2)..]);
        }
        _ => {
            for (column, &x) in (left..).zip(row) {
                if column / step < phase_len {
                    out[column % step * phase_len + column / step] = x;
                }
            }
        }
    }
}

/// Window elements that count at one output position of one axis (0 down, 1 across).
#[inline(always)]
fn count(shape: &PoolShape, kind: Pool, axis: usize, position: usize) -> usize {
    let (before, len) = (shape.pads[axis], shape.input[axis]);
    let start = position * shape.strides[axis];
    let counted = match kind {
        Pool::AverageWithPads => 0..before + len + shape.pads[axis + 2],
        _ => before..before + len,
    };
    (0..shape.window[axis]).filter(|k| counted.contains(&(start + k * shape.dilations[axis]))).count()
}

/// One output by definition: the reference, and the way of very long rows.
fn window(kind: Pool, shape: &PoolShape, plane: &[f32], oy: usize, ox: usize) -> f32 {
    let [h, w] = shape.input;
    let (mut max, mut sum) = (f32::NEG_INFINITY, 0.0);
    for ky in 0..shape.window[0] {
        let y = (oy * shape.strides[0] + ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
        for kx in 0..shape.window[1] {
            let x = (ox * shape.strides[1] + kx * shape.dilations[1]).wrapping_sub(shape.pads[1]);
            if y < h && x < w {
                let v = plane[y * w + x];
                max = if max.is_nan() || v <= max { max } else { v };
                sum += v;
            }
        }
    }
    match kind {
        Pool::Max => max,
        _ => sum / (count(shape, kind, 0, oy) * count(shape, kind, 1, ox)).max(1) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::{Numbers, ThreeThreads, assert_close};

    #[test]
    fn poolings_are_right() {
        let mut numbers = Numbers::new(30);
        let base = PoolShape {
            planes: 3,
            input: [12, 19],
            output: [6, 10],
            window: [3, 3],
            strides: [2, 2],
            pads: [1; 4],
            dilations: [1, 1],
        };
        for shape in [
            base,
            PoolShape { output: [12, 19], strides: [1, 1], ..base },
            PoolShape { window: [2, 2], output: [6, 9], pads: [0; 4], ..base },
            PoolShape { window: [3, 4], strides: [3, 3], output: [4, 6], dilations: [1, 2], ..base },
            PoolShape { input: [1, 40], output: [1, 20], window: [1, 2], pads: [0; 4], ..base },
            PoolShape { planes: 40, input: [40, 40], output: [20, 20], ..base },
            PoolShape { input: [2, 20000], output: [1, 10000], ..base },
        ] {
            let in_len = shape.input[0] * shape.input[1];
            let mut x = numbers.floats(shape.planes * in_len);
            x[5] = f32::NAN;
            for kind in [Pool::Max, Pool::Average, Pool::AverageWithPads] {
                let want: Vec<f32> = (0..shape.planes * shape.output[0] * shape.output[1])
                    .map(|i| {
                        let (ox, rest) = (i % shape.output[1], i / shape.output[1]);
                        let (oy, plane) = (rest % shape.output[0], rest / shape.output[0]);
                        window(kind, &shape, &x[plane * in_len..][..in_len], oy, ox)
                    })
                    .collect();
                for isa in Isa::available() {
                    let mut got = vec![9.0; want.len()];
                    planes(isa, kind, &shape, &x, &mut got);
                    assert_close(&got, &want, 1e-6, &format!("{} {kind:?} {shape:?}", isa.name()));
                }
                let mut got = vec![9.0; want.len()];
                pool2d_f32(&ThreeThreads, kind, &shape, &x, &mut got);
                assert_close(&got, &want, 1e-6, &format!("{kind:?} {shape:?}"));
            }
        }
    }
}
