//! Products of 8-bit integers, accumulated exactly in 32 bits: matrices here, convolutions in `conv`.
//!
//! An operand may be signed or unsigned and has a zero point. The instruction underneath multiplies unsigned by
//! signed bytes, so one operand is moved by 128 into the type it needs, and zero points are settled afterwards with
//! the sums of rows and columns. The results are the integers of the definition, on every instruction set.

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel, for_each_chunk_mut};

use crate::arch::{Grid, Kernel, RowsKernel, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, Isa};
use crate::matmul::Order;

mod binary;
mod conv;
mod depthwise;
mod finish;
mod pixels;

pub use binary::{Operand, add_int8, binary_int8_reference, multiply_int8};
pub use conv::{Int8ConvZeros, PackedInt8Conv, conv2d_int8, conv2d_int8_reference, conv2d_int8_scratch_len};
pub use finish::{Dequantize, Finish, QuantizedByte, Raw, Requantize, Scales};

/// Most rows and columns of a tile of any instruction set.
const MAX_TILE: [usize; 2] = [12, 32];
/// Multiplications below which a second thread costs more than it saves.
const MIN_TASK_WORK: usize = 1 << 20;

/// 8-bit numbers of either sign.
#[derive(Debug, Clone, Copy)]
pub enum Int8<'a> {
    /// Unsigned.
    U8(&'a [u8]),
    /// Signed.
    I8(&'a [i8]),
}

impl<'a> Int8<'a> {
    /// The bits.
    fn bytes(self) -> &'a [u8] {
        match self {
            Int8::U8(x) => x,
            Int8::I8(x) => bytemuck::cast_slice(x),
        }
    }

    /// What to flip in each byte, and to add to each value, to make it unsigned.
    fn to_unsigned(self) -> (u8, i32) {
        match self {
            Int8::U8(_) => (0, 0),
            Int8::I8(_) => (0x80, 128),
        }
    }

    /// What to flip in each byte, and to add to each value, to make it signed.
    fn to_signed(self) -> (u8, i32) {
        match self {
            Int8::U8(_) => (0x80, -128),
            Int8::I8(_) => (0, 0),
        }
    }

    /// One number.
    pub fn at(self, i: usize) -> i32 {
        match self {
            Int8::U8(x) => x[i].into(),
            Int8::I8(x) => x[i].into(),
        }
    }
}

/// A `[k, n]` operand of bytes in panels of columns, four `k` side by side, with the sums of its columns.
#[derive(Debug)]
pub struct PackedInt8B {
    buf: AlignedBuf,
    column_sums: Vec<i32>,
    k: usize,
    n: usize,
    shift: i32,
    isa: Isa,
}

impl PackedInt8B {
    /// Packs a row-major `[k, n]` operand, or the transpose of a row-major `[n, k]` one.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If `b` is shorter than its shape: a bug in the caller.
    pub fn pack(b: Int8<'_>, order: Order, k: usize, n: usize) -> Result<PackedInt8B, OutOfMemory> {
        PackedInt8B::pack_for(dispatch::isa(), b, order, k, n)
    }

    pub(crate) fn pack_for(
        isa: Isa,
        b: Int8<'_>,
        order: Order,
        k: usize,
        n: usize,
    ) -> Result<PackedInt8B, OutOfMemory> {
        let (lanes, (_, full)) = (isa.lanes(), isa.tile());
        let quads = k.div_ceil(4);
        let len = n.next_multiple_of(lanes).saturating_mul(quads).saturating_mul(4);
        let mut buf = AlignedBuf::zeroed(len)?;
        let mut column_sums = Vec::new();
        column_sums.try_reserve_exact(n).map_err(|_| OutOfMemory { requested_bytes: n.saturating_mul(4) })?;
        column_sums.resize(n, 0);
        let (bytes, (flip, shift)) = (b.bytes(), b.to_signed());
        assert!(bytes.len() >= k * n, "B is shorter than its shape");
        for col in (0..n).step_by(full) {
            let valid = full.min(n - col);
            let width = valid.next_multiple_of(lanes);
            let panel = &mut buf.as_mut_slice()[col * quads * 4..][..width * quads * 4];
            for kk in 0..k {
                for j in 0..valid {
                    let at = match order {
                        Order::Plain => kk * n + col + j,
                        Order::Transposed => (col + j) * k + kk,
                    };
                    let byte = bytes[at] ^ flip;
                    panel[(kk / 4 * width + j) * 4 + kk % 4] = byte;
                    column_sums[col + j] += i32::from(byte as i8);
                }
            }
        }
        Ok(PackedInt8B { buf, column_sums, k, n, shift, isa })
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.buf.as_slice().len() + self.column_sums.len() * 4
    }

