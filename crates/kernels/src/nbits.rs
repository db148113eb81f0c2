//! Products with weights of 2, 4 or 8 bits that are scaled block by block along `k`.
//!
//! A few rows at a time read the codes directly; more rows share a block of weights expanded into local memory.

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel};

use crate::arch::{Grid, RowsKernel, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, Isa, vectorized};
use crate::matmul::{
    Blocks, Elements, Epilogue, Left, MAX_K_BLOCK, MAX_TILE_ROWS, Micro, Pass, Place, check_bias,
    finish_tile, pack_rows, split,
};
use crate::slice::Aligned;

/// Most rows that read the codes directly.
const MAX_DIRECT_ROWS: usize = 4;
/// Expanded weights on the stack, in elements.
const EXPANDED_LEN: usize = 24 * 1024;

/// The sizes of block-quantised weights for a `[k, n]` operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NBitsShape {
    /// Rows of the operand.
    pub k: usize,
    /// Columns of the operand.
    pub n: usize,
    /// Bits of a weight: 2, 4 or 8.
    pub bits: usize,
    /// Weights along `k` that share a scale: a multiple of 4.
    pub block: usize,
}

impl NBitsShape {
    /// Blocks along `k`.
    pub fn n_blocks(&self) -> usize {
        self.k.div_ceil(self.block)
    }

    /// Bytes of a column's codes: whole blocks.
    fn column_bytes(&self) -> usize {
        self.n_blocks() * self.block * self.bits / 8
    }

    /// Bytes of a column's zero points, where they are packed like codes.
    fn zero_bytes(&self) -> usize {
        (self.n_blocks() * self.bits).div_ceil(8)
    }
}

