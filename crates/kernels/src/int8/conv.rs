//! Convolution of 8-bit images: signed weights by rows, unsigned pixels gathered four channels side by side.

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel};

use super::depthwise::{self, MAX_TAPS, Planes};
use super::pixels::{Image, Pixels};
use super::{Finish, Int8, MAX_TILE, MIN_TASK_WORK, Start, Tile};
use crate::arch::{Grid, Kernel, MAX_LANES, Simd, TileMut, for_each_tile_mut};
use crate::conv::ConvShape;
use crate::dispatch::{self, Isa};
use crate::matmul::Blocks;
use crate::slice::Aligned;

/// Most gathered pixels on the stack, in quads of bytes.
const PANEL_LEN: usize = 24 * 1024;
/// Output pixels of depthwise convolution below which a second thread costs more than it saves.
const MIN_TASK_PIXELS: usize = 1 << 14;

/// Weights of an 8-bit convolution.
#[derive(Debug)]
pub struct PackedInt8Conv {
    form: Form,
    /// Sums of each output channel's weights, less its zero point.
    sums: Vec<i32>,
    /// Zero points of the (signed) weights: one, or one per output channel.
    zeros: Vec<i32>,
    isa: Isa,
}

#[derive(Debug)]
enum Form {
    /// Per group, blocks of output channels: `[taps, channels / 4, rows]` of four bytes.
    Product(AlignedBuf),
    /// One image plane to an output plane.
    Depthwise(AlignedBuf),
}

/// The zero points of an 8-bit convolution.
#[derive(Debug, Clone, Copy)]
pub struct Int8ConvZeros<'a> {
    /// Of the image: also what padding holds.
    pub x: i32,
    /// Of the weights: one, or one per output channel.
    pub weights: &'a [i32],
}

impl PackedInt8Conv {
    /// Packs weights of `[oc, c / groups, kh, kw]` whose zero points are `zeros`: one, or one per output channel.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If the weights or zero points are shorter than their shape: a bug in the caller.
    pub fn pack(weights: Int8<'_>, zeros: &[i32], shape: &ConvShape) -> Result<PackedInt8Conv, OutOfMemory> {
        PackedInt8Conv::pack_for(dispatch::isa(), weights, zeros, shape)
    }

    pub(crate) fn pack_for(
        isa: Isa,
        weights: Int8<'_>,
        zeros: &[i32],
        shape: &ConvShape,
    ) -> Result<PackedInt8Conv, OutOfMemory> {
        shape.check();
        assert!(
            zeros.len() == 1 || zeros.len() == shape.oc,
            "zero points are neither one nor one per channel"
        );
        let (flip, shift) = weights.to_signed();
        let zeros = zeros.iter().map(|z| z + shift).collect();
        let mut sums = vec![0; shape.oc];
        let form = if is_depthwise(shape) {
            Form::Depthwise(depthwise::pack(weights.bytes(), flip, shape, &mut sums)?)
        } else {
            Form::Product(pack_product(isa, weights.bytes(), flip, shape, &mut sums)?)
        };
        Ok(PackedInt8Conv { form, sums, zeros, isa })
    }

    /// The zero point of an output channel's weights.
    #[inline(always)]
    pub(super) fn zero(&self, oc: usize) -> i32 {
        self.zeros[if self.zeros.len() == 1 { 0 } else { oc }]
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        let (Form::Product(buf) | Form::Depthwise(buf)) = &self.form;
        buf.as_slice().len() + 4 * (self.sums.len() + self.zeros.len())
    }

    /// What the sums of each output channel start from.
    ///
    /// `sum (x - a)(w - b) = sum x w - a sum w - b sum x + k a b`, where `b sum x` is left to the kernel.
    fn starts(&self, k: usize, x_zero: i32, out: &mut [i32]) {
        for (oc, (start, sum)) in out.iter_mut().zip(&self.sums).enumerate() {
            *start = (k as i32).wrapping_mul(self.zero(oc)).wrapping_sub(*sum).wrapping_mul(x_zero);
        }
    }
}