    /// Rows of the operand.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns of the operand.
    pub fn n(&self) -> usize {
        self.n
    }
}

/// Numbers of scratch memory for [`matmul_int8`]: the packed left operand and the sums of its rows.
pub fn matmul_int8_scratch_len(m: usize, k: usize) -> usize {
    m * (k.div_ceil(4) + 1)
}

/// `C[i, j] = finish(sum over k of (a[i, k] - a_zero) (b[k, j] - b_zero[j]))`.
///
/// # Shapes
/// - `a`: `[m, b.k()]`
/// - `b_zero`: one number, or one per column
/// - `c`: `[m, b.n()]`
/// - `scratch`: [`matmul_int8_scratch_len`] numbers
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn matmul_int8<F: Finish>(
    pool: &dyn Parallel,
    a: Int8<'_>,
    a_zero: i32,
    b: &PackedInt8B,
    b_zero: &[i32],
    finish: F,
    c: &mut [F::Out],
    m: usize,
    scratch: &mut [i32],
) {
    let (k, n) = (b.k, b.n);
    assert!(a.bytes().len() >= m * k && c.len() >= m * n, "a matrix is shorter than its shape");
    assert!(b_zero.len() == 1 || b_zero.len() == n, "zero points are neither one nor one per column");
    if m == 0 || n == 0 {
        return;
    }
    let (tile_rows, tile_cols) = b.isa.tile();
    let (bytes, (flip, a_shift)) = (a.bytes(), a.to_unsigned());
    let (packed, sums) = scratch[..matmul_int8_scratch_len(m, k)].split_at_mut(m * k.div_ceil(4));
    pack_left(pool, &bytes[..m * k], flip, m, k, tile_rows, packed, sums);
    let zero = Zeros { a: a_zero + a_shift, b: b_zero, b_shift: b.shift };
    let (row_step, col_step) = split(pool.n_threads(), m, n, k, tile_rows, tile_cols);
    let grid = Grid { n_matrices: 1, matrix_stride: 0, rows: m, cols: n, stride: n, row_step, col_step };
    let left = Left { packed, sums };
    for_each_tile_mut(pool, c, grid, &|_, row, col, c| {
        multiply(b.isa, left, b, zero, finish, row, col, c);
    });
}

fn split(
    n_threads: usize,
    m: usize,
    n: usize,
    k: usize,
    tile_rows: usize,
    tile_cols: usize,
) -> (usize, usize) {
    let wanted = (n_threads * 4).min(m.saturating_mul(n).saturating_mul(k) / MIN_TASK_WORK);
    if n_threads == 1 || wanted <= 1 {
        return (m.next_multiple_of(tile_rows), n);
    }
    let (row_tiles, col_tiles) = (m.div_ceil(tile_rows), n.div_ceil(tile_cols));
    let col_parts = wanted.min(col_tiles);
    let row_parts = wanted.div_ceil(col_parts).min(row_tiles);
    (row_tiles.div_ceil(row_parts) * tile_rows, col_tiles.div_ceil(col_parts) * tile_cols)
}

#[derive(Clone, Copy)]
struct Left<'a> {
    /// Blocks of rows, `[k / 4, rows]` of four bytes.
    packed: &'a [i32],
    sums: &'a [i32],
}

#[derive(Clone, Copy)]
struct Zeros<'a> {
    a: i32,
    b: &'a [i32],
    b_shift: i32,
}