/// The codes that stand for zero.
#[derive(Debug, Clone, Copy)]
pub enum ZeroPoints<'a> {
    /// The middle: 2, 8 or 128.
    Middle,
    /// `[n, n_blocks]` packed like the codes, each column to whole bytes, low bits first.
    Packed(&'a [u8]),
    /// `[n, n_blocks]` numbers, subtracted from the codes.
    Numbers(Elements<'a>),
}

/// Block-quantised weights in panels of columns.
#[derive(Debug)]
pub struct PackedNBits {
    /// Per panel and `k`, one byte per column (8 bits), or per pair of columns half a panel apart (4 bits and 2).
    codes: AlignedBuf,
    /// Per panel and block, one scale per column and then one zero point times scale, negated, per column.
    factors: AlignedBuf,
    shape: NBitsShape,
    isa: Isa,
}

impl PackedNBits {
    /// Packs codes of `[n, n_blocks, block * bits / 8]` bytes, low bits first, and scales of `[n, n_blocks]`.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If `bits` is not 2, 4 or 8, `block` is not a multiple of 4, or a slice is shorter than its shape: bugs in
    /// the caller.
    pub fn pack(
        codes: &[u8],
        scales: Elements<'_>,
        zeros: ZeroPoints<'_>,
        shape: NBitsShape,
    ) -> Result<PackedNBits, OutOfMemory> {
        PackedNBits::pack_for(dispatch::isa(), codes, scales, zeros, shape)
    }

    pub(crate) fn pack_for(
        isa: Isa,
        codes: &[u8],
        scales: Elements<'_>,
        zeros: ZeroPoints<'_>,
        shape: NBitsShape,
    ) -> Result<PackedNBits, OutOfMemory> {
        assert!(matches!(shape.bits, 2 | 4 | 8), "weights of {} bits", shape.bits);
        assert!(shape.block > 0 && shape.block.is_multiple_of(4), "blocks of {} weights", shape.block);
        assert!(codes.len() >= shape.n * shape.column_bytes(), "codes are shorter than their shape");
        let full = isa.tile().1;
        let (half, n_panels) = (full / 2, shape.n.div_ceil(full));
        let row_bytes = if shape.bits == 8 { full } else { half };
        let mut packed = AlignedBuf::zeroed(n_panels.saturating_mul(shape.k).saturating_mul(row_bytes))?;
        let mut factors =
            AlignedBuf::zeroed(n_panels.saturating_mul(shape.n_blocks()).saturating_mul(8 * full))?;
        let factor: &mut [f32] = bytemuck::cast_slice_mut(factors.as_mut_slice());
        for column in 0..shape.n {
            let (panel, j) = (column / full, column % full);
            let source = &codes[column * shape.column_bytes()..][..shape.column_bytes()];
            let panel_codes =
                &mut packed.as_mut_slice()[panel * shape.k * row_bytes..][..shape.k * row_bytes];
            for (k, row) in panel_codes.chunks_exact_mut(row_bytes).enumerate() {
                let code = code_at(source, k, shape.bits);
                if shape.bits == 8 {
                    row[j] = code;
                } else {
                    row[j % half] |= code << (j / half * 4);
                }
            }
            for block in 0..shape.n_blocks() {
                let index = column * shape.n_blocks() + block;
                let scale = scales.at(index);
                let zero = match zeros {
                    ZeroPoints::Middle => (1 << (shape.bits - 1)) as f32,
                    ZeroPoints::Packed(x) => {
                        let column = &x[column * shape.zero_bytes()..][..shape.zero_bytes()];
                        f32::from(code_at(column, block, shape.bits))
                    }
                    ZeroPoints::Numbers(x) => x.at(index),
                };
                let at = (panel * shape.n_blocks() + block) * 2 * full + j;
                factor[at] = scale;
                factor[at + full] = -zero * scale;
            }
        }
        Ok(PackedNBits { codes: packed, factors, shape, isa })
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.codes.as_slice().len() + self.factors.as_slice().len()
    }

    /// The sizes.
    pub fn shape(&self) -> NBitsShape {
        self.shape
    }
}

fn code_at(bytes: &[u8], i: usize, bits: usize) -> u8 {
    match bits {
        8 => bytes[i],
        4 => (bytes[i / 2] >> (i % 2 * 4)) & 15,
        _ => (bytes[i / 4] >> (i % 4 * 2)) & 3,
    }
}

/// `C = epilogue(A B)` for a row-major `A` of `[m, k]` and weights `B = (code - zero) * scale`.
///
/// # Numerics
/// All in `f32`. Up to four rows add up codes first and scale once a block; more rows multiply by expanded weights.
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn matmul_nbits_f32(
    pool: &dyn Parallel,
    a: &[f32],
    a_stride: usize,
    b: &PackedNBits,
    c: &mut [f32],
    c_stride: usize,
    m: usize,
    epilogue: &Epilogue<'_>,
) {
    let NBitsShape { k, n, .. } = b.shape;
    if m == 0 || n == 0 {
        return;
    }
    check_bias(epilogue.bias, m, n);
    assert!(a.len() >= (m - 1) * a_stride + k, "A is shorter than its shape");
    // Rows are never divided where that would expand the same weights twice.
    let (_, col_step) = split(b.isa, pool.n_threads(), 1, m.min(n), n, k);
    let grid =
        Grid { n_matrices: 1, matrix_stride: 0, rows: m, cols: n, stride: c_stride, row_step: m, col_step };
    for_each_tile_mut(pool, c, grid, &|_, row, col, c| {
        let place = Place { row, col, index: col, stride: c_stride };
        multiply(b.isa, Left { data: a, stride: a_stride }, b, c, place, epilogue);
    });
}

vectorized! {
    fn multiply<'a>(a: Left<'a>, b: &'a PackedNBits, c: TileMut<'a, f32>, place: Place, epilogue: &'a Epilogue<'a>) = multiply_lanes;
}

#[inline(always)]
fn multiply_lanes<S: Simd>(
    s: S,
    a: Left<'_>,
    b: &PackedNBits,
    mut c: TileMut<'_, f32>,
    place: Place,
    epilogue: &Epilogue<'_>,
) {
    let full = S::LANES * S::TILE_VECS;
    if c.rows() > MAX_DIRECT_ROWS {
        return multiply_expanded(s, a, b, c, place, epilogue);
    }
    for col in (0..c.cols()).step_by(full) {
        let n_rows = c.rows();
        let tile = c.sub(0..n_rows, col..(col + full).min(c.cols()));
        let panel = Panel::of(s, b, place.col + col);
        s.with_rows(n_rows, Direct { a, panel, c: tile, place: place.at(0, col), epilogue });
    }
}

