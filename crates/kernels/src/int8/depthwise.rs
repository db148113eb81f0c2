//! Convolution of an 8-bit plane by its own filter.
//!
//! For every input row and every four neighbouring filter columns, the four bytes under them are first put side by side
//! for each output column; the sums of an output are then dot products down those rows, each used by several outputs.

use dunlin_sys::{AlignedBuf, OutOfMemory};

use super::pixels::Image;
use super::{Finish, PackedInt8Conv};
use crate::arch::{Kernel, MAX_LANES, Simd, TileMut};
use crate::conv::ConvShape;
use crate::slice::Aligned;

/// Windows on the stack.
const WINDOWS_LEN: usize = 8 * 1024;
/// Most output columns at a time.
const MAX_COLS: usize = 1024;
/// Sums that wait for their finish.
const SUMS_LEN: usize = 256;
/// Most elements of a filter.
pub(super) const MAX_TAPS: usize = 200;

/// Filters as `[oc, kh, kw / 4]` of four bytes, and their sums.
pub(super) fn pack(
    bytes: &[u8],
    flip: u8,
    shape: &ConvShape,
    sums: &mut [i32],
) -> Result<AlignedBuf, OutOfMemory> {
    let quads = shape.kw.div_ceil(4);
    let mut buf = AlignedBuf::zeroed(shape.oc.saturating_mul(4 * shape.kh * quads))?;
    let rows = buf.as_mut_slice().chunks_exact_mut(4 * quads);
    for (i, (row, source)) in rows.zip(bytes[..shape.weight_len()].chunks_exact(shape.kw)).enumerate() {
        for (byte, &x) in row.iter_mut().zip(source) {
            *byte = x ^ flip;
            sums[i / shape.kh] += i32::from(*byte as i8);
        }
    }
    Ok(buf)
}

/// One task: some output planes.
pub(super) struct Planes<'a, F: Finish> {
    pub shape: &'a ConvShape,
    /// All images.
    pub x: Image<'a>,
    /// All filters.
    pub filters: &'a [i32],
    pub weights: &'a PackedInt8Conv,
    /// What the sums of each output channel start from.
    pub starts: &'a [i32],
    pub finish: F,
    /// The first plane, counted through the images.
    pub first: usize,
    /// A plane a row.
    pub out: TileMut<'a, F::Out>,
}

impl<F: Finish> Kernel for Planes<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let shape = self.shape;
        let (oh, ow) = (shape.oh(), shape.ow());
        let (in_len, filter_len) = (shape.h * shape.w, self.filters.len() / shape.oc);
        let (rows, cols) = block_size(shape, oh, ow);
        let mut space = Space {
            windows: Aligned([0; WINDOWS_LEN]),
            sums: Aligned([0; SUMS_LEN]),
            offsets: [0; MAX_TAPS],
        };
        for i in 0..self.out.rows() {
            let (image, oc) = ((self.first + i) / shape.oc, (self.first + i) % shape.oc);
            let source = image * shape.c + oc / shape.oc_group();
            let mut plane = Plane {
                shape,
                x: Image { bytes: &self.x.bytes[source * in_len..][..in_len], ..self.x },
                filter: &self.filters[oc * filter_len..][..filter_len],
                start: self.starts[oc],
                weight_zero: self.weights.zero(oc),
                finish: self.finish,
                oc,
                out: self.out.row(i),
            };
            for y in (0..oh).step_by(rows) {
                let rows = rows.min(oh - y);
                for x in (0..ow).step_by(cols) {
                    let block = Block::new(shape, [y, x], rows, cols.min(ow - x));
                    plane.block(s, &block, &mut space);
                }
            }
        }
    }
}

/// Memory on the stack.
struct Space {
    windows: Aligned<[i32; WINDOWS_LEN]>,
    sums: Aligned<[i32; SUMS_LEN]>,
    /// Where the windows of each four elements of the filter begin.
    offsets: [usize; MAX_TAPS],
}

/// One output plane.
struct Plane<'a, F: Finish> {
    shape: &'a ConvShape,
    /// The input plane.
    x: Image<'a>,
    filter: &'a [i32],
    /// What each sum starts from.
    start: i32,
    weight_zero: i32,
    finish: F,
    oc: usize,
    out: &'a mut [F::Out],
}