/// Packs the left operand in blocks of rows and adds up its rows.
fn pack_left(
    pool: &dyn Parallel,
    bytes: &[u8],
    flip: u8,
    m: usize,
    k: usize,
    tile_rows: usize,
    packed: &mut [i32],
    sums: &mut [i32],
) {
    if k == 0 {
        return sums.fill(0);
    }
    let quads = k.div_ceil(4);
    let flip4 = i32::from_ne_bytes([flip; 4]);
    // A missing byte must be 0 after the flip.
    let quad = |x: &[u8]| {
        let mut four = [flip; 4];
        four[..x.len()].copy_from_slice(x);
        i32::from_le_bytes(four) ^ flip4
    };
    for_each_chunk_mut(pool, packed, tile_rows * quads, &|block, out| {
        let n_rows = out.len() / quads;
        for i in 0..n_rows {
            let row = &bytes[(block * tile_rows + i) * k..][..k];
            let mut fours = row.chunks_exact(4);
            let mut at = i;
            for x in fours.by_ref() {
                out[at] = i32::from_le_bytes([x[0], x[1], x[2], x[3]]) ^ flip4;
                at += n_rows;
            }
            if !fours.remainder().is_empty() {
                out[at] = quad(fours.remainder());
            }
        }
    });
    for (sum, row) in sums[..m].iter_mut().zip(bytes.chunks_exact(k)) {
        *sum = row.iter().map(|&x| i32::from(x ^ flip)).sum();
    }
}

/// One task compiled for an instruction set (by hand, since it is generic over the finish too).
fn multiply<F: Finish>(
    isa: Isa,
    left: Left<'_>,
    b: &PackedInt8B,
    zero: Zeros<'_>,
    finish: F,
    row: usize,
    col: usize,
    c: TileMut<'_, F::Out>,
) {
    struct Call<'a, F: Finish>(Left<'a>, &'a PackedInt8B, Zeros<'a>, F, [usize; 2], TileMut<'a, F::Out>);
    impl<F: Finish> Kernel for Call<'_, F> {
        type Out = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Call(left, b, zero, finish, [row, col], c) = self;
            multiply_lanes(s, left, b, zero, finish, row, col, c);
        }
    }
    isa.run(Call(left, b, zero, finish, [row, col], c));
}

#[inline(always)]
fn multiply_lanes<S: Simd, F: Finish>(
    s: S,
    left: Left<'_>,
    b: &PackedInt8B,
    zero: Zeros<'_>,
    finish: F,
    row: usize,
    col: usize,
    mut c: TileMut<'_, F::Out>,
) {
    let (full, quads) = (S::LANES * S::TILE_VECS, b.k.div_ceil(4));
    let mut tile = Tile::new();
    let needs_sums = zero.b.iter().any(|z| z + zero.b_shift != 0);
    // Rows inside and columns outside: a panel of B stays near while the rows pass over it.
    for at in (0..c.cols()).step_by(full) {
        let valid = full.min(c.cols() - at);
        let width = full.min((b.n - col - at).next_multiple_of(S::LANES));
        let panel = &b.buf.as_slice()[(col + at) * quads * 4..][..width * quads * 4];
        let mut column_terms = [0; MAX_TILE[1]];
        let mut b_zeros = [0; MAX_TILE[1]];
        for j in 0..valid {
            let index = col + at + j;
            b_zeros[j] = if zero.b.len() == 1 { zero.b[0] } else { zero.b[index] } + zero.b_shift;
            column_terms[j] =
                (b.k as i32).wrapping_mul(b_zeros[j]).wrapping_sub(b.column_sums[index]).wrapping_mul(zero.a);
        }
        for r in (0..c.rows()).step_by(S::TILE_ROWS) {
            let n_rows = S::TILE_ROWS.min(c.rows() - r);
            let a = &left.packed[(row + r) * quads..][..n_rows * quads];
            tile.dot::<S, false>(s, a, panel, n_rows, width, Start::Columns(&column_terms));
            for i in 0..n_rows {
                let sum = left.sums[row + r + i];
                let acc = tile.row(i, width);
                if needs_sums {
                    for (acc, zero) in acc.iter_mut().zip(&b_zeros) {
                        *acc = acc.wrapping_sub(zero.wrapping_mul(sum));
                    }
                }
                let out = &mut c.row(r + i)[at..at + valid];
                finish.store(s, acc, row + r + i, col + at, out);
            }
        }
    }
}

