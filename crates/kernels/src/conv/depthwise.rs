//! Depthwise convolution: each plane is copied once with its padding (and split by column for a stride), so that
//! every filter element reads whole vectors of neighbouring pixels and no border is a special case.

use super::{ConvShape, Grid, PackedConv, Parallel, TileMut, for_each_tile_mut};
use crate::activation::apply_called;
use crate::arch::Simd;
use crate::dispatch::vectorized;
use crate::matmul::{Bias, Epilogue, ResidualAt};
use crate::slice::{Aligned, copy_row, load_clipped, split_row, store_clipped};

/// Elements of the padded copy that is worked on at a time.
const BAND_LEN: usize = 12 * 1024;
/// Most filter elements whose offsets are kept in a table; larger filters take the scalar way.
const MAX_TAPS: usize = 128;
/// Channels of a task.
const CHANNELS_PER_TASK: usize = 4;

pub(super) fn run(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: &[f32],
    weights: &PackedConv,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let isa = weights.isa;
    let pixels = shape.oh() * shape.ow();
    let rows = shape.n * shape.oc;
    let small = rows * pixels * shape.kh * shape.kw < 1 << 17;
    let row_step = if small || pool.n_threads() == 1 { rows } else { CHANNELS_PER_TASK };
    let grid = Grid {
        n_matrices: 1,
        matrix_stride: 0,
        rows,
        cols: pixels,
        stride: pixels,
        row_step,
        col_step: pixels,
    };
    for_each_tile_mut(pool, out, grid, &|_, first, _, tile| {
        let job = Job { shape, x, weights: weights.data(), epilogue, first };
        planes(isa, &job, tile);
    });
}

struct Job<'a> {
    shape: &'a ConvShape,
    x: &'a [f32],
    weights: &'a [f32],
    epilogue: &'a Epilogue<'a>,
    /// First output plane.
    first: usize,
}

vectorized! {
    fn planes<'a>(job: &'a Job<'a>, out: TileMut<'a, f32>) = planes_lanes;
}

#[inline(always)]
fn planes_lanes<S: Simd>(s: S, job: &Job<'_>, mut out: TileMut<'_, f32>) {
    let shape = job.shape;
    let (taps, plane_len) = (shape.kh * shape.kw, shape.h * shape.w);
    let mut aligned = Aligned([0.0f32; BAND_LEN]);
    let band = &mut aligned.0;
    for i in 0..out.rows() {
        let plane = job.first + i;
        let (image, oc) = (plane / shape.oc, plane % shape.oc);
        let channel = image * shape.c + oc / shape.oc_group();
        let x = &job.x[channel * plane_len..][..plane_len];
        let weights = &job.weights[oc * taps..][..taps];
        let row = out.row(i);
        let bias = if let Bias::Rows(bias) = job.epilogue.bias { bias[oc] } else { 0.0 };
        match Layout::of::<S>(shape) {
            Some(layout) => plane_lanes(s, shape, &layout, x, weights, bias, band, job.epilogue, row),
            None => plane_scalar(shape, x, weights, bias, row),
        }
        finish(s, job.epilogue, plane * row.len(), row);
    }
}

/// How a padded band of a plane lies in memory: `stride` columns of every phase, one phase after another.
struct Layout {
    /// Elements of a row of one phase, with room for a whole vector past the end.
    phase_len: usize,
    /// Phases used: the column stride.
    phases: usize,
    /// Output rows of a band.
    rows: usize,
}

impl Layout {
    fn of<S: Simd>(shape: &ConvShape) -> Option<Layout> {
        let phases = shape.strides[1];
        let reach = (shape.kw - 1) * shape.dilations[1] / phases;
        let phase_len = shape.ow().next_multiple_of(S::LANES) + reach + 1;
        let row_len = phase_len * phases;
        let extent = (shape.kh - 1) * shape.dilations[0] + 1;
        let room = BAND_LEN / row_len;
        if shape.kh * shape.kw > MAX_TAPS || room < extent {
            return None;
        }
        Some(Layout { phase_len, phases, rows: ((room - extent) / shape.strides[0] + 1).min(shape.oh()) })
    }

    fn row_len(&self) -> usize {
        self.phase_len * self.phases
    }
}

