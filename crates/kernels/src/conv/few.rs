//! Convolution as a product for results of few pixels: the channels of the result lie along the vectors, and pixels of
//! several images share a tile. The bits are those of `product`.

use std::ops::Range;

use dunlin_sys::for_each_chunk_mut;

use super::product::{gather_tile, is_plain};
use super::{ConvShape, Isa, Parallel, add_residual, transpose_back};
use crate::activation::Activation;
use crate::arch::{Simd, TileMut};
use crate::dispatch::vectorized;
use crate::matmul::{Bias, Blocks, Epilogue, MAX_K_BLOCK, Micro, PackedRef, Pass, Place};
use crate::slice::Aligned;

/// Pixels of all images that one task takes together.
pub(super) const MAX_PIXELS: usize = 64;
/// Gathered pixels, and sums that wait for the rest of their terms, in elements.
const LENS: (usize, usize) = (MAX_PIXELS * MAX_K_BLOCK, 26 * 1024);
/// The same where that is enough for all: clearing the memory is part of every task.
const SMALL_LENS: (usize, usize) = (4 * 1024, 2 * 1024);
/// Multiplications of the smallest task.
const MIN_TASK_WORK: usize = 1 << 17;

/// Whether a result of so many pixels per image is better computed this way.
pub(super) fn pays(shape: &ConvShape, pixels: usize, lanes: usize) -> bool {
    let wasted = |n: usize| n.next_multiple_of(lanes) - n;
    let few = pixels > 0 && pixels <= MAX_PIXELS && shape.groups == 1;
    few && wasted(pixels) * shape.oc > (wasted(shape.oc) + lanes / 8) * pixels
}

pub(super) fn run(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: &[f32],
    isa: Isa,
    weights: PackedRef<'_>,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let pixels = shape.oh() * shape.ow();
    let (images, channels) = split(pool.n_threads(), shape, pixels, isa.tile().1);
    let part_len = images * channels * pixels;
    let parts = shape.oc.div_ceil(channels);
    for_each_chunk_mut(pool, &mut out[..shape.out_len()], part_len, &|i, out| {
        let job = Job {
            shape,
            x,
            weights,
            epilogue,
            image: if parts == 1 { i * images } else { 0 },
            n_images: if parts == 1 { out.len() / (shape.oc * pixels) } else { 1 },
            oc: if parts == 1 { 0 } else { i * channels },
        };
        let n_pixels = job.n_images * pixels;
        let needed =
            (n_pixels * shape.k().min(MAX_K_BLOCK), out.len().next_multiple_of(isa.tile().1 * n_pixels));
        if needed.0 <= SMALL_LENS.0 && needed.1 <= SMALL_LENS.1 {
            let (mut gathered, mut sums) = (Aligned([0.0; SMALL_LENS.0]), Aligned([0.0; SMALL_LENS.1]));
            multiply(isa, &job, out, &mut gathered.0, &mut sums.0);
        } else {
            let (mut gathered, mut sums) = (Aligned([0.0; LENS.0]), Aligned([0.0; LENS.1]));
            multiply(isa, &job, out, &mut gathered.0, &mut sums.0);
        }
    });
}

/// Images and channels of a task: all channels of some images, or some channels of the only one.
fn split(n_threads: usize, shape: &ConvShape, pixels: usize, panel: usize) -> (usize, usize) {
    let together = (MAX_PIXELS / pixels).max(1);
    let work = shape.n.saturating_mul(shape.oc * pixels).saturating_mul(shape.k());
    // Parts gather the same pixels anew, so there is one for each thread.
    let wanted = n_threads.min(work / MIN_TASK_WORK).max(1);
    if shape.n == 1 {
        return (1, shape.oc.div_ceil(panel).div_ceil(wanted) * panel);
    }
    (shape.n.div_ceil(wanted).min(together), shape.oc)
}

/// One task: some channels of the result for some images.
struct Job<'a> {
    shape: &'a ConvShape,
    x: &'a [f32],
    weights: PackedRef<'a>,
    epilogue: &'a Epilogue<'a>,
    image: usize,
    n_images: usize,
    oc: usize,
}

vectorized! {
    fn multiply<'a>(job: &'a Job<'a>, out: &'a mut [f32], gathered: &'a mut [f32], sums: &'a mut [f32]) = multiply_lanes;
}