/// The 32-bit sums of one tile, kept out of registers between product and finish.
pub(crate) struct Tile([i32; MAX_TILE[0] * MAX_TILE[1]]);

impl Tile {
    pub(crate) fn new() -> Tile {
        Tile([0; MAX_TILE[0] * MAX_TILE[1]])
    }

    #[inline(always)]
    pub(crate) fn row(&mut self, i: usize, width: usize) -> &mut [i32] {
        &mut self.0[i * width..][..width]
    }

    /// Multiplies packed rows `[k / 4, n_rows]` by a packed panel `[k / 4, width]`, adding to `start`.
    /// `SIGNED_ROWS` says which side is the signed one.
    #[inline(always)]
    pub(crate) fn dot<S: Simd, const SIGNED_ROWS: bool>(
        &mut self,
        s: S,
        rows: &[i32],
        panel: &[u8],
        n_rows: usize,
        width: usize,
        start: Start<'_>,
    ) {
        let out = &mut self.0[..];
        if width > S::LANES {
            s.with_rows(n_rows, Dot::<2, SIGNED_ROWS> { rows, panel, out, start });
        } else {
            s.with_rows(n_rows, Dot::<1, SIGNED_ROWS> { rows, panel, out, start });
        }
    }
}

/// What the sums of a tile start from.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    /// What the tile holds.
    Tile,
    /// One number per column.
    Columns(&'a [i32]),
    /// One number per row.
    Rows(&'a [i32]),
}

struct Dot<'a, const VECS: usize, const SIGNED_ROWS: bool> {
    rows: &'a [i32],
    panel: &'a [u8],
    out: &'a mut [i32],
    start: Start<'a>,
}

impl<const VECS: usize, const SIGNED_ROWS: bool> RowsKernel for Dot<'_, VECS, SIGNED_ROWS> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, s: S) {
        let mut acc = [[s.splat_i(0); VECS]; ROWS];
        for i in 0..ROWS {
            for j in 0..VECS {
                acc[i][j] = match self.start {
                    Start::Tile => s.load_i(&self.out[(i * VECS + j) * S::LANES..]),
                    Start::Columns(x) => s.load_i(&x[j * S::LANES..]),
                    Start::Rows(x) => s.splat_i(x[i]),
                };
            }
        }
        for (a, b) in self.rows.chunks_exact(ROWS).zip(self.panel.chunks_exact(VECS * S::LANES * 4)) {
            let mut bv = [s.splat_i(0); VECS];
            for j in 0..VECS {
                bv[j] = s.load_bytes(&b[j * S::LANES * 4..]);
            }
            for i in 0..ROWS {
                let av = s.splat_i(a[i]);
                for j in 0..VECS {
                    acc[i][j] =
                        if SIGNED_ROWS { s.dot4(acc[i][j], bv[j], av) } else { s.dot4(acc[i][j], av, bv[j]) };
                }
            }
        }
        for i in 0..ROWS {
            for j in 0..VECS {
                s.store_i(acc[i][j], &mut self.out[(i * VECS + j) * S::LANES..]);
            }
        }
    }
}

/// The product by definition: the reference.
pub fn matmul_int8_reference(
    a: Int8<'_>,
    a_zero: i32,
    b: Int8<'_>,
    b_zero: &[i32],
    shape: [usize; 3],
) -> Vec<i32> {
    let [m, k, n] = shape;
    let mut c = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let zero = b_zero[if b_zero.len() == 1 { 0 } else { j }];
            c.push((0..k).map(|kk| (a.at(i * k + kk) - a_zero) * (b.at(kk * n + j) - zero)).sum());
        }
    }
    c
}

#[cfg(test)]
mod tests;