/// One panel of packed weights.
#[derive(Clone, Copy)]
struct Panel<'a> {
    codes: &'a [u8],
    factors: &'a [f32],
    shape: NBitsShape,
}

impl<'a> Panel<'a> {
    #[inline(always)]
    fn of<S: Simd>(_: S, b: &'a PackedNBits, col: usize) -> Panel<'a> {
        let full = S::LANES * S::TILE_VECS;
        let panel = col / full;
        let code_len = b.shape.k * if b.shape.bits == 8 { full } else { full / 2 };
        let factor_len = b.shape.n_blocks() * 2 * full;
        let factors: &[f32] = bytemuck::cast_slice(b.factors.as_slice());
        Panel {
            codes: &b.codes.as_slice()[panel * code_len..][..code_len],
            factors: &factors[panel * factor_len..][..factor_len],
            shape: b.shape,
        }
    }

    /// Scales and shifts of a block's columns.
    #[inline(always)]
    fn factors<S: Simd>(&self, s: S, block: usize) -> ([S::F; 2], [S::F; 2]) {
        let f = &self.factors[block * 4 * S::LANES..][..4 * S::LANES];
        let at = |i: usize| s.load(&f[i * S::LANES..]);
        ([at(0), at(1)], [at(2), at(3)])
    }
}

/// The codes of one `k`, as numbers.
#[inline(always)]
fn expand<S: Simd, const WIDE: bool>(s: S, row: &[u8]) -> [S::F; 2] {
    if WIDE {
        [s.from_int(s.load_u8(row)), s.from_int(s.load_u8(&row[S::LANES..]))]
    } else {
        let pair = s.load_u8(row);
        [s.nibble(pair), s.nibble(s.shr_u::<4>(pair))]
    }
}

/// A few rows times a panel, straight from the codes.
struct Direct<'a> {
    a: Left<'a>,
    panel: Panel<'a>,
    c: TileMut<'a, f32>,
    place: Place,
    epilogue: &'a Epilogue<'a>,
}

impl RowsKernel for Direct<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, s: S) {
        if ROWS > MAX_DIRECT_ROWS {
            return;
        }
        if self.panel.shape.bits == 8 {
            direct::<S, ROWS, true>(s, self);
        } else {
            direct::<S, ROWS, false>(s, self);
        }
    }
}

#[inline(always)]
fn direct<S: Simd, const ROWS: usize, const WIDE: bool>(s: S, job: Direct<'_>) {
    let Direct { a, panel, mut c, place, epilogue } = job;
    let NBitsShape { k, block, .. } = panel.shape;
    let row_bytes = if WIDE { 2 * S::LANES } else { S::LANES };
    let zero = s.splat(0.0);
    let mut total = [[zero; 2]; ROWS];
    for (b, codes) in panel.codes.chunks(block * row_bytes).enumerate() {
        let mut lines: [&[f32]; ROWS] = [&[]; ROWS];
        for (i, line) in lines.iter_mut().enumerate() {
            *line = &a.data[i * a.stride + b * block..i * a.stride + k.min((b + 1) * block)];
        }
        // Even and odd k apart, so that neighbouring additions do not wait for each other.
        let mut sums = [[[zero; 2]; 2]; ROWS];
        let mut pairs = codes.chunks_exact(2 * row_bytes);
        for (kk, pair) in pairs.by_ref().enumerate() {
            for odd in 0..2 {
                let w = expand::<S, WIDE>(s, &pair[odd * row_bytes..][..row_bytes]);
                for i in 0..ROWS {
                    let x = s.splat(lines[i][2 * kk + odd]);
                    for j in 0..2 {
                        sums[i][odd][j] = s.fma(x, w[j], sums[i][odd][j]);
                    }
                }
            }
        }
        if !pairs.remainder().is_empty() {
            let w = expand::<S, WIDE>(s, pairs.remainder());
            for i in 0..ROWS {
                let x = s.splat(lines[i][lines[i].len() - 1]);
                for j in 0..2 {
                    sums[i][0][j] = s.fma(x, w[j], sums[i][0][j]);
                }
            }
        }
        let (scale, shift) = panel.factors(s, b);
        for i in 0..ROWS {
            let plain = s.splat(line_sum(s, lines[i]));
            for j in 0..2 {
                let sum = s.add(sums[i][0][j], sums[i][1][j]);
                total[i][j] = s.fma(plain, shift[j], s.fma(sum, scale[j], total[i][j]));
            }
        }
    }
    if c.cols() > S::LANES {
        finish_tile(s, &mut c, total, place, epilogue);
    } else {
        finish_tile(s, &mut c, total.map(|[first, _]| [first]), place, epilogue);
    }
}