/// Packs rows of `[channels, taps]` side by side.
fn pack_block(sources: &[u8], flip: u8, taps: usize, channels: usize, out: &mut [i32], sums: &mut [i32]) {
    let (quads, n_rows, flip_all) = (channels.div_ceil(4), sums.len(), i32::from_le_bytes([flip; 4]));
    for (sum, row) in sums.iter_mut().zip(sources.chunks_exact((channels * taps).max(1))) {
        *sum = row.iter().map(|&byte| i32::from((byte ^ flip) as i8)).sum();
    }
    for q in 0..quads {
        let n_channels = (channels - 4 * q).min(4);
        for row in 0..n_rows {
            // The filter elements of up to four channels, from one to the next of each.
            let source = &sources[(row * channels + 4 * q) * taps..][..n_channels * taps];
            let places = out[q * n_rows + row..].iter_mut().step_by(quads * n_rows);
            if n_channels < 4 {
                for (tap, out) in places.enumerate() {
                    let mut four = [0; 4];
                    let bytes = source[tap..].iter().step_by(taps);
                    four.iter_mut().zip(bytes).for_each(|(x, &byte)| *x = byte ^ flip);
                    *out = i32::from_le_bytes(four);
                }
                continue;
            }
            let (a, rest) = source.split_at(taps);
            let (b, rest) = rest.split_at(taps);
            let (c, d) = rest.split_at(taps);
            for ((((out, &a), &b), &c), &d) in places.zip(a).zip(b).zip(c).zip(d) {
                *out = i32::from_le_bytes([a, b, c, d]) ^ flip_all;
            }
        }
    }
}

/// Puts rows of weights into blocks, four channels of a filter element side by side, and adds each row up.
fn pack_product(
    isa: Isa,
    bytes: &[u8],
    flip: u8,
    shape: &ConvShape,
    sums: &mut [i32],
) -> Result<AlignedBuf, OutOfMemory> {
    let (taps, channels) = (shape.kh * shape.kw, shape.c_group());
    let quads = channels.div_ceil(4);
    let row_len = taps * quads;
    let mut buf = AlignedBuf::zeroed(shape.oc.saturating_mul(row_len).saturating_mul(4))?;
    let out: &mut [i32] = bytemuck::cast_slice_mut(buf.as_mut_slice());
    let blocks = Blocks::even(shape.oc_group(), isa.tile().0);
    for group in 0..shape.groups {
        for rows in (0..blocks.count).map(|b| blocks.range(b)) {
            let first = group * shape.oc_group() + rows.start;
            let sources = &bytes[first * shape.k()..][..rows.len() * shape.k()];
            let out = &mut out[first * row_len..][..rows.len() * row_len];
            pack_block(sources, flip, taps, channels, out, &mut sums[first..][..rows.len()]);
        }
    }
    Ok(buf)
}

fn is_depthwise(shape: &ConvShape) -> bool {
    shape.c_group() == 1 && shape.oc_group() <= 2 && (2..=MAX_TAPS).contains(&(shape.kh * shape.kw))
}

/// Numbers of scratch memory for [`conv2d_int8`].
pub fn conv2d_int8_scratch_len(shape: &ConvShape) -> usize {
    let pixels = if is_depthwise(shape) { 0 } else { Pixels::scratch_len(shape) };
    pixels.saturating_add(shape.oc)
}

/// `out = finish(conv(x - x_zero, weights - weight zeros))`, exactly. Rows of the finish are output channels.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - `out`: `[n, oc, oh, ow]`
/// - `scratch`: [`conv2d_int8_scratch_len`] numbers
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn conv2d_int8<F: Finish>(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: Int8<'_>,
    x_zero: i32,
    weights: &PackedInt8Conv,
    finish: F,
    out: &mut [F::Out],
    scratch: &mut [i32],
) {
    shape.check();
    assert!(x.bytes().len() >= shape.n * shape.c * shape.h * shape.w, "input is shorter than its shape");
    assert!(out.len() >= shape.out_len(), "output is shorter than its shape");
    if shape.out_len() == 0 {
        return;
    }
    assert_eq!(weights.sums.len(), shape.oc, "weights of another shape");
    let (flip, x_shift) = x.to_unsigned();
    let x = Image { bytes: x.bytes(), flip, zero: x_zero + x_shift };
    let (starts, scratch) = scratch.split_at_mut(shape.oc);
    weights.starts(shape.k(), x.zero, starts);
    match &weights.form {
        Form::Depthwise(buf) => depthwise(pool, shape, x, buf, weights, starts, finish, out),
        Form::Product(buf) => {
            let packed: &[i32] = bytemuck::cast_slice(buf.as_slice());
            let pixels = Pixels::new(pool, weights.isa, shape, x, scratch);
            product(pool, shape, pixels, packed, weights, starts, finish, out);
        }
    }
}

