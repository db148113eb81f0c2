//! Convolution of 8-bit images: signed weights by rows, unsigned pixels gathered four channels side by side.

use std::ops::Range;

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel};

use super::{Finish, Int8, MAX_TILE, MIN_TASK_WORK, Start, Tile};
use crate::arch::{Grid, Kernel, Simd, TileMut, for_each_tile_mut};
use crate::conv::{ConvEpilogue, ConvShape, PackedConv, conv2d_f32};
use crate::convert::dequantize_int8;
use crate::dispatch::{self, Isa};
use crate::matmul::{Blocks, Elements};
use crate::slice::Aligned;
use crate::slice::load_clipped;

/// Bytes of gathered pixels on the stack.
const PIXEL_BYTES: usize = 96 * 1024;

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
    /// Exact in `f32`, since sums of so few products of bytes stay below 2^24.
    Depthwise(PackedConv),
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
        let zero = |oc: usize| zeros[if zeros.len() == 1 { 0 } else { oc }];
        let terms = shape.k();
        if is_depthwise(shape) {
            let exact: Vec<f32> =
                (0..shape.weight_len()).map(|i| (weights.at(i) - zero(i / terms)) as f32).collect();
            let form = Form::Depthwise(PackedConv::pack_for(isa, Elements::F32(&exact), shape)?);
            return Ok(PackedInt8Conv { form, sums: Vec::new(), zeros: Vec::new(), isa });
        }
        let (taps, quads) = (shape.kh * shape.kw, shape.c_group().div_ceil(4));
        let row_len = taps * quads;
        let mut buf = AlignedBuf::zeroed(shape.oc.saturating_mul(row_len).saturating_mul(4))?;
        let out: &mut [i32] = bytemuck::cast_slice_mut(buf.as_mut_slice());
        let (bytes, (flip, shift)) = (weights.bytes(), weights.to_signed());
        let blocks = Blocks::even(shape.oc_group(), isa.tile().0);
        let mut sums = vec![0; shape.oc];
        for oc in 0..shape.oc {
            let (group, row) = (oc / shape.oc_group(), oc % shape.oc_group());
            let block = (0..blocks.count).map(|b| blocks.range(b)).find(|r| r.contains(&row)).unwrap_or(0..1);
            let base = (group * shape.oc_group() + block.start) * row_len;
            for tap in 0..taps {
                for q in 0..quads {
                    let mut four = [0; 4];
                    for (i, byte) in four.iter_mut().enumerate().take(shape.c_group() - 4 * q) {
                        *byte = bytes[oc * terms + (4 * q + i) * taps + tap] ^ flip;
                        sums[oc] += i32::from(*byte as i8);
                    }
                    out[base + (tap * quads + q) * block.len() + row - block.start] =
                        i32::from_le_bytes(four);
                }
            }
        }
        let zeros = zeros.iter().map(|z| z + shift).collect();
        Ok(PackedInt8Conv { form: Form::Product(buf), sums, zeros, isa })
    }

    /// The zero point of an output channel's weights.
    #[inline(always)]
    fn zero(&self, oc: usize) -> i32 {
        self.zeros[if self.zeros.len() == 1 { 0 } else { oc }]
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        match &self.form {
            Form::Product(buf) => buf.as_slice().len(),
            Form::Depthwise(packed) => packed.n_bytes(),
        }
    }
}

fn is_depthwise(shape: &ConvShape) -> bool {
    shape.c_group() == 1 && shape.oc_group() <= 2 && (2..=200).contains(&(shape.kh * shape.kw))
}