#[inline(always)]
fn line_sum<S: Simd>(s: S, x: &[f32]) -> f32 {
    let mut chunks = x.chunks_exact(S::LANES);
    let mut sum = s.splat(0.0);
    for chunk in chunks.by_ref() {
        sum = s.add(sum, s.load(chunk));
    }
    s.sum(s.add(sum, s.load_part(chunks.remainder())))
}

/// Many rows: some panels are expanded, and the rows pass over them.
#[inline(always)]
fn multiply_expanded<S: Simd>(
    s: S,
    a: Left<'_>,
    b: &PackedNBits,
    mut c: TileMut<'_, f32>,
    place: Place,
    epilogue: &Epilogue<'_>,
) {
    let full = S::LANES * S::TILE_VECS;
    let k_blocks = Blocks::new(b.shape.k, MAX_K_BLOCK);
    let rows = Blocks::new(c.rows(), S::TILE_ROWS);
    let group_cols = (EXPANDED_LEN / k_blocks.longest().max(1) / full).max(1) * full;
    let mut aligned = Aligned([0.0f32; EXPANDED_LEN]);
    let expanded = &mut aligned.0;
    let mut a_tile = [0.0f32; MAX_TILE_ROWS * MAX_K_BLOCK];
    for group in (0..c.cols()).step_by(group_cols) {
        let group_end = (group + group_cols).min(c.cols());
        for kb in 0..k_blocks.count {
            let k = k_blocks.range(kb);
            let pass = Pass { first: kb == 0, last: kb + 1 == k_blocks.count };
            for col in (group..group_end).step_by(full) {
                let out = &mut expanded[(col - group) * k.len()..][..full * k.len()];
                expand_panel(s, Panel::of(s, b, place.col + col), k.clone(), c.cols() - col, out);
            }
            for rb in 0..rows.count {
                let r = rows.range(rb);
                let a_tile = &mut a_tile[..r.len() * k.len()];
                pack_rows(s, a, place.row + r.start, r.len(), r.len(), k.clone(), a_tile);
                for col in (group..group_end).step_by(full) {
                    let end = (col + full).min(group_end);
                    let width = (end - col).next_multiple_of(S::LANES);
                    let panel = &expanded[(col - group) * k.len()..][..width * k.len()];
                    let tile = c.sub(r.clone(), col..end);
                    Micro { a: a_tile, b: panel, c: tile, pass, place: place.at(r.start, col), epilogue }
                        .run(s);
                }
            }
        }
    }
}

/// Weights `k` of a panel of `n_cols` columns, in rows of one vector if that is enough, else two.
#[inline(always)]
fn expand_panel<S: Simd>(s: S, panel: Panel<'_>, k: std::ops::Range<usize>, n_cols: usize, out: &mut [f32]) {
    let wide = panel.shape.bits == 8;
    let row_bytes = if wide { 2 * S::LANES } else { S::LANES };
    let vecs = if n_cols > S::LANES { 2 } else { 1 };
    let mut at = 0;
    let mut kk = k.start;
    while kk < k.end {
        let block = kk / panel.shape.block;
        let (scale, shift) = panel.factors(s, block);
        for kk in kk..((block + 1) * panel.shape.block).min(k.end) {
            let row = &panel.codes[kk * row_bytes..][..row_bytes];
            let w = if wide { expand::<S, true>(s, row) } else { expand::<S, false>(s, row) };
            for j in 0..vecs {
                s.store(s.fma(w[j], scale[j], shift[j]), &mut out[at..]);
                at += S::LANES;
            }
        }
        kk = (block + 1) * panel.shape.block;
    }
}

