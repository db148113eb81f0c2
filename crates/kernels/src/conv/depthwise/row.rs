//! Each plane on its own: it is copied with its padding (and split by column for a stride), so that every filter
//! element reads whole vectors of neighbouring pixels and no border is a special case.

use super::Job;
use crate::activation::apply_called;
use crate::arch::Simd;
use crate::conv::{ConvShape, add_residual};
use crate::dispatch::vectorized;
use crate::slice::{Aligned, copy_row, split_row, store_clipped};

/// Elements of the padded copy that is worked on at a time.
const BAND_LEN: usize = 12 * 1024;
/// Most filter elements whose offsets are kept in a table; larger filters take the scalar way.
const MAX_TAPS: usize = 128;

vectorized! {
    pub(super) fn planes<'a>(job: &'a Job<'a>, out: &'a mut [f32]) = planes_lanes;
}

#[inline(always)]
fn planes_lanes<S: Simd>(s: S, job: &Job<'_>, out: &mut [f32]) {
    let shape = job.shape;
    let taps = shape.kh * shape.kw;
    let mut aligned = Aligned([0.0f32; BAND_LEN]);
    let layout = Layout::new::<S>(shape);
    for (i, plane) in out.chunks_exact_mut(shape.oh() * shape.ow()).enumerate() {
        let (image, oc) = ((job.first + i) / shape.oc, (job.first + i) % shape.oc);
        let (x, weights) = (job.input(image, oc), &job.weights[oc * taps..][..taps]);
        let filter = Filter { weights, bias: job.bias(oc), bounds: job.bounds() };
        match &layout {
            Some(layout) => plane_lanes(s, shape, layout, x, &filter, &mut aligned.0, plane),
            None => plane_scalar(shape, x, &filter, plane),
        }
        if job.epilogue.residual.is_some() {
            add_residual(s, job.epilogue, (job.first + i) * plane.len(), plane);
        } else if job.epilogue.activation.bounds().is_none() {
            apply_called(s, job.epilogue.activation, plane);
        }
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
    fn new<S: Simd>(shape: &ConvShape) -> Option<Layout> {
        let phases = shape.strides[1];
        let reach = (shape.kw - 1) * shape.dilations[1] / phases;
        let phase_len = shape.ow().next_multiple_of(S::LANES) + reach + 1;
        let extent = (shape.kh - 1) * shape.dilations[0] + 1;
        let room = BAND_LEN / (phase_len * phases);
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
    w: &Filter<'_>,
    band: &mut [f32; BAND_LEN],
    out: &mut [f32],
) {
    let row_len = layout.row_len();
    let extent = (shape.kh - 1) * shape.dilations[0] + 1;
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
        match ([shape.kh, shape.kw], shape.dilations, shape.strides) {
            ([3, 3], [1, 1], [1, 1]) => rows_fixed::<S, 3, 3, 1>(s, shape, layout, w, band, n_rows, out),
            ([3, 3], [1, 1], [2, 2]) => rows_fixed::<S, 3, 3, 2>(s, shape, layout, w, band, n_rows, out),
            ([5, 5], [1, 1], [1, 1]) => rows_fixed::<S, 5, 5, 1>(s, shape, layout, w, band, n_rows, out),
            ([5, 5], [1, 1], [2, 2]) => rows_fixed::<S, 5, 5, 2>(s, shape, layout, w, band, n_rows, out),
            _ => rows_any(s, shape, layout, w, band, n_rows, out),
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

/// Rows of output for a filter of fixed size, several at a time so that input rows are loaded once for all.
#[inline(always)]
fn rows_fixed<S: Simd, const KH: usize, const KW: usize, const STEP: usize>(
    s: S,
    shape: &ConvShape,
    layout: &Layout,
    filter: &Filter<'_>,
    band: &[f32],
    n_rows: usize,
    out: &mut [f32],
) {
    let mut w = [[s.splat(0.0); KW]; KH];
    for ky in 0..KH {
        for kx in 0..KW {
            w[ky][kx] = s.splat(filter.weights[ky * KW + kx]);
        }
    }
    let (ow, row_len) = (shape.ow(), layout.row_len());
    let mut r = 0;
    while r < n_rows {
        let source = &band[r * STEP * row_len..];
        let out = &mut out[r * ow..];
        // Weights of a large filter leave registers for two rows.
        r += match n_rows - r {
            4.. if KW == 3 => few_rows::<S, KH, KW, STEP, 4>(s, layout, filter, &w, source, ow, out),
            2.. => few_rows::<S, KH, KW, STEP, 2>(s, layout, filter, &w, source, ow, out),
            _ => few_rows::<S, KH, KW, STEP, 1>(s, layout, filter, &w, source, ow, out),
        };
    }
}

/// `ROWS` rows of output, and how many these are.
#[inline(always)]
fn few_rows<S: Simd, const KH: usize, const KW: usize, const STEP: usize, const ROWS: usize>(
    s: S,
    layout: &Layout,
    filter: &Filter<'_>,
    w: &[[S::F; KW]; KH],
    source: &[f32],
    ow: usize,
    out: &mut [f32],
) -> usize {
    let (row_len, phase_len) = (layout.row_len(), layout.phase_len);
    let source = &source[..((ROWS - 1) * STEP + KH) * row_len];
    let out = &mut out[..ROWS * ow];
    let mut x = 0;
    while x < ow {
        let mut acc = [s.splat(0.0); ROWS];
        for y in 0..(ROWS - 1) * STEP + KH {
            // All that the filter's columns read of this row, cut once.
            let even = &source[y * row_len + x..][..S::LANES + (KW - 1) / STEP];
            let odd = if STEP == 2 { &source[y * row_len + phase_len + x..] } else { even };
            let odd = &odd[..S::LANES + (KW - STEP) / STEP];
            for kx in 0..KW {
                let phase = if kx % STEP == 0 { even } else { odd };
                let v = s.load(&phase[kx / STEP..]);
                for i in 0..ROWS {
                    if y >= i * STEP && y < i * STEP + KH {
                        acc[i] = s.fma(v, w[y - i * STEP][kx], acc[i]);
                    }
                }
            }
        }
        for i in 0..ROWS {
            store_clipped(s, clamp(s, acc[i], filter), &mut out[i * ow + x..(i + 1) * ow]);
        }
        x += S::LANES;
    }
    ROWS
}

/// Rows of output for any filter.
#[inline(always)]
fn rows_any<S: Simd>(
    s: S,
    shape: &ConvShape,
    layout: &Layout,
    filter: &Filter<'_>,
    band: &[f32],
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
fn plane_scalar(shape: &ConvShape, x: &[f32], filter: &Filter<'_>, out: &mut [f32]) {
    let ow = shape.ow();
    for (i, out) in out.iter_mut().enumerate() {
        let (oy, ox) = (i / ow * shape.strides[0], i % ow * shape.strides[1]);
        let mut sum = 0.0f32;
        for (ky, line) in filter.weights.chunks_exact(shape.kw).enumerate() {
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
        *out = (sum + filter.bias).max(filter.bounds.0).min(filter.bounds.1);
    }
}