/// Every output plane by its own filter.
fn depthwise<F: Finish>(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: Image<'_>,
    filters: &AlignedBuf,
    weights: &PackedInt8Conv,
    starts: &[i32],
    finish: F,
    out: &mut [F::Out],
) {
    let plane_len = shape.oh() * shape.ow();
    let filters: &[i32] = bytemuck::cast_slice(filters.as_slice());
    let planes = shape.n * shape.oc;
    let tasks = (4 * pool.n_threads()).min(planes * plane_len / MIN_TASK_PIXELS).max(1);
    let grid = Grid {
        n_matrices: 1,
        matrix_stride: 0,
        rows: planes,
        cols: plane_len,
        stride: plane_len,
        row_step: if pool.n_threads() == 1 { planes } else { planes.div_ceil(tasks) },
        col_step: plane_len,
    };
    for_each_tile_mut(pool, out, grid, &|_, first, _, out| {
        run(weights.isa, Planes { shape, x, filters, weights, starts, finish, first, out });
    });
}

/// All output channels of a group together, for some pixels at a time.
fn product<F: Finish>(
    pool: &dyn Parallel,
    shape: &ConvShape,
    pixels: Pixels<'_>,
    packed: &[i32],
    weights: &PackedInt8Conv,
    starts: &[i32],
    finish: F,
    out: &mut [F::Out],
) {
    let (rows, plane_len) = (shape.oc_group(), shape.oh() * shape.ow());
    let group_len = rows * shape.kh * shape.kw * shape.c_group().div_ceil(4);
    let grid = Grid {
        n_matrices: shape.n * shape.groups,
        matrix_stride: rows * plane_len,
        rows,
        cols: plane_len,
        stride: plane_len,
        row_step: rows,
        col_step: col_step(weights.isa, pool.n_threads(), shape, plane_len),
    };
    for_each_tile_mut(pool, out, grid, &|i, _, first, tile| {
        let group = i % shape.groups;
        let packed = &packed[group * group_len..][..group_len];
        let job = Job { shape, pixels, packed, weights, starts, finish, matrix: i, first, out: tile };
        // The panel is cleared by each task: no larger than needed.
        let len = group_len / rows * weights.isa.tile().1 + MAX_LANES;
        if len <= 2048 {
            run(weights.isa, Sized::<F, 2048>(job));
        } else if len <= 8192 {
            run(weights.isa, Sized::<F, 8192>(job));
        } else {
            run(weights.isa, Sized::<F, PANEL_LEN>(job));
        }
    });
}

fn col_step(isa: Isa, n_threads: usize, shape: &ConvShape, pixels: usize) -> usize {
    let work = shape.oc_group().saturating_mul(pixels).saturating_mul(shape.k());
    let wanted = (n_threads * 4).div_ceil(shape.n * shape.groups).min(work / MIN_TASK_WORK);
    if n_threads == 1 || wanted <= 1 {
        return pixels;
    }
    let tiles = pixels.div_ceil(isa.tile().1);
    tiles.div_ceil(wanted.min(tiles)) * isa.tile().1
}

fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Out {
    isa.run(kernel)
}

/// One task: all output channels of one group of one image, at some pixels.
struct Job<'a, F: Finish> {
    shape: &'a ConvShape,
    pixels: Pixels<'a>,
    packed: &'a [i32],
    weights: &'a PackedInt8Conv,
    starts: &'a [i32],
    finish: F,
    /// The group, counted through the images.
    matrix: usize,
    first: usize,
    out: TileMut<'a, F::Out>,
}

/// A [`Job`] with the length of its panel of pixels, in quads.
struct Sized<'a, F: Finish, const LEN: usize>(Job<'a, F>);

