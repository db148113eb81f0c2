//! As many planes as a vector has lanes side by side: rows are transposed into a ring of padded rows of vectors, so
//! that small planes fill the lanes and any stride reads whole vectors.

use super::Job;
use crate::activation::apply_called;
use crate::arch::{MAX_LANES, Simd};
use crate::conv::{ConvShape, add_residual, transpose_back};
use crate::dispatch::vectorized;
use crate::slice::Aligned;

/// Elements of the ring of rows.
const RING_LEN: usize = 8 * 1024;
/// Elements of results that wait to be transposed.
const RESULT_LEN: usize = 4 * 1024;

/// Whether the rows under a filter fit the ring.
pub(super) fn fits(shape: &ConvShape, lanes: usize) -> bool {
    let ring = Ring::new(shape, lanes);
    ring.rows.saturating_mul(ring.row_len) <= RING_LEN && shape.ow() * lanes <= RESULT_LEN
}

vectorized! {
    pub(super) fn planes<'a>(job: &'a Job<'a>, out: &'a mut [f32]) = planes_lanes;
}

#[inline(always)]
fn planes_lanes<S: Simd>(s: S, job: &Job<'_>, out: &mut [f32]) {
    let (mut ring, mut results) = (Aligned([0.0; RING_LEN]), Aligned([0.0; RESULT_LEN]));
    let pixels = job.shape.oh() * job.shape.ow();
    let n_planes = out.len() / pixels;
    let mut done = 0;
    while done < n_planes {
        let (image, oc) = ((job.first + done) / job.shape.oc, (job.first + done) % job.shape.oc);
        let n = S::LANES.min(n_planes - done).min(job.shape.oc - oc);
        let block = Block { image, oc, n };
        let out = &mut out[done * pixels..][..n * pixels];
        block_lanes(s, job, block, &mut ring.0, &mut results.0, out);
        if job.epilogue.residual.is_some() {
            for (i, plane) in out.chunks_exact_mut(pixels).enumerate() {
                add_residual(s, job.epilogue, (job.first + done + i) * pixels, plane);
            }
        }
        done += n;
    }
}

/// Planes side by side: `n` from `oc` on, which is a multiple of the lanes.
#[derive(Clone, Copy)]
struct Block {
    image: usize,
    oc: usize,
    n: usize,
}

/// How padded rows lie in the ring: row `y` of the image in place `y % rows`.
struct Ring {
    /// Rows under the filter, those that a dilation skips included.
    rows: usize,
    /// Columns that the filter reads, padding included.
    columns: usize,
    /// Elements of a row.
    row_len: usize,
}

impl Ring {
    #[inline(always)]
    fn new(shape: &ConvShape, lanes: usize) -> Ring {
        let rows = (shape.kh - 1) * shape.dilations[0] + 1;
        let columns = (shape.ow() - 1) * shape.strides[1] + (shape.kw - 1) * shape.dilations[1] + 1;
        Ring { rows, columns, row_len: columns.saturating_mul(lanes) }
    }
}

#[inline(always)]
fn block_lanes<S: Simd>(
    s: S,
    job: &Job<'_>,
    block: Block,
    ring: &mut [f32; RING_LEN],
    results: &mut [f32; RESULT_LEN],
    out: &mut [f32],
) {
    let shape = job.shape;
    let layout = Ring::new(shape, S::LANES);
    let (oh, ow, taps) = (shape.oh(), shape.ow(), shape.kh * shape.kw);
    let weights = &job.weights[block.oc * taps..][..taps * S::LANES];
    let mut bias = [0.0; MAX_LANES];
    let mut planes: [&[f32]; MAX_LANES] = [&[]; MAX_LANES];
    for (i, plane) in planes[..S::LANES].iter_mut().enumerate() {
        // Lanes without a plane repeat the last.
        let oc = block.oc + i.min(block.n - 1);
        (bias[i], *plane) = (job.bias(oc), job.input(block.image, oc));
    }
    let (lo, hi) = job.bounds();
    let finish = Finish { bias: s.load(&bias), lo: s.splat(lo), hi: s.splat(hi) };
    let is_curved = job.epilogue.residual.is_none() && job.epilogue.activation.bounds().is_none();
    let rows_at_once = (RESULT_LEN / (ow * S::LANES)).min(oh);
    let mut filled = 0;
    let mut first = 0;
    while first < oh {
        let n_rows = rows_at_once.min(oh - first);
        for i in 0..n_rows {
            let top = (first + i) * shape.strides[0];
            // Rows of the image under the filter: those above `filled` are in the ring.
            let end = (top + layout.rows).saturating_sub(shape.pads[0]).min(shape.h);
            for y in filled.max(top.saturating_sub(shape.pads[0]))..end {
                let row = &mut ring[y % layout.rows * layout.row_len..][..layout.row_len];
                fill_row(s, shape, &planes, block.n, layout.columns, y, row);
            }
            filled = filled.max(end);
            let line = &mut results[i * ow * S::LANES..][..ow * S::LANES];
            let place = (top + layout.rows - shape.pads[0] % layout.rows) % layout.rows;
            let row = Row { top, place, ow, weights, ring: &*ring, layout: &layout, finish: &finish };
            match shape.strides[1] {
                1 => result_row::<S, 1>(s, shape, &row, line),
                2 => result_row::<S, 2>(s, shape, &row, line),
                _ => result_row::<S, 0>(s, shape, &row, line),
            }
        }
        let results = &mut results[..n_rows * ow * S::LANES];
        if is_curved {
            apply_called(s, job.epilogue.activation, results);
        }
        transpose_back(s, results, S::LANES, block.n, first * ow, oh * ow, out);
        first += n_rows;
    }
}