#[inline(always)]
fn plane_lanes<S: Simd>(
    s: S,
    shape: &ConvShape,
    layout: &Layout,
    x: &[f32],
    weights: &[f32],
    bias: f32,
    band: &mut [f32; BAND_LEN],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let row_len = layout.row_len();
    let extent = (shape.kh - 1) * shape.dilations[0] + 1;
    let bounds = match epilogue.residual {
        None => epilogue.activation.bounds(),
        Some(_) => None,
    };
    let bounds = bounds.unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
    let mut oy = 0;
    while oy < shape.oh() {
        let n_rows = layout.rows.min(shape.oh() - oy);
        for r in 0..(n_rows - 1) * shape.strides[0] + extent {
            let y = (oy * shape.strides[0] + r).wrapping_sub(shape.pads[0]);
            let out = &mut band[r * row_len..][..row_len];
            if y < shape.h {
                fill_row(s, shape, layout, &x[y * shape.w..][..shape.w], out);
            } else if layout.rows < shape.oh() {
                // A row of padding where an earlier band may have left pixels.
                out.fill(0.0);
            }
        }
        let out = &mut out[oy * shape.ow()..][..n_rows * shape.ow()];
        let w = Filter { weights, bias, bounds };
        match ([shape.kh, shape.kw], shape.dilations, shape.strides) {
            ([3, 3], [1, 1], [1, 1]) => rows_fixed::<S, 3, 3, 1>(s, shape, layout, &w, band, n_rows, out),
            ([3, 3], [1, 1], [2, 2]) => rows_fixed::<S, 3, 3, 2>(s, shape, layout, &w, band, n_rows, out),
            ([5, 5], [1, 1], [1, 1]) => rows_fixed::<S, 5, 5, 1>(s, shape, layout, &w, band, n_rows, out),
            ([5, 5], [1, 1], [2, 2]) => rows_fixed::<S, 5, 5, 2>(s, shape, layout, &w, band, n_rows, out),
            _ => rows_any(s, shape, layout, &w, band, n_rows, out),
        }
        oy += n_rows;
    }
}

struct Filter<'a> {
    weights: &'a [f32],
    bias: f32,
    bounds: (f32, f32),
}

/// Copies one input row between its padding, column by column into the phases. Padding is zero from the start, since
/// it is at the same places in every row.
#[inline(always)]
fn fill_row<S: Simd>(s: S, shape: &ConvShape, layout: &Layout, line: &[f32], out: &mut [f32]) {
    let (left, phases) = (shape.pads[1], layout.phases);
    match phases {
        1 => copy_row(s, line, &mut out[left..]),
        2 => {
            // Even and odd source columns start at `left` and `left + 1` of the padded row.
            let (even, odd) = out.split_at_mut(layout.phase_len);
            let (even, odd) = if left % 2 == 0 { (even, odd) } else { (odd, even) };
            split_row(s, line, &mut even[left / 2..], &mut odd[left.div_ceil(2)..]);
        }
        _ => {
            for (column, &x) in (left..).zip(line) {
                let at = column / phases;
                if at < layout.phase_len {
                    out[column % phases * layout.phase_len + at] = x;
                }
            }
        }
    }
}

/// Rows of output for a filter of fixed size, two rows at a time so that input rows are loaded once for both.
#[inline(always)]
fn rows_fixed<S: Simd, const KH: usize, const KW: usize, const STEP: usize>(
    s: S,
    shape: &ConvShape,
    layout: &Layout,
    filter: &Filter<'_>,
    band: &[f32; BAND_LEN],
    n_rows: usize,
    out: &mut [f32],
) {
    let (ow, row_len) = (shape.ow(), layout.row_len());
    let mut w = [[s.splat(0.0); KW]; KH];
    for ky in 0..KH {
        for kx in 0..KW {
            w[ky][kx] = s.splat(filter.weights[ky * KW + kx]);
        }
    }
    let mut r = 0;
    while r + 2 <= n_rows {
        let (upper, lower) = out[r * ow..(r + 2) * ow].split_at_mut(ow);
        let source = &band[r * STEP * row_len..][..(STEP + KH) * row_len];
        let mut x = 0;
        while x < ow {
            let (mut a, mut b) = (s.splat(0.0), s.splat(0.0));
            for y in 0..KH + STEP {
                for kx in 0..KW {
                    let v = s.load(&source[y * row_len + kx % STEP * layout.phase_len + kx / STEP + x..]);
                    if y < KH {
                        a = s.fma(v, w[y][kx], a);
                    }
                    if y >= STEP {
                        b = s.fma(v, w[y - STEP][kx], b);
                    }
                }
            }
            store_clipped(s, clamp(s, a, filter), &mut upper[x..]);
            store_clipped(s, clamp(s, b, filter), &mut lower[x..]);
            x += S::LANES;
        }
        r += 2;
    }
    if r < n_rows {
        let source = &band[r * STEP * row_len..][..KH * row_len];
        let out = &mut out[r * ow..][..ow];
        let mut x = 0;
        while x < ow {
            let mut a = s.splat(0.0);
            for y in 0..KH {
                for kx in 0..KW {
                    let v = s.load(&source[y * row_len + kx % STEP * layout.phase_len + kx / STEP + x..]);
                    a = s.fma(v, w[y][kx], a);
                }
            }
            store_clipped(s, clamp(s, a, filter), &mut out[x..]);
            x += S::LANES;
        }
    }
}

