//! Pixels of an 8-bit image side by side for products: bytes of four channels together.
//!
//! The pixels of a pointwise convolution are read from the planes as they are. For others the image is first copied
//! into quads of channels, with its padding, and with the columns that a stride never brings together apart: then the
//! pixels under a filter element are runs of the copy.

use std::ops::Range;

use dunlin_sys::{Parallel, for_each_chunk_mut};

use super::MAX_TILE;
use crate::arch::{Kernel, MAX_LANES, Simd};
use crate::conv::ConvShape;
use crate::dispatch::Isa;

/// Quads that are worth a task.
const TASK_LEN: usize = 1 << 14;

/// Bytes of an image, and how to read them.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    /// `[n, c, h, w]`
    pub bytes: &'a [u8],
    /// What makes the bytes unsigned.
    pub flip: u8,
    /// What padding holds, unsigned.
    pub zero: i32,
}

impl Image<'_> {
    /// What padding holds, as the bytes are.
    #[inline(always)]
    pub fn padding(&self) -> u8 {
        self.zero as u8 ^ self.flip
    }
}

/// How a plane of quads lies: `[phases, rows, cols]`, with room behind each phase.
#[derive(Clone, Copy)]
struct Layout {
    /// Columns by their remainder when divided by the stride, as far as filters reach them.
    phases: usize,
    rows: usize,
    cols: usize,
    /// Rows of the padded image from one row here to the next.
    row_step: usize,
}

impl Layout {
    fn new(shape: &ConvShape) -> Layout {
        let extent = |out: usize, kernel: usize, stride: usize, dilation: usize| {
            out.saturating_sub(1).saturating_mul(stride) + kernel.saturating_sub(1) * dilation + 1
        };
        let [sy, sx] = shape.strides;
        let (rows, row_step) = match shape.kh {
            1 => (shape.oh(), sy),
            kh => (extent(shape.oh(), kh, sy, shape.dilations[0]), 1),
        };
        let (phases, cols) = match shape.kw {
            1 => (1, shape.ow()),
            kw => (sx, extent(shape.ow(), kw, sx, shape.dilations[1]).div_ceil(sx)),
        };
        Layout { phases, rows, cols, row_step }
    }

    fn phase_len(&self) -> usize {
        self.rows.saturating_mul(self.cols).saturating_add(MAX_LANES)
    }

    fn plane_len(&self) -> usize {
        self.phase_len().saturating_mul(self.phases)
    }
}

/// Whether pixels of the output are pixels of the input, in the same order.
fn is_pointwise(shape: &ConvShape) -> bool {
    shape.kh * shape.kw == 1 && shape.strides == [1, 1] && shape.pads == [0; 4]
}

/// Where the kernel gathers its pixels from.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    shape: &'a ConvShape,
    pub x: Image<'a>,
    /// Planes of quads; empty for pointwise convolution.
    quads: &'a [i32],
    layout: Layout,
}

impl<'a> Pixels<'a> {
    /// Quads of scratch memory for [`Pixels::new`].
    pub fn scratch_len(shape: &ConvShape) -> usize {
        if is_pointwise(shape) {
            return 0;
        }
        let planes = (shape.n * shape.groups).saturating_mul(shape.c_group().div_ceil(4));
        planes.saturating_mul(Layout::new(shape).plane_len())
    }

