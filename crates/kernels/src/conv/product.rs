//! Convolution as a product: packed weights times pixels that are gathered a block at a time into local memory.

use std::ops::Range;

use super::{ConvShape, Grid, Isa, PackedConv, Parallel, TileMut, for_each_tile_mut};
use crate::arch::Simd;
use crate::dispatch::vectorized;
use crate::matmul::{Blocks, Epilogue, MAX_K_BLOCK, Micro, Pass, Place};
use crate::slice::Aligned;
use crate::slice::{load_clipped, store_clipped};

/// Elements of gathered pixels that are worked on at a time, so that these, the weights of a block of terms and the
/// results stay in the second-level cache. Smaller where that is enough for all, for clearing the memory is part of every task.
const LARGE: usize = 24 * 1024;
const MEDIUM: usize = 16 * 1024;
const SMALL: usize = 4 * 1024;
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
        let needed = width.saturating_mul(shape.k().min(MAX_K_BLOCK));
        let isa = weights.isa;
        if needed <= SMALL {
            multiply(isa, &job, tile, place, &mut Aligned([0.0; SMALL]).0);
        } else if needed <= MEDIUM {
            multiply(isa, &job, tile, place, &mut Aligned([0.0; MEDIUM]).0);
        } else {
            multiply(isa, &job, tile, place, &mut Aligned([0.0; LARGE]).0);
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
    // Parts of the same pixels gather them anew: one for each thread, if there is not more than one of pixels each.
    let row_parts = if col_parts > n_threads { 1 } else { wanted.div_ceil(col_parts).min(n_threads) };
    let row_parts = row_parts.min(blocks.count);
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

/// Whether the terms of a pixel are the channels at its place.
#[inline(always)]
pub(super) fn is_plain(shape: &ConvShape) -> bool {
    shape.kh * shape.kw == 1 && shape.strides == [1, 1] && shape.pads == [0; 4]
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
    if is_plain(shape) {
        let plane_len = shape.h * shape.w;
        for (c, row) in k.zip(out.chunks_exact_mut(width)) {
            let (row, rest) = row.split_at_mut(n_valid);
            copy_row(s, &planes[c * plane_len + first..][..n_valid], row);
            zero_row(s, rest);
        }
        return;
    }
    if n_valid < width {
        out.chunks_exact_mut(width).for_each(|row| row[n_valid..].fill(0.0));
    }
    gather_tile(s, shape, planes, first..first + n_valid, 0, width, k, out);
}

/// Gathers the terms `k` of `pixels` to `out[k][at..]`, with rows of `width`.
#[inline(always)]
pub(super) fn gather_tile<S: Simd>(
    s: S,
    shape: &ConvShape,
    planes: &[f32],
    pixels: Range<usize>,
    at: usize,
    width: usize,
    k: Range<usize>,
    out: &mut [f32],
) {
    if is_plain(shape) {
        let plane_len = shape.h * shape.w;
        for (c, row) in k.zip(out.chunks_exact_mut(width)) {
            copy_row(s, &planes[c * plane_len..][pixels.clone()], &mut row[at..at + pixels.len()]);
        }
        return;
    }
    let ow = shape.ow();
    let mut pieces = [Piece::default(); MAX_PIECES];
    let mut n = 0;
    let mut done = 0;
    while done < pixels.len() {
        let (oy, ox) = ((pixels.start + done) / ow, (pixels.start + done) % ow);
        let len = (ow - ox).min(pixels.len() - done);
        for ky in 0..shape.kh {
            for kx in 0..shape.kw {
                pieces[n] = Piece::new(shape, [oy, ox], len, [ky, kx], at + done);
                n += 1;
                if n == MAX_PIECES {
                    copy_pieces(s, shape, planes, &pieces, width, k.clone(), out);
                    n = 0;
                }
            }
        }
        done += len;
    }
    copy_pieces(s, shape, planes, &pieces[..n], width, k, out);
}

/// How many pieces are copied channel by channel at a time.
const MAX_PIECES: usize = 32;

/// Neighbouring pixels of one output row under one filter element, which lie alike in every channel.
#[derive(Clone, Copy, Default)]
struct Piece {
    tap: usize,
    /// Position in the gathered rows.
    at: usize,
    len: usize,
    /// How many pixels are padding before those that are inside the image, and how many these are.
    left: usize,
    n_inside: usize,
    /// The first of these in its plane.
    source: usize,
}

impl Piece {
    #[inline(always)]
    fn new(shape: &ConvShape, [oy, ox]: [usize; 2], len: usize, [ky, kx]: [usize; 2], at: usize) -> Piece {
        let y = (oy * shape.strides[0] + ky * shape.dilations[0]).wrapping_sub(shape.pads[0]);
        let step = shape.strides[1];
        // Position of the first pixel in the padded row.
        let x = ox * step + kx * shape.dilations[1];
        let steps = |n: usize| match step {
            1 => n,
            2 => n.div_ceil(2),
            _ => n.div_ceil(step),
        };
        let left = steps(shape.pads[1].saturating_sub(x)).min(len);
        let end = steps((shape.pads[1] + shape.w).saturating_sub(x)).min(len);
        let n_inside = if y < shape.h { end.saturating_sub(left) } else { 0 };
        let source = if n_inside > 0 { y * shape.w + x + left * step - shape.pads[1] } else { 0 };
        Piece { tap: ky * shape.kw + kx, at, len, left, n_inside, source }
    }
}

/// Copies pieces for the terms `k`.
#[inline(always)]
fn copy_pieces<S: Simd>(
    s: S,
    shape: &ConvShape,
    planes: &[f32],
    pieces: &[Piece],
    width: usize,
    k: Range<usize>,
    out: &mut [f32],
) {
    let (taps, plane_len, step) = (shape.kh * shape.kw, shape.h * shape.w, shape.strides[1]);
    for c in k.start / taps..k.end.div_ceil(taps) {
        let plane = &planes[c * plane_len..][..plane_len];
        for piece in pieces {
            let term = c * taps + piece.tap;
            if !k.contains(&term) {
                continue;
            }
            let row = &mut out[(term - k.start) * width + piece.at..][..piece.len];
            if piece.n_inside < piece.len {
                zero_row(s, row);
                if piece.n_inside == 0 {
                    continue;
                }
            }
            let row = &mut row[piece.left..][..piece.n_inside];
            let line = &plane[piece.source..][..(piece.n_inside - 1) * step + 1];
            match step {
                1 => copy_row(s, line, row),
                2 => copy_every_second(s, line, row),
                _ => row.iter_mut().zip(line.iter().step_by(step)).for_each(|(x, &y)| *x = y),
            }
        }
    }
}

/// Copies a line to a row of the same length.
#[inline(always)]
fn copy_row<S: Simd>(s: S, line: &[f32], out: &mut [f32]) {
    let mut wholes = out.chunks_exact_mut(S::LANES);
    let lines = line.chunks_exact(S::LANES);
    let rest = lines.remainder();
    for (line, out) in lines.zip(&mut wholes) {
        s.store(s.load(line), out);
    }
    let out = wholes.into_remainder();
    if !out.is_empty() {
        s.store_part(s.load_part(rest), out);
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
