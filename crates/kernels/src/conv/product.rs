//! Convolution as a product: packed weights times pixels that are gathered a block at a time into local memory.

use std::ops::Range;

use super::{ConvShape, Grid, Isa, PackedConv, Parallel, TileMut, for_each_tile_mut};
use crate::arch::Simd;
use crate::dispatch::vectorized;
use crate::matmul::{Blocks, Epilogue, MAX_K_BLOCK, Micro, Pass, Place};
use crate::slice::Aligned;
use crate::slice::{load_clipped, store_clipped};

/// Elements of gathered pixels that are worked on at a time: most of a second-level cache's fair share.
const PIXEL_BLOCK_LEN: usize = 24 * 1024;
/// As `PIXEL_BLOCK_LEN`, where that is enough for all: clearing the memory is part of every task.
const SMALL_BLOCK_LEN: usize = 4 * 1024;
/// Multiplications below which a second thread costs more than it saves.
const MIN_TASK_WORK: usize = 1 << 18;

pub(super) fn run(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: &[f32],
    weights: &PackedConv,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let pixels = shape.oh() * shape.ow();
    let (row_step, col_step) = split(weights.isa, pool.n_threads(), shape, pixels);
    let grid = Grid {
        n_matrices: shape.n * shape.groups,
        matrix_stride: shape.oc_group() * pixels,
        rows: shape.oc_group(),
        cols: pixels,
        stride: pixels,
        row_step,
        col_step,
    };
    for_each_tile_mut(pool, out, grid, &|i, row, col, tile| {
        let group = i % shape.groups;
        let planes = &x[i * shape.c_group() * shape.h * shape.w..][..shape.c_group() * shape.h * shape.w];
        let group_len = shape.oc_group() * shape.k();
        let weights_of_group = &weights.data()[group * group_len..][..group_len];
        let job = Job { shape, planes, weights: weights_of_group, epilogue, first_row: row, first_col: col };
        let place = Place {
            row: group * shape.oc_group(),
            col,
            index: i * shape.oc_group() * pixels + col,
            stride: pixels,
        };
        let width = tile.cols().next_multiple_of(weights.isa.lanes());
        if width.saturating_mul(shape.k().min(MAX_K_BLOCK)) <= SMALL_BLOCK_LEN {
            multiply(weights.isa, &job, tile, place, &mut Aligned([0.0; SMALL_BLOCK_LEN]).0);
        } else {
            multiply(weights.isa, &job, tile, place, &mut Aligned([0.0; PIXEL_BLOCK_LEN]).0);
        }
    });
}

/// Output channels and pixels of a task. Steps of channels fall on the blocks that the weights are packed in.
fn split(isa: Isa, n_threads: usize, shape: &ConvShape, pixels: usize) -> (usize, usize) {
    let rows = shape.oc_group();
    let (tile_rows, tile_cols) = isa.tile();
    let work = rows.saturating_mul(pixels).saturating_mul(shape.k());
    let matrices = shape.n * shape.groups;
    let wanted = (n_threads * 4).div_ceil(matrices).min(work / MIN_TASK_WORK);
    if n_threads == 1 || wanted <= 1 {
        return (rows, pixels);
    }
    let col_tiles = pixels.div_ceil(tile_cols);
    let col_parts = wanted.min(col_tiles);
    let blocks = Blocks::even(rows, tile_rows);
    let row_parts = wanted.div_ceil(col_parts).min(blocks.count);
    // Blocks differ in size by one row unless they divide evenly, so only an even cut may use several blocks.
    let row_step = if rows.is_multiple_of(blocks.count) {
        blocks.count.div_ceil(row_parts) * blocks.longest()
    } else {
        rows
    };
    (row_step, col_tiles.div_ceil(col_parts) * tile_cols)
}

/// One task: some output channels of one group of one image, at some pixels.
pub(super) struct Job<'a> {
    pub shape: &'a ConvShape,
    /// `[c / groups, h, w]`
    pub planes: &'a [f32],
    /// All packed weights of the group.
    pub weights: &'a [f32],
    pub epilogue: &'a Epilogue<'a>,
    pub first_row: usize,
    pub first_col: usize,
}

vectorized! {
    fn multiply<'a>(job: &'a Job<'a>, c: TileMut<'a, f32>, place: Place, pixels: &'a mut [f32]) = multiply_lanes;
}

#[inline(always)]
fn multiply_lanes<S: Simd>(s: S, job: &Job<'_>, mut c: TileMut<'_, f32>, place: Place, pixels: &mut [f32]) {
    let panel_cols = S::LANES * S::TILE_VECS;
    let n_terms = job.shape.k();
    let terms = Blocks::new(n_terms, MAX_K_BLOCK);
    let rows = Blocks::even(job.shape.oc_group(), S::TILE_ROWS);
    let group_cols = (pixels.len() / terms.longest().max(1) / panel_cols).max(1) * panel_cols;
    let mut group = 0;
    while group < c.cols() {
        let group_end = (group + group_cols).min(c.cols());
        for kb in 0..terms.count {
            let k = terms.range(kb);
            let pass = Pass { first: kb == 0, last: kb + 1 == terms.count };
            let mut col = group;
            while col < group_end {
                let n_valid = panel_cols.min(group_end - col);
                let width = n_valid.next_multiple_of(S::LANES);
                let panel = &mut pixels[(col - group) * k.len()..][..width * k.len()];
                gather(s, job.shape, job.planes, job.first_col + col, n_valid, width, k.clone(), panel);
                col += n_valid;
            }
            for rb in 0..rows.count {
                let r = rows.range(rb);
                if r.start < job.first_row || r.end > job.first_row + c.rows() {
                    continue;
                }
                let a = &job.weights[r.start * n_terms + k.start * r.len()..][..k.len() * r.len()];
                let local = r.start - job.first_row..r.end - job.first_row;
                let mut col = group;
                while col < group_end {
                    let n_valid = panel_cols.min(group_end - col);
                    let width = n_valid.next_multiple_of(S::LANES);
                    let b = &pixels[(col - group) * k.len()..][..width * k.len()];
                    let tile = c.sub(local.clone(), col..col + n_valid);
                    // `place` starts at the first row of the group, `c` at the first row of the task.
                    let place = place.at(r.start, col);
                    Micro { a, b, c: tile, pass, place, epilogue: job.epilogue }.run(s);
                    col += n_valid;
                }
            }
        }
        group = group_end;
    }
}