    /// Copies what needs copying.
    pub fn new(
        pool: &dyn Parallel,
        isa: Isa,
        shape: &'a ConvShape,
        x: Image<'a>,
        scratch: &'a mut [i32],
    ) -> Pixels<'a> {
        let layout = Layout::new(shape);
        let quads = &mut scratch[..Pixels::scratch_len(shape)];
        if !quads.is_empty() {
            let plane_len = layout.plane_len();
            let planes_per_task = (TASK_LEN / plane_len).max(1);
            for_each_chunk_mut(pool, quads, planes_per_task * plane_len, &|i, out| {
                isa.run(Copy { shape, x, layout, first: i * planes_per_task, out });
            });
        }
        Pixels { shape, x, quads, layout }
    }

    /// Where the output pixels from `first` on lie.
    #[inline(always)]
    pub fn span(&self, first: usize, len: usize) -> Span {
        let mut span = Span { first, len, runs: [Run::default(); MAX_TILE[1]], n_runs: 0 };
        if self.quads.is_empty() {
            return span;
        }
        let ow = self.shape.ow();
        let row_stride = if self.shape.kh == 1 { 1 } else { self.shape.strides[0] };
        let mut at = 0;
        while at < len {
            let (oy, ox) = ((first + at) / ow, (first + at) % ow);
            let run_len = (ow - ox).min(len - at);
            span.runs[span.n_runs] =
                Run { at, len: run_len, source: oy * row_stride * self.layout.cols + ox };
            span.n_runs += 1;
            at += run_len;
        }
        span
    }

    /// Gathers the quads `k` of the pixels of `span`: `[k, width]`. Up to a vector past them is overwritten.
    #[inline(always)]
    pub fn gather<S: Simd>(
        &self,
        s: S,
        matrix: usize,
        span: &Span,
        width: usize,
        k: Range<usize>,
        out: &mut [i32],
    ) {
        let shape = self.shape;
        let quads = shape.c_group().div_ceil(4);
        if self.quads.is_empty() {
            let plane_len = shape.h * shape.w;
            let planes = &self.x.bytes[matrix * shape.c_group() * plane_len..][..shape.c_group() * plane_len];
            for (q, row) in k.zip(out.chunks_exact_mut(width)) {
                interleave(s, planes, plane_len, 4 * q, span.first, self.x.flip, &mut row[..span.len]);
            }
            return;
        }
        let plane_len = self.layout.plane_len();
        for (i, k) in k.enumerate() {
            let (tap, q) = (k / quads, k % quads);
            let (ky, kx) = (tap / shape.kw * shape.dilations[0], tap % shape.kw * shape.dilations[1]);
            let phase = kx % shape.strides[1] * self.layout.phase_len();
            let start = phase + ky * self.layout.cols + kx / shape.strides[1];
            let plane = &self.quads[(matrix * quads + q) * plane_len..][..plane_len];
            let source = &plane[start..];
            let row = &mut out[i * width..];
            for run in &span.runs[..span.n_runs] {
                for j in (0..run.len).step_by(S::LANES) {
                    s.store_i(s.load_i(&source[run.source + j..]), &mut row[run.at + j..]);
                }
            }
        }
    }
}

/// Neighbouring output pixels, as runs within rows.
pub(super) struct Span {
    first: usize,
    len: usize,
    runs: [Run; MAX_TILE[1]],
    n_runs: usize,
}

#[derive(Clone, Copy, Default)]
struct Run {
    /// Position in the gathered rows.
    at: usize,
    len: usize,
    /// Position in a plane of quads, for the first filter element.
    source: usize,
}

/// Puts four channels from `channel` on of the pixels from `first` on side by side, unsigned; missing channels are 0.
#[inline(always)]
fn interleave<S: Simd>(
    s: S,
    planes: &[u8],
    plane_len: usize,
    channel: usize,
    first: usize,
    flip: u8,
    out: &mut [i32],
) {
    let n = out.len();
    let n_channels = (planes.len() / plane_len - channel).min(4);
    let line = |i: usize| &planes[(channel + i.min(n_channels - 1)) * plane_len + first..][..n];
    s.interleave4([line(0), line(1), line(2), line(3)], bytemuck::cast_slice_mut(out));
    let (mask, flip) = quad_masks(n_channels, flip);
    if n_channels < 4 || flip != 0 {
        out.iter_mut().for_each(|quad| *quad = (*quad & mask) ^ flip);
    }
}

/// The bits of the channels that exist, and what to flip in them.
#[inline(always)]
fn quad_masks(n_channels: usize, flip: u8) -> (i32, i32) {
    let bytes = |x: u8| i32::from_le_bytes(std::array::from_fn(|i| if i < n_channels { x } else { 0 }));
    (bytes(0xff), bytes(flip))
}

/// Copies planes into quads.
struct Copy<'a> {
    shape: &'a ConvShape,
    x: Image<'a>,
    layout: Layout,
    first: usize,
    out: &'a mut [i32],
}