impl<F: Finish, const LEN: usize> Kernel for Sized<'_, F, LEN> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut panel = Aligned([0i32; LEN]);
        self.0.run(s, &mut panel.0);
    }
}

impl<F: Finish> Job<'_, F> {
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S, panel: &mut [i32]) {
        let (shape, group) = (self.shape, self.matrix % self.shape.groups);
        let quads = shape.kh * shape.kw * shape.c_group().div_ceil(4);
        let rows = Blocks::even(shape.oc_group(), S::TILE_ROWS);
        let widest = S::LANES * S::TILE_VECS;
        // Runs of pixels are copied by whole vectors, so the last may reach past its end.
        let room = panel.len() - MAX_LANES;
        let full = if quads * widest <= room { widest } else { S::LANES };
        let terms = Blocks::new(quads, room / full);
        let mut pixel_sums = [0i32; MAX_TILE[1]];
        let needs_sums = self.weights.zeros.iter().any(|&zero| zero != 0);
        let mut tile = Tile::new();
        for col in (0..self.out.cols()).step_by(full) {
            let valid = full.min(self.out.cols() - col);
            let width = valid.next_multiple_of(S::LANES);
            let span = self.pixels.span(self.first + col, valid);
            for rb in 0..rows.count {
                let r = rows.range(rb);
                let starts = &self.starts[group * shape.oc_group() + r.start..][..r.len()];
                for kb in 0..terms.count {
                    let k = terms.range(kb);
                    if rb == 0 || terms.count > 1 {
                        self.pixels.gather(s, self.matrix, &span, width, k.clone(), panel);
                        if needs_sums {
                            add_pixels(s, &panel[..k.len() * width], width, kb == 0, &mut pixel_sums);
                        }
                    }
                    let a = &self.packed[r.start * quads + k.start * r.len()..][..k.len() * r.len()];
                    let b = bytemuck::cast_slice(&panel[..k.len() * width]);
                    let start = if kb == 0 { Start::Rows(starts) } else { Start::Tile };
                    tile.dot::<S, true>(s, a, b, r.len(), width, start);
                }
                for (i, row) in r.clone().enumerate() {
                    let oc = group * shape.oc_group() + row;
                    let acc = tile.row(i, width);
                    if needs_sums {
                        let zero = self.weights.zero(oc);
                        for (acc, sum) in acc.iter_mut().zip(&pixel_sums) {
                            *acc = acc.wrapping_sub(zero.wrapping_mul(*sum));
                        }
                    }
                    let out = &mut self.out.row(row)[col..col + valid];
                    self.finish.store(s, acc, oc, self.first + col, out);
                }
            }
        }
    }
}

/// Adds up the bytes of each pixel of a panel.
#[inline(always)]
fn add_pixels<S: Simd>(s: S, panel: &[i32], width: usize, first: bool, sums: &mut [i32; MAX_TILE[1]]) {
    let ones = s.splat_i(0x0101_0101);
    for j in (0..width).step_by(S::LANES) {
        let mut sum = if first { s.splat_i(0) } else { s.load_i(&sums[j..]) };
        for row in panel.chunks_exact(width) {
            sum = s.dot4(sum, s.load_i(&row[j..]), ones);
        }
        s.store_i(sum, &mut sums[j..]);
    }
}

/// The definition: the reference.
pub fn conv2d_int8_reference(
    shape: &ConvShape,
    x: Int8<'_>,
    weights: Int8<'_>,
    zeros: Int8ConvZeros<'_>,
) -> Vec<i32> {
    let floats = |t: Int8<'_>, n: usize, zero: &dyn Fn(usize) -> i32| -> Vec<f32> {
        (0..n).map(|i| (t.at(i) - zero(i)) as f32).collect()
    };
    let image = floats(x, shape.n * shape.c * shape.h * shape.w, &|_| zeros.x);
    let per = |i: usize| zeros.weights[if zeros.weights.len() == 1 { 0 } else { i / shape.k() }];
    let filter = floats(weights, shape.weight_len(), &per);
    crate::conv::conv2d_reference_f64(shape, &image, &filter, None).into_iter().map(|x| x as i32).collect()
}