/// Gathers the terms `k` of `n_valid` pixels from `first` on: `out[k][pixel]` with rows of `width`, zero beyond.
#[inline(always)]
fn gather<S: Simd>(
    s: S,
    shape: &ConvShape,
    planes: &[f32],
    first: usize,
    n_valid: usize,
    width: usize,
    k: Range<usize>,
    out: &mut [f32],
) {
    let plane_len = shape.h * shape.w;
    if shape.kh * shape.kw == 1 && shape.strides == [1, 1] && shape.pads == [0; 4] {
        for (c, row) in k.zip(out.chunks_exact_mut(width)) {
            copy_row(s, &planes[c * plane_len + first..][..n_valid], row);
        }
        return;
    }
    if n_valid < width {
        out.chunks_exact_mut(width).for_each(|row| row[n_valid..].fill(0.0));
    }
    let ow = shape.ow();
    let mut done = 0;
    while done < n_valid {
        let (oy, ox) = ((first + done) / ow, (first + done) % ow);
        let len = (ow - ox).min(n_valid - done);
        for ky in 0..shape.kh {
            for kx in 0..shape.kw {
                let run = Run { oy, ox, len, ky, kx, at: done };
                gather_run(s, shape, planes, run, width, k.clone(), out);
            }
        }
        done += len;
    }
}

/// Pixels of one output row under one filter element.
#[derive(Clone, Copy)]
struct Run {
    oy: usize,
    ox: usize,
    len: usize,
    ky: usize,
    kx: usize,
    /// Position in the gathered rows.
    at: usize,
}

#[inline(always)]
fn gather_run<S: Simd>(
    s: S,
    shape: &ConvShape,
    planes: &[f32],
    run: Run,
    width: usize,
    k: Range<usize>,
    out: &mut [f32],
) {
    let taps = shape.kh * shape.kw;
    let tap = run.ky * shape.kw + run.kx;
    let channels = k.start.saturating_sub(tap).div_ceil(taps)..k.end.saturating_sub(tap).div_ceil(taps);
    let y = (run.oy * shape.strides[0] + run.ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
    let step = shape.strides[1];
    // Position of the first pixel in the padded row, and those pixels that fall inside the real row.
    let x0 = run.ox * step + run.kx * shape.dilations[1];
    let left = shape.pads[1].saturating_sub(x0).div_ceil(step).min(run.len);
    let inside = (shape.pads[1] + shape.w).saturating_sub(x0).div_ceil(step).min(run.len);
    let inside = if y < shape.h { inside.max(left) } else { left };
    let source = (y < shape.h && inside > left).then(|| y * shape.w + x0 + left * step - shape.pads[1]);
    for c in channels {
        let row = &mut out[(c * taps + tap - k.start) * width + run.at..][..run.len];
        let (start, rest) = row.split_at_mut(left);
        let (middle, end) = rest.split_at_mut(inside - left);
        zero_row(s, start);
        zero_row(s, end);
        if let Some(source) = source {
            let line = &planes[c * shape.h * shape.w + source..][..(middle.len() - 1) * step + 1];
            match step {
                1 => copy_row(s, line, middle),
                2 => copy_every_second(s, line, middle),
                _ => middle.iter_mut().zip(line.iter().step_by(step)).for_each(|(x, &y)| *x = y),
            }
        }
    }
}

/// Copies `line`, then zeros.
#[inline(always)]
fn copy_row<S: Simd>(s: S, line: &[f32], out: &mut [f32]) {
    let mut i = 0;
    while i < out.len() {
        let v = load_clipped(s, &line[i.min(line.len())..]);
        store_clipped(s, v, &mut out[i..]);
        i += S::LANES;
    }
}

#[inline(always)]
fn zero_row<S: Simd>(s: S, out: &mut [f32]) {
    let mut i = 0;
    while i < out.len() {
        store_clipped(s, s.splat(0.0), &mut out[i..]);
        i += S::LANES;
    }
}

#[inline(always)]
fn copy_every_second<S: Simd>(s: S, line: &[f32], out: &mut [f32]) {
    let mut i = 0;
    while i < out.len() {
        let a = load_clipped(s, &line[2 * i..]);
        let b = load_clipped(s, &line[(2 * i + S::LANES).min(line.len())..]);
        store_clipped(s, s.deinterleave(a, b).0, &mut out[i..]);
        i += S::LANES;
    }
}