/// Transposes row `y` of the planes into a row of vectors, between its padding.
#[inline(always)]
fn fill_row<S: Simd>(
    s: S,
    shape: &ConvShape,
    planes: &[&[f32]; MAX_LANES],
    n_planes: usize,
    columns: usize,
    y: usize,
    out: &mut [f32],
) {
    let (w, left) = (shape.w, shape.pads[1]);
    let n = w.min(columns.saturating_sub(left));
    let out = &mut out[left.min(columns) * S::LANES..];
    for lane in (0..n_planes).step_by(4) {
        for x in (0..n).step_by(S::LANES) {
            let line = |lane: usize| &planes[lane][y * w + x..][..S::LANES.min(n - x)];
            let lines = [line(lane), line(lane + 1), line(lane + 2), line(lane + 3)];
            s.transpose_lines(lines, &mut out[x * S::LANES + lane..], S::LANES);
        }
    }
}

/// Bias and bounds of the lanes.
struct Finish<F> {
    bias: F,
    lo: F,
    hi: F,
}

/// What a row of results is made of.
struct Row<'a, F> {
    /// The first row under the filter, counted from the padding's first.
    top: usize,
    /// Where in the ring that row is, or would be.
    place: usize,
    ow: usize,
    weights: &'a [f32],
    ring: &'a [f32; RING_LEN],
    layout: &'a Ring,
    finish: &'a Finish<F>,
}

/// One row of results; `STEP` is the stride across, 0 for any.
#[inline(always)]
fn result_row<S: Simd, const STEP: usize>(s: S, shape: &ConvShape, row: &Row<'_, S::F>, out: &mut [f32]) {
    let ow = row.ow;
    // Of seven columns are the planes of many networks a multiple.
    let by_seven = ow.is_multiple_of(7);
    let mut x = 0;
    while x < ow {
        let out = &mut out[x * S::LANES..];
        x += match ow - x {
            7.. if by_seven => result_columns::<S, STEP, 7>(s, shape, row, x, out),
            8.. => result_columns::<S, STEP, 8>(s, shape, row, x, out),
            4.. => result_columns::<S, STEP, 4>(s, shape, row, x, out),
            2.. => result_columns::<S, STEP, 2>(s, shape, row, x, out),
            _ => result_columns::<S, STEP, 1>(s, shape, row, x, out),
        };
    }
}

/// `N` neighbouring columns of a row of results, and how many these are.
#[inline(always)]
fn result_columns<S: Simd, const STEP: usize, const N: usize>(
    s: S,
    shape: &ConvShape,
    row: &Row<'_, S::F>,
    x: usize,
    out: &mut [f32],
) -> usize {
    let step = if STEP == 0 { shape.strides[1] } else { STEP };
    let Ring { rows, row_len, .. } = *row.layout;
    let mut acc = [s.splat(0.0); N];
    for ky in 0..shape.kh {
        let y = (row.top + ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
        if y >= shape.h {
            continue;
        }
        let place = row.place + ky * shape.dilations[0];
        let place = if place < rows { place } else { place - rows };
        let line = &row.ring[place * row_len..][..row_len];
        let weights = &row.weights[ky * shape.kw * S::LANES..][..shape.kw * S::LANES];
        for (kx, w) in weights.chunks_exact(S::LANES).enumerate() {
            let w = s.load(w);
            let source = &line[(x * step + kx * shape.dilations[1]) * S::LANES..];
            let source = &source[..((N - 1) * step + 1) * S::LANES];
            for i in 0..N {
                acc[i] = s.fma(s.load(&source[i * step * S::LANES..]), w, acc[i]);
            }
        }
    }
    let Finish { bias, lo, hi } = *row.finish;
    let out = &mut out[..N * S::LANES];
    for i in 0..N {
        let v = s.min(hi, s.max(lo, s.add(acc[i], bias)));
        s.store(v, &mut out[i * S::LANES..]);
    }
    N
}