/// Numbers of scratch memory for [`conv2d_int8`].
pub fn conv2d_int8_scratch_len(shape: &ConvShape) -> usize {
    if is_depthwise(shape) { shape.n * shape.c * shape.h * shape.w + shape.out_len() } else { 0 }
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
    scratch: &mut [f32],
) {
    shape.check();
    let plane_len = shape.oh() * shape.ow();
    assert!(x.bytes().len() >= shape.n * shape.c * shape.h * shape.w, "input is shorter than its shape");
    assert!(out.len() >= shape.out_len(), "output is shorter than its shape");
    if shape.out_len() == 0 {
        return;
    }
    match &weights.form {
        Form::Depthwise(packed) => {
            let (image, sums) = scratch.split_at_mut(shape.n * shape.c * shape.h * shape.w);
            to_floats(pool, x, x_zero, image);
            let sums = &mut sums[..shape.out_len()];
            conv2d_f32(pool, shape, image, packed, &ConvEpilogue::default(), sums);
            let grid = Grid {
                n_matrices: 1,
                matrix_stride: 0,
                rows: shape.n * shape.oc,
                cols: plane_len,
                stride: plane_len,
                row_step: 8,
                col_step: plane_len,
            };
            let sums = &*sums;
            for_each_tile_mut(pool, out, grid, &|_, first, _, mut tile| {
                for i in 0..tile.rows() {
                    let sums = &sums[(first + i) * plane_len..][..plane_len];
                    run(
                        weights.isa,
                        FinishFloats { sums, oc: (first + i) % shape.oc, finish, out: tile.row(i) },
                    );
                }
            });
        }
        Form::Product(buf) => {
            assert_eq!(weights.sums.len(), shape.oc, "weights of another shape");
            let packed: &[i32] = bytemuck::cast_slice(buf.as_slice());
            let rows = shape.oc_group();
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
                let job = Job {
                    shape,
                    x,
                    x_zero,
                    packed: &packed[group * group_len..][..group_len],
                    weights,
                    finish,
                    image: i / shape.groups,
                    group,
                    first,
                    out: tile,
                };
                run(weights.isa, job);
            });
        }
    }
}

/// The image less its zero point, as numbers.
fn to_floats(pool: &dyn Parallel, x: Int8<'_>, zero: i32, out: &mut [f32]) {
    let n = out.len();
    match x {
        Int8::U8(x) => dequantize_int8(pool, &x[..n], 1.0, zero, out),
        Int8::I8(x) => dequantize_int8(pool, &x[..n], 1.0, zero, out),
    }
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

/// Finishes sums that were computed exactly in `f32`.
struct FinishFloats<'a, F: Finish> {
    sums: &'a [f32],
    oc: usize,
    finish: F,
    out: &'a mut [F::Out],
}

impl<F: Finish> Kernel for FinishFloats<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut ints = [0; 64];
        for (i, (sums, out)) in self.sums.chunks(64).zip(self.out.chunks_mut(64)).enumerate() {
            for j in (0..sums.len()).step_by(S::LANES) {
                s.store_i(s.to_int(load_clipped(s, &sums[j..])), &mut ints[j..]);
            }
            self.finish.store(s, &ints[..sums.len()], self.oc, i * 64, out);
        }
    }
}

/// One task: all output channels of one group of one image, at some pixels.
struct Job<'a, F: Finish> {
    shape: &'a ConvShape,
    x: Int8<'a>,
    x_zero: i32,
    packed: &'a [i32],
    weights: &'a PackedInt8Conv,
    finish: F,
    image: usize,
    group: usize,
    first: usize,
    out: TileMut<'a, F::Out>,
}