/// Rows of output for any filter.
#[inline(always)]
fn rows_any<S: Simd>(
    s: S,
    shape: &ConvShape,
    layout: &Layout,
    filter: &Filter<'_>,
    band: &[f32; BAND_LEN],
    n_rows: usize,
    out: &mut [f32],
) {
    let (ow, row_len, taps) = (shape.ow(), layout.row_len(), shape.kh * shape.kw);
    let mut offsets = [0; MAX_TAPS];
    for (i, offset) in offsets[..taps].iter_mut().enumerate() {
        let (y, x) = (i / shape.kw * shape.dilations[0], i % shape.kw * shape.dilations[1]);
        *offset = y * row_len + x % layout.phases * layout.phase_len + x / layout.phases;
    }
    for r in 0..n_rows {
        let source = &band[r * shape.strides[0] * row_len..];
        let out = &mut out[r * ow..][..ow];
        let mut x = 0;
        while x < ow {
            let mut a = s.splat(0.0);
            for (&offset, &w) in offsets[..taps].iter().zip(filter.weights) {
                a = s.fma(s.load(&source[offset + x..]), s.splat(w), a);
            }
            store_clipped(s, clamp(s, a, filter), &mut out[x..]);
            x += S::LANES;
        }
    }
}

#[inline(always)]
fn clamp<S: Simd>(s: S, v: S::F, filter: &Filter<'_>) -> S::F {
    let v = s.add(v, s.splat(filter.bias));
    s.min(s.splat(filter.bounds.1), s.max(s.splat(filter.bounds.0), v))
}

/// Any filter on any plane, one element at a time: rows too long or filters too large for a band.
fn plane_scalar(shape: &ConvShape, x: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
    let ow = shape.ow();
    for (i, out) in out.iter_mut().enumerate() {
        let (oy, ox) = (i / ow * shape.strides[0], i % ow * shape.strides[1]);
        let mut sum = 0.0f32;
        for (ky, line) in weights.chunks_exact(shape.kw).enumerate() {
            let y = (oy + ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
            if y >= shape.h {
                continue;
            }
            for (kx, w) in line.iter().enumerate() {
                let xx = (ox + kx * shape.dilations[1]).wrapping_sub(shape.pads[1]);
                if xx < shape.w {
                    sum += w * x[y * shape.w + xx];
                }
            }
        }
        *out = sum + bias;
    }
}

/// What of the epilogue the loops above leave to do.
#[inline(always)]
fn finish<S: Simd>(s: S, epilogue: &Epilogue<'_>, index: usize, row: &mut [f32]) {
    let Some(r) = &epilogue.residual else {
        return apply_called(s, epilogue.activation, row);
    };
    if r.at == ResidualAt::AfterActivation {
        apply_called(s, epilogue.activation, row);
    }
    let (residual, beta) = (&r.data[index..][..row.len()], s.splat(r.beta));
    let mut i = 0;
    while i < row.len() {
        let v = s.fma(load_clipped(s, &residual[i..]), beta, load_clipped(s, &row[i..]));
        store_clipped(s, v, &mut row[i..]);
        i += S::LANES;
    }
    if r.at == ResidualAt::BeforeActivation {
        apply_called(s, epilogue.activation, row);
    }
}