impl<F: Finish> Plane<'_, F> {
    #[inline(always)]
    fn block<S: Simd>(&mut self, s: S, block: &Block, space: &mut Space) {
        let windows = &mut space.windows.0[..];
        for i in 0..block.n_filled {
            let y = self.shape.strides[0] * block.first[0] + i * block.fill_step;
            for q in 0..block.quads {
                let row = &mut windows[block.row(q, i)..][..block.cols + MAX_LANES];
                self.fill(s, y.wrapping_sub(self.shape.pads[0]), block, q, row);
            }
        }
        // Outputs that follow one another read windows that do.
        let n = block.rows * block.cols;
        let (quads, n_terms) = (block.quads, self.filter.len());
        let offsets = &mut space.offsets[..n_terms];
        for (ky, offsets) in offsets.chunks_exact_mut(quads).enumerate() {
            for (q, offset) in offsets.iter_mut().enumerate() {
                *offset = block.row(q, ky * block.dilation);
            }
        }
        let last = last_ones(self.shape.kw);
        for at in (0..n).step_by(SUMS_LEN) {
            let len = SUMS_LEN.min(n - at);
            let sums = &mut space.sums.0[..len.next_multiple_of(S::LANES)];
            let windows = &windows[at..];
            match n_terms {
                3 => self.sums::<S, 3>(s, windows, offsets, sums),
                _ => self.sums_of_any(s, windows, offsets, sums),
            }
            if self.weight_zero != 0 {
                self.subtract_pixels(s, windows, offsets, quads, last, sums);
            }
            let place = block.first[0] * self.shape.ow() + block.first[1] + at;
            self.finish.store(s, sums, self.oc, place, &mut self.out[place..place + len]);
        }
    }

    /// The sums of as many terms as are worth keeping in registers.
    #[inline(always)]
    fn sums<S: Simd, const N: usize>(&self, s: S, windows: &[i32], offsets: &[usize], sums: &mut [i32]) {
        let mut weights = [s.splat_i(0); N];
        let mut rows = [windows; N];
        for i in 0..N {
            weights[i] = s.splat_i(self.filter[i]);
            rows[i] = &windows[offsets[i]..][..sums.len()];
        }
        let start = s.splat_i(self.start);
        for i in (0..sums.len()).step_by(S::LANES) {
            let mut sum = start;
            for j in 0..N {
                sum = s.dot4(sum, s.load_i(&rows[j][i..]), weights[j]);
            }
            s.store_i(sum, &mut sums[i..]);
        }
    }

    #[inline(always)]
    fn sums_of_any<S: Simd>(&self, s: S, windows: &[i32], offsets: &[usize], sums: &mut [i32]) {
        for i in (0..sums.len()).step_by(S::LANES) {
            let mut sum = s.splat_i(self.start);
            for (&offset, &weights) in offsets.iter().zip(self.filter) {
                sum = s.dot4(sum, s.load_i(&windows[offset + i..]), s.splat_i(weights));
            }
            s.store_i(sum, &mut sums[i..]);
        }
    }

    /// Subtracts the weights' zero point as often as there are pixels under the filter.
    #[inline(always)]
    fn subtract_pixels<S: Simd>(
        &self,
        s: S,
        windows: &[i32],
        offsets: &[usize],
        quads: usize,
        last_ones: i32,
        sums: &mut [i32],
    ) {
        let zero = s.splat_i(self.weight_zero);
        for i in (0..sums.len()).step_by(S::LANES) {
            let mut pixels = s.splat_i(0);
            for (j, &offset) in offsets.iter().enumerate() {
                let ones = if j % quads + 1 == quads { last_ones } else { 0x0101_0101 };
                pixels = s.dot4(pixels, s.load_i(&windows[offset + i..]), s.splat_i(ones));
            }
            let sum = s.sub_i(s.load_i(&sums[i..]), s.mul_i(pixels, zero));
            s.store_i(sum, &mut sums[i..]);
        }
    }

    /// The windows of the filter columns from `4 q` on in row `y` of the plane; up to a vector past `out`'s columns.
    #[inline(always)]
    fn fill<S: Simd>(&self, s: S, y: usize, block: &Block, q: usize, out: &mut [i32]) {
        let shape = self.shape;
        let (step, dilation) = (shape.strides[1], shape.dilations[1]);
        let flip = i32::from_ne_bytes([self.x.flip; 4]);
        if y >= shape.h {
            out[..block.cols].fill(i32::from_ne_bytes([self.x.zero as u8; 4]));
            return;
        }
        let source = &self.x.bytes[y * shape.w..][..shape.w];
        // The first pixel under the first window, in the padded row.
        let first = block.first[1] * step + 4 * q * dilation;
        if step > 2 || dilation > 1 {
            for (i, window) in out[..block.cols].iter_mut().enumerate() {
                let pixel = |j: usize| (first + i * step + j * dilation).wrapping_sub(shape.pads[1]);
                let byte = |j: usize| source.get(pixel(j)).copied().unwrap_or(self.x.padding());
                *window = i32::from_le_bytes(std::array::from_fn(byte)) ^ flip;
            }
            return;
        }
        let (flip, padding) = (s.splat_i(flip), self.x.padding());
        for i in (0..block.cols).step_by(S::LANES) {
            let at = (first + i * step) as isize - shape.pads[1] as isize;
            let window = match step {
                1 => s.windows::<1>(source, at, padding),
                _ => s.windows::<2>(source, at, padding),
            };
            s.store_i(s.xor_i(window, flip), &mut out[i..]);
        }
    }
}