/// The weights by definition, row-major `[k, n]`: the reference.
pub fn nbits_reference(codes: &[u8], scales: &[f32], zeros: ZeroPoints<'_>, shape: NBitsShape) -> Vec<f32> {
    let weight = |k: usize, column: usize| {
        let block = k / shape.block;
        let code = code_at(&codes[column * shape.column_bytes()..], k, shape.bits);
        let zero = match zeros {
            ZeroPoints::Middle => (1 << (shape.bits - 1)) as f32,
            ZeroPoints::Packed(x) => f32::from(code_at(&x[column * shape.zero_bytes()..], block, shape.bits)),
            ZeroPoints::Numbers(x) => x.at(column * shape.n_blocks() + block),
        };
        (f32::from(code) - zero) * scales[column * shape.n_blocks() + block]
    };
    (0..shape.k * shape.n).map(|i| weight(i / shape.n, i % shape.n)).collect()
}

#[cfg(test)]
mod tests {
    use dunlin_sys::Serial;

    use super::*;
    use crate::matmul::{Bias, matmul_reference};
    use crate::testing::{Numbers, ThreeThreads, assert_close};

    #[test]
    fn products_are_right() {
        let mut numbers = Numbers::new(40);
        for isa in Isa::available() {
            for (k, n, bits, block) in [
                (16, 1, 4, 16),
                (32, 17, 4, 32),
                (100, 33, 4, 32),
                (128, 64, 4, 128),
                (800, 49, 4, 32),
                (64, 40, 8, 32),
                (70, 65, 2, 16),
                (33, 8, 8, 16),
            ] {
                let shape = NBitsShape { k, n, bits, block };
                let codes: Vec<u8> =
                    (0..n * shape.column_bytes()).map(|_| numbers.next_u32() as u8).collect();
                let packed_zeros: Vec<u8> =
                    (0..n * shape.zero_bytes()).map(|_| numbers.next_u32() as u8).collect();
                let (scales, bias) = (numbers.floats(n * shape.n_blocks()), numbers.floats(n));
                let numbers_zero = numbers.floats(n * shape.n_blocks());
                for zeros in [
                    ZeroPoints::Middle,
                    ZeroPoints::Packed(&packed_zeros),
                    ZeroPoints::Numbers(Elements::F32(&numbers_zero)),
                ] {
                    let weights = nbits_reference(&codes, &scales, zeros, shape);
                    let packed =
                        PackedNBits::pack_for(isa, &codes, Elements::F32(&scales), zeros, shape).unwrap();
                    for m in [1, 2, 3, 4, 5, 14] {
                        let a = numbers.floats(m * k);
                        let mut want = vec![0.0; m * n];
                        let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
                        matmul_reference(&wide(&a), &wide(&weights), &mut want, m, k, n);
                        let want: Vec<f32> = want
                            .iter()
                            .enumerate()
                            .map(|(i, x)| (x + f64::from(bias[i % n])) as f32)
                            .collect();
                        let epilogue = Epilogue { bias: Bias::Columns(&bias), ..Epilogue::default() };
                        let (mut got, mut again) = (vec![f32::NAN; m * n], vec![f32::NAN; m * n]);
                        matmul_nbits_f32(&Serial, &a, k, &packed, &mut got, n, m, &epilogue);
                        matmul_nbits_f32(&ThreeThreads, &a, k, &packed, &mut again, n, m, &epilogue);
                        assert_close(&got, &want, 1e-5, &format!("{} {m} {shape:?}", isa.name()));
                        assert!(got == again);
                    }
                }
            }
        }
    }
}