#[inline(always)]
fn multiply_lanes<S: Simd>(s: S, job: &Job<'_>, out: &mut [f32], gathered: &mut [f32], sums: &mut [f32]) {
    let panel_cols = S::LANES * S::TILE_VECS;
    let pixels = job.shape.oh() * job.shape.ow();
    let n_pixels = job.n_images * pixels;
    let n_channels = out.len() / n_pixels;
    let blocks = Blocks::new(n_pixels, MAX_PIXELS);
    let group = (sums.len() / (blocks.longest() * panel_cols)).max(1) * panel_cols;
    let later = job.epilogue.residual.is_some();
    let epilogue = Epilogue {
        alpha: 1.0,
        bias: if let Bias::Rows(bias) = job.epilogue.bias { Bias::Columns(bias) } else { Bias::None },
        residual: None,
        activation: if later { Activation::None } else { job.epilogue.activation },
    };
    for b in 0..blocks.count {
        let range = blocks.range(b);
        for first in (0..n_channels).step_by(group) {
            let end = (first + group).min(n_channels);
            add_up(s, job, range.clone(), first..end, &epilogue, gathered, sums);
            for col in (first..end).step_by(panel_cols) {
                let n_planes = panel_cols.min(end - col);
                let width = n_planes.next_multiple_of(S::LANES);
                let sums = &sums[(col - first) * range.len()..][..width * range.len()];
                // A block is a part of one image, or all of several.
                for (image, sums) in sums.chunks(width * pixels).enumerate() {
                    let out = &mut out[(image * n_channels + col) * pixels..];
                    transpose_back(s, sums, width, n_planes, range.start, pixels, out);
                }
            }
        }
    }
    if later {
        let index = (job.image * job.shape.oc + job.oc) * pixels;
        for (i, plane) in out.chunks_exact_mut(pixels).enumerate() {
            add_residual(s, job.epilogue, index + i * pixels, plane);
        }
    }
}

/// The sums of some of the task's pixels for some of its channels: panel after panel, pixel by pixel.
#[inline(always)]
fn add_up<S: Simd>(
    s: S,
    job: &Job<'_>,
    pixels: Range<usize>,
    channels: Range<usize>,
    epilogue: &Epilogue<'_>,
    gathered: &mut [f32],
    sums: &mut [f32],
) {
    let panel_cols = S::LANES * S::TILE_VECS;
    let n_pixels = pixels.len();
    let terms = Blocks::new(job.shape.k(), MAX_K_BLOCK);
    let tiles = Blocks::new(n_pixels, S::TILE_ROWS);
    for kb in 0..terms.count {
        let k = terms.range(kb);
        let pass = Pass { first: kb == 0, last: kb + 1 == terms.count };
        for t in 0..tiles.count {
            let r = tiles.range(t);
            let tile = &mut gathered[r.start * k.len()..][..r.len() * k.len()];
            gather_pixels(s, job, pixels.start + r.start..pixels.start + r.end, k.clone(), tile);
        }
        for col in channels.clone().step_by(panel_cols) {
            let width = panel_cols.min(channels.end - col).next_multiple_of(S::LANES);
            let panel = job.weights.panel(s, job.oc + col, k.clone());
            let sums = &mut sums[(col - channels.start) * n_pixels..][..width * n_pixels];
            let mut c = TileMut::new(sums, n_pixels, width, width);
            for t in 0..tiles.count {
                let r = tiles.range(t);
                let a = &gathered[r.start * k.len()..][..r.len() * k.len()];
                let place = Place { row: r.start, col: job.oc + col, index: 0, stride: width };
                Micro { a, b: panel, c: c.sub(r, 0..width), pass, place, epilogue }.run(s);
            }
        }
    }
}

/// Gathers the terms `k` of some of the task's pixels, side by side for each term.
#[inline(always)]
fn gather_pixels<S: Simd>(s: S, job: &Job<'_>, range: Range<usize>, k: Range<usize>, out: &mut [f32]) {
    let shape = job.shape;
    let (pixels, image_len) = (shape.oh() * shape.ow(), shape.c * shape.h * shape.w);
    let mut at = range.start;
    while at < range.end {
        let (image, first) = (at / pixels, at % pixels);
        let n = (pixels - first).min(range.end - at);
        let planes = &job.x[(job.image + image) * image_len..][..image_len];
        if range.len() == 1 && pixels == 1 && is_plain(shape) {
            out.copy_from_slice(&planes[k.clone()]);
        } else {
            gather_tile(s, shape, planes, first..first + n, at - range.start, range.len(), k.clone(), out);
        }
        at += n;
    }
}