impl Kernel for Copy<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (shape, layout) = (self.shape, self.layout);
        let (quads, in_len) = (shape.c_group().div_ceil(4), shape.h * shape.w);
        for (i, plane) in self.out.chunks_exact_mut(layout.plane_len()).enumerate() {
            let (matrix, q) = ((self.first + i) / quads, (self.first + i) % quads);
            let planes = &self.x.bytes[matrix * shape.c_group() * in_len..][..shape.c_group() * in_len];
            let n_channels = (shape.c_group() - 4 * q).min(4);
            let padding = quad_masks(n_channels, self.x.zero as u8).1;
            // Pixels of the padded rows that have a place, and which of them lie in the image.
            let extent = layout.cols * shape.strides[1];
            let left = shape.pads[1].min(extent);
            let inside = shape.w.min(extent - left);
            for row in 0..layout.rows {
                let y = (row * layout.row_step).wrapping_sub(shape.pads[0]);
                let places = Places { layout, row, step: shape.strides[1] };
                if y >= shape.h {
                    places.fill(plane, 0, extent, padding);
                    continue;
                }
                let first = y * shape.w;
                if shape.strides[1] == 1 {
                    let line = &mut plane[row * layout.cols..][..layout.cols];
                    line[..left].fill(padding);
                    interleave(s, planes, in_len, 4 * q, first, self.x.flip, &mut line[left..left + inside]);
                    line[left + inside..].fill(padding);
                    continue;
                }
                let mut piece = [0; PIECE_LEN + 2 * MAX_LANES];
                // Vectors reach past their ends, over what is written later.
                places.fill(plane, 0, left, padding);
                for at in (0..inside).step_by(PIECE_LEN) {
                    let n = PIECE_LEN.min(inside - at);
                    interleave(s, planes, in_len, 4 * q, first + at, self.x.flip, &mut piece[..n]);
                    places.spread(s, plane, left + at, n, &piece);
                }
                places.fill(plane, left + inside, extent, padding);
            }
        }
    }
}

/// Pixels that are interleaved before they are spread over the phases.
const PIECE_LEN: usize = 128;

/// The places of one row's pixels.
struct Places {
    layout: Layout,
    row: usize,
    step: usize,
}

impl Places {
    #[inline(always)]
    fn at(&self, phase: usize, col: usize) -> usize {
        phase * self.layout.phase_len() + self.row * self.layout.cols + col
    }

    /// Writes `x` to the pixels `start..end`.
    #[inline(always)]
    fn fill(&self, plane: &mut [i32], start: usize, end: usize, x: i32) {
        for phase in 0..self.layout.phases {
            let col = |pixel: usize| (pixel + self.step - 1 - phase) / self.step;
            plane[self.at(phase, col(start))..self.at(phase, col(end))].fill(x);
        }
    }

    /// Writes the first `n` of `pixels` to the pixels from `start` on, and up to a vector of later places.
    #[inline(always)]
    fn spread<S: Simd>(&self, s: S, plane: &mut [i32], start: usize, n: usize, pixels: &[i32]) {
        let (step, phases) = (self.step, self.layout.phases);
        let first_phase = start % step;
        if step == 2 {
            let phase_at = |odd: usize| ((start + odd) % 2, self.at((start + odd) % 2, (start + odd) / 2));
            let (even, odd) = (phase_at(0), phase_at(1));
            for i in (0..n).step_by(2 * S::LANES) {
                let a = s.from_bits(s.load_i(&pixels[i..]));
                let b = s.from_bits(s.load_i(&pixels[i + S::LANES..]));
                let (a, b) = s.deinterleave(a, b);
                for ((phase, at), v) in [(even, a), (odd, b)] {
                    if phase < phases {
                        s.store_i(s.to_bits(v), &mut plane[at + i / 2..]);
                    }
                }
            }
            return;
        }
        for i in 0..step.min(n) {
            let (phase, col) = ((first_phase + i) % step, (start + i) / step);
            if phase < phases {
                let places = &mut plane[self.at(phase, col)..];
                places.iter_mut().zip(pixels[i..n].iter().step_by(step)).for_each(|(place, &x)| *place = x);
            }
        }
    }
}