impl<F: Finish> Kernel for Job<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let shape = self.shape;
        let quads = shape.kh * shape.kw * shape.c_group().div_ceil(4);
        let rows = Blocks::even(shape.oc_group(), S::TILE_ROWS);
        let full = if quads * S::LANES * S::TILE_VECS * 4 <= PIXEL_BYTES {
            S::LANES * S::TILE_VECS
        } else {
            S::LANES
        };
        let terms = Blocks::new(quads, PIXEL_BYTES / (4 * full));
        let mut aligned = Aligned([0u8; PIXEL_BYTES]);
        let pixels = &mut aligned.0;
        let mut pixel_sums = [0i32; MAX_TILE[1]];
        let needs_sums = self.weights.zeros.iter().any(|&zero| zero != 0);
        let mut tile = Tile::new();
        let (flip, x_shift) = self.x.to_unsigned();
        let x_zero = self.x_zero + x_shift;
        let source = Source { shape, planes: self.planes(), flip, zero: x_zero as u8 };
        for col in (0..self.out.cols()).step_by(full) {
            let valid = full.min(self.out.cols() - col);
            let width = valid.next_multiple_of(S::LANES);
            for rb in 0..rows.count {
                let r = rows.range(rb);
                let mut row_terms = [0; MAX_TILE[0]];
                for (i, term) in row_terms[..r.len()].iter_mut().enumerate() {
                    // sum (x - a)(w - b) = sum x w - a sum w - b sum x + k a b
                    let oc = self.group * shape.oc_group() + r.start + i;
                    let zero = self.weights.zero(oc);
                    *term = (shape.k() as i32)
                        .wrapping_mul(zero)
                        .wrapping_sub(self.weights.sums[oc])
                        .wrapping_mul(x_zero);
                }
                for kb in 0..terms.count {
                    let k = terms.range(kb);
                    let panel = &mut pixels[..k.len() * width * 4];
                    if rb == 0 || terms.count > 1 {
                        source.gather(s, self.first + col, valid, width, k.clone(), panel);
                        if needs_sums {
                            add_pixels(s, panel, width, kb == 0, &mut pixel_sums);
                        }
                    }
                    let a = &self.packed[r.start * quads + k.start * r.len()..][..k.len() * r.len()];
                    let start = if kb == 0 { Start::Rows(&row_terms[..r.len()]) } else { Start::Tile };
                    tile.dot::<S, true>(s, a, panel, r.len(), width, start);
                }
                for (i, row) in r.clone().enumerate() {
                    let oc = self.group * shape.oc_group() + row;
                    let acc = tile.row(i, width);
                    if needs_sums {
                        let zero = self.weights.zero(oc);
                        for (acc, sum) in acc.iter_mut().zip(&pixel_sums) {
                            *acc = acc.wrapping_sub(zero.wrapping_mul(*sum));
                        }
                    }
                    self.finish.store(
                        s,
                        &acc[..valid],
                        oc,
                        self.first + col,
                        &mut self.out.row(row)[col..col + valid],
                    );
                }
            }
        }
    }
}

/// Adds up the bytes of each pixel of a panel.
#[inline(always)]
fn add_pixels<S: Simd>(s: S, panel: &[u8], width: usize, first: bool, sums: &mut [i32; MAX_TILE[1]]) {
    let ones = s.splat_i(0x0101_0101);
    for j in (0..width).step_by(S::LANES) {
        let mut sum = if first { s.splat_i(0) } else { s.load_i(&sums[j..]) };
        for row in panel.chunks_exact(width * 4) {
            sum = s.dot4(sum, s.load_bytes(&row[j * 4..]), ones);
        }
        s.store_i(sum, &mut sums[j..]);
    }
}

impl<'a, F: Finish> Job<'a, F> {
    /// `[c / groups, h, w]`
    fn planes(&self) -> &'a [u8] {
        let len = self.shape.c_group() * self.shape.h * self.shape.w;
        &self.x.bytes()[(self.image * self.shape.groups + self.group) * len..][..len]
    }
}

/// The pixels of one group of one image.
struct Source<'a> {
    shape: &'a ConvShape,
    planes: &'a [u8],
    /// What makes the bytes unsigned.
    flip: u8,
    /// What padding holds, unsigned.
    zero: u8,
}