/// Ones for the filter columns of the last four that exist.
fn last_ones(kw: usize) -> i32 {
    let n = kw - (kw - 1) / 4 * 4;
    i32::from_le_bytes(std::array::from_fn(|i| u8::from(i < n)))
}

/// Rows and columns of outputs whose windows fit: whole rows if possible, else parts of one.
fn block_size(shape: &ConvShape, oh: usize, ow: usize) -> (usize, usize) {
    let (quads, step) = (shape.kw.div_ceil(4), shape.strides[0]);
    let fits = |rows: usize| ow <= MAX_COLS && Block::new(shape, [0, 0], rows, ow).len() <= WINDOWS_LEN;
    let few = 2.min(oh);
    if fits(few) {
        // What one more row of outputs adds.
        let per_row = quads * step * ow;
        let room = WINDOWS_LEN - Block::new(shape, [0, 0], few, ow).len();
        let rows = (few + room / per_row).min(oh);
        // Rows far apart share no windows unless there are many.
        if Block::new(shape, [0, 0], rows, ow).n_filled <= rows * shape.kh {
            return (rows, ow);
        }
    }
    let cols = (WINDOWS_LEN / quads - MAX_LANES) / shape.kh;
    (1, cols.min(MAX_COLS).min(ow))
}

/// Outputs that are computed together, and where their windows lie: `[quads, phases, rows, cols]`, where the rows that
/// a stride never brings together are apart.
struct Block {
    first: [usize; 2],
    rows: usize,
    cols: usize,
    quads: usize,
    /// Input rows whose windows are filled.
    n_filled: usize,
    /// From one phase to the next.
    phase_len: usize,
    /// Input rows from one filled row to the next.
    fill_step: usize,
    /// Filled rows from one output row to the next.
    stride: usize,
    /// Filled rows from one filter row to the next.
    dilation: usize,
}

impl Block {
    #[inline(always)]
    fn new(shape: &ConvShape, first: [usize; 2], rows: usize, cols: usize) -> Block {
        // One row of outputs needs only the rows under the filter.
        let (fill_step, stride, dilation) =
            if rows == 1 { (shape.dilations[0], 1, 1) } else { (1, shape.strides[0], shape.dilations[0]) };
        let quads = shape.kw.div_ceil(4);
        let n_filled = (rows - 1) * stride + (shape.kh - 1) * dilation + 1;
        let phase_len = (1 + split(n_filled - 1, stride).0) * cols + MAX_LANES;
        Block { first, rows, cols, quads, n_filled, phase_len, fill_step, stride, dilation }
    }

    /// All windows.
    fn len(&self) -> usize {
        self.quads.saturating_mul(self.stride).saturating_mul(self.phase_len)
    }

    /// Where the windows of filled row `i` begin.
    #[inline(always)]
    fn row(&self, q: usize, i: usize) -> usize {
        let (row, phase) = split(i, self.stride);
        (q * self.stride + phase) * self.phase_len + row * self.cols
    }
}

/// `i / stride` and `i % stride`, without a division for the usual strides.
#[inline(always)]
fn split(i: usize, stride: usize) -> (usize, usize) {
    match stride {
        1 => (i, 0),
        2 => (i / 2, i % 2),
        _ => (i / stride, i % stride),
    }
}