impl Source<'_> {
    /// Gathers the quads `k` of pixels from `first` on: `[k, width]` of four bytes.
    #[inline(always)]
    fn gather<S: Simd>(
        &self,
        s: S,
        first: usize,
        valid: usize,
        width: usize,
        k: Range<usize>,
        out: &mut [u8],
    ) {
        let shape = self.shape;
        let (taps, quads) = (shape.kh * shape.kw, shape.c_group().div_ceil(4));
        let run = if taps == 1 && shape.strides == [1, 1] && shape.pads == [0; 4] {
            // Pixels of a pointwise convolution follow one another through the rows.
            Some(Run { at: 0, len: valid, left: 0, inside: valid, source: first })
        } else {
            None
        };
        for tap in k.start / quads..k.end.div_ceil(quads) {
            let q = k.start.max(tap * quads) - tap * quads..k.end.min((tap + 1) * quads) - tap * quads;
            let rows = &mut out[(tap * quads + q.start - k.start) * width * 4..];
            if let Some(run) = run {
                self.gather_run(s, run, width, q, rows);
                continue;
            }
            let mut done = 0;
            while done < valid {
                let run = self.run(first + done, valid - done, tap, done);
                self.gather_run(s, run, width, q.clone(), rows);
                done += run.len;
            }
        }
    }

    /// The pixels from `pixel` on that share an output row, at most `most`, under one filter element.
    #[inline(always)]
    fn run(&self, pixel: usize, most: usize, tap: usize, at: usize) -> Run {
        let shape = self.shape;
        let (ky, kx) = (tap / shape.kw * shape.dilations[0], tap % shape.kw * shape.dilations[1]);
        let (ow, step) = (shape.ow(), shape.strides[1]);
        let (oy, ox) = (pixel / ow, pixel % ow);
        let len = (ow - ox).min(most);
        let y = (oy * shape.strides[0] + ky).wrapping_sub(shape.pads[0]);
        if y >= shape.h {
            return Run { at, len, left: len, inside: len, source: 0 };
        }
        let x0 = ox * step + kx;
        let left = shape.pads[1].saturating_sub(x0).div_ceil(step).min(len);
        let inside = (shape.pads[1] + shape.w).saturating_sub(x0).div_ceil(step).clamp(left, len);
        let source = if inside > left { y * shape.w + x0 + left * step - shape.pads[1] } else { 0 };
        Run { at, len, left, inside, source }
    }

    /// The quads `q` of one run.
    #[inline(always)]
    fn gather_run<S: Simd>(&self, s: S, run: Run, width: usize, q: Range<usize>, rows: &mut [u8]) {
        let shape = self.shape;
        let (plane_len, step, n) = (shape.h * shape.w, shape.strides[1], run.inside - run.left);
        let none = [self.flip; MAX_TILE[1]];
        let mut lines = [[0u8; MAX_TILE[1]]; 4];
        for (q, row) in q.zip(rows.chunks_exact_mut(width * 4)) {
            let row = &mut row[run.at * 4..][..run.len * 4];
            let n_channels = (shape.c_group() - 4 * q).min(4);
            let pad = |row: &mut [u8]| {
                for four in row.chunks_exact_mut(4) {
                    for (i, byte) in four.iter_mut().enumerate() {
                        // Where there is no channel the pixel must be 0, for the sum of pixels.
                        *byte = if i < n_channels { self.zero } else { 0 };
                    }
                }
            };
            pad(&mut row[..run.left * 4]);
            pad(&mut row[run.inside * 4..]);
            let row = &mut row[run.left * 4..run.inside * 4];
            if n == 0 {
                continue;
            }
            let plane = |i: usize| &self.planes[(4 * q + i) * plane_len + run.source..][..(n - 1) * step + 1];
            if step == 1 {
                let line = |i: usize| if i < n_channels { plane(i) } else { &none[..n] };
                s.interleave4([line(0), line(1), line(2), line(3)], row);
            } else {
                for i in 0..4 {
                    let line = &mut lines[i][..n];
                    match i < n_channels {
                        true => line.iter_mut().zip(plane(i).iter().step_by(step)).for_each(|(x, &y)| *x = y),
                        false => line.fill(self.flip),
                    }
                }
                s.interleave4([&lines[0][..n], &lines[1][..n], &lines[2][..n], &lines[3][..n]], row);
            }
            if self.flip != 0 {
                row.iter_mut().for_each(|x| *x ^= self.flip);
            }
        }
    }
}

/// Neighbouring output pixels under one filter element.
#[derive(Clone, Copy)]
struct Run {
    /// Position in the gathered rows.
    at: usize,
    len: usize,
    /// Pixels `left..inside` of the run lie inside the image.
    left: usize,
    inside: usize,
    /// Index in the plane of the first of these.
    source: usize,
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
