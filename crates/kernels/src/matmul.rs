//! `f32` matrix products: `C = activation(alpha A B + bias + beta R)` with `B` packed into column panels.
//!
//! Every element of the result is one chain of fused multiply-adds over `k` in order, whatever the tile, the block
//! of `k`, the thread or the alignment, so the bits depend on the instruction set and the operands alone.

use std::ops::Range;

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel};

use crate::activation::{Activation, apply_called};
use crate::arch::{Grid, Kernel, RowsKernel, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, Isa, vectorized};
use crate::slice::Aligned;
use crate::slice::{load_clipped, store_clipped};

/// Longest block of `k` that one pass over a tile covers.
pub(crate) const MAX_K_BLOCK: usize = 384;
/// Most rows of any instruction set's tile.
pub(crate) const MAX_TILE_ROWS: usize = 12;
/// Elements of `B` that are kept in the second-level cache while rows pass over them.
const B_BLOCK_LEN: usize = 96 * 1024;
/// Multiplications below which a second thread costs more than it saves.
const MIN_TASK_WORK: usize = 1 << 18;

/// Elements of a matrix as they are stored.
#[derive(Debug, Clone, Copy)]
pub enum Elements<'a> {
    /// Aligned numbers.
    F32(&'a [f32]),
    /// Little-endian bytes at any alignment, as in a mapped file.
    Bytes(&'a [u8]),
}

impl Elements<'_> {
    /// Copies the elements from `start` on.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    fn copy_to(&self, start: usize, out: &mut [f32]) {
        match self {
            Elements::F32(x) => out.copy_from_slice(&x[start..][..out.len()]),
            Elements::Bytes(x) => {
                let (singles, _) = x[4 * start..][..4 * out.len()].as_chunks();
                out.iter_mut().zip(singles).for_each(|(out, &bytes)| *out = f32::from_le_bytes(bytes));
            }
        }
    }

    /// One element.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub fn at(&self, i: usize) -> f32 {
        match self {
            Elements::F32(x) => x[i],
            Elements::Bytes(x) => f32::from_le_bytes([x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]]),
        }
    }
}

/// How the rows of a stored matrix relate to those of the operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Stored as used.
    Plain,
    /// Stored transposed: a stored row is a column of the operand.
    Transposed,
}

/// A stored matrix, to be packed.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The elements, row by row.
    pub elements: Elements<'a>,
    /// Elements from one stored row to the next.
    pub stride: usize,
    /// Whether stored rows are rows or columns of the operand.
    pub order: Order,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix of numbers.
    pub fn plain(elements: &'a [f32], stride: usize) -> Matrix<'a> {
        Matrix { elements: Elements::F32(elements), stride, order: Order::Plain }
    }

    /// A matrix whose transpose is stored row-major.
    pub fn transposed(elements: &'a [f32], stride: usize) -> Matrix<'a> {
        Matrix { elements: Elements::F32(elements), stride, order: Order::Transposed }
    }
}

/// A `[k, n]` operand in panels of columns, ready to be multiplied.
#[derive(Debug)]
pub struct PackedB {
    buf: AlignedBuf,
    k: usize,
    n: usize,
    isa: Isa,
}

impl PackedB {
    /// Packs `b` as a `[k, n]` operand.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If `b` holds fewer elements than its shape: a bug in the caller.
    pub fn pack(b: Matrix<'_>, k: usize, n: usize) -> Result<PackedB, OutOfMemory> {
        PackedB::pack_for(dispatch::isa(), b, k, n)
    }

    pub(crate) fn pack_for(isa: Isa, b: Matrix<'_>, k: usize, n: usize) -> Result<PackedB, OutOfMemory> {
        let mut buf = AlignedBuf::zeroed(packed_len_for(isa, k, n).saturating_mul(4))?;
        pack_panels(isa, b, k, n, bytemuck::cast_slice_mut(buf.as_mut_slice()));
        Ok(PackedB { buf, k, n, isa })
    }

    /// The operand, for [`matmul_f32`].
    pub fn view(&self) -> PackedRef<'_> {
        PackedRef { data: bytemuck::cast_slice(self.buf.as_slice()), k: self.k, n: self.n, isa: self.isa }
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.buf.as_slice().len()
    }
}

/// A packed operand in memory of the caller.
#[derive(Debug, Clone, Copy)]
pub struct PackedRef<'a> {
    data: &'a [f32],
    k: usize,
    n: usize,
    isa: Isa,
}

impl<'a> PackedRef<'a> {
    /// Packs `b` as a `[k, n]` operand into the first [`packed_len`] elements of `space`.
    ///
    /// # Panics
    /// If `space` or `b` is too short: a bug in the caller.
    pub fn pack_into(b: Matrix<'_>, k: usize, n: usize, space: &'a mut [f32]) -> PackedRef<'a> {
        let isa = dispatch::isa();
        let data = &mut space[..packed_len_for(isa, k, n)];
        pack_panels(isa, b, k, n, data);
        PackedRef { data, k, n, isa }
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

/// Elements that a packed `[k, n]` operand takes.
pub fn packed_len(k: usize, n: usize) -> usize {
    packed_len_for(dispatch::isa(), k, n)
}

fn packed_len_for(isa: Isa, k: usize, n: usize) -> usize {
    n.div_ceil(isa.lanes()).saturating_mul(isa.lanes()).saturating_mul(k)
}

/// What is added to every row or column of a product.
#[derive(Debug, Clone, Copy, Default)]
pub enum Bias<'a> {
    /// Nothing.
    #[default]
    None,
    /// One number per column.
    Columns(&'a [f32]),
    /// One number per row.
    Rows(&'a [f32]),
}

/// Whether the residual is added before or after the activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResidualAt {
    /// `activation(product + bias + residual)`
    BeforeActivation,
    /// `activation(product + bias) + residual`
    AfterActivation,
}

/// A matrix of the result's shape and strides that is added to it.
#[derive(Debug, Clone, Copy)]
pub struct Residual<'a> {
    /// Elements, laid out as the result is.
    pub data: &'a [f32],
    /// Factor.
    pub beta: f32,
    /// When it is added.
    pub at: ResidualAt,
}

/// What happens to a product before it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Epilogue<'a> {
    /// Factor of the product.
    pub alpha: f32,
    /// Added next.
    pub bias: Bias<'a>,
    /// Added before or after the activation.
    pub residual: Option<Residual<'a>>,
    /// Applied last (or last but one).
    pub activation: Activation,
}

impl Default for Epilogue<'_> {
    fn default() -> Self {
        Epilogue { alpha: 1.0, bias: Bias::None, residual: None, activation: Activation::None }
    }
}

/// `C = epilogue(A B)` for a row-major `A` of `[m, k]` and `C` of `[m, n]`.
///
/// # Shapes
/// - `a`: `m` rows of `b.k()` elements, `a_stride` apart
/// - `c`: `m` rows of `b.n()` elements, `c_stride` apart; what lies between rows is left alone
///
/// # Numerics
/// One chain of fused multiply-adds per element, in the order of `k`.
///
/// # Panics
/// If a slice is shorter than its shape, or a bias has the wrong length: bugs in the caller.
pub fn matmul_f32(
    pool: &dyn Parallel,
    a: &[f32],
    a_stride: usize,
    b: PackedRef<'_>,
    c: &mut [f32],
    c_stride: usize,
    m: usize,
    epilogue: &Epilogue<'_>,
) {
    let batch = Batch { n: 1, a_offset: &|_| 0, b: &|_| b, c_stride: 0 };
    matmul_batch_f32(pool, &batch, a, a_stride, c, c_stride, m, epilogue);
}

/// The operands of a batch of products of one shape.
pub struct Batch<'a> {
    /// Products.
    pub n: usize,
    /// Where the `A` of a product starts, in elements of `a`; broadcasting repeats values.
    pub a_offset: &'a (dyn Fn(usize) -> usize + Sync),
    /// The `B` of a product; all have one shape.
    pub b: &'a (dyn Fn(usize) -> PackedRef<'a> + Sync),
    /// Elements from one result to the next.
    pub c_stride: usize,
}

/// As [`matmul_f32`], for each product of a batch. Biases are shared; the residual is laid out as `c`.
///
/// # Panics
/// As [`matmul_f32`].
pub fn matmul_batch_f32(
    pool: &dyn Parallel,
    batch: &Batch<'_>,
    a: &[f32],
    a_stride: usize,
    c: &mut [f32],
    c_stride: usize,
    m: usize,
    epilogue: &Epilogue<'_>,
) {
    if batch.n == 0 || m == 0 {
        return;
    }
    let PackedRef { k, n, isa, .. } = (batch.b)(0);
    if n == 0 {
        return;
    }
    check_bias(epilogue.bias, m, n);
    let (row_step, col_step) = split(isa, pool.n_threads(), batch.n, m, n, k);
    let grid = Grid {
        n_matrices: batch.n,
        matrix_stride: batch.c_stride,
        rows: m,
        cols: n,
        stride: c_stride,
        row_step,
        col_step,
    };
    for_each_tile_mut(pool, c, grid, &|i, row, col, c| {
        let b = (batch.b)(i);
        assert!(b.k == k && b.n == n, "operands of a batch differ in shape");
        let a = &a[(batch.a_offset)(i)..];
        assert!(a.len() >= (m - 1) * a_stride + k, "A is shorter than its shape");
        let place = Place { row, col, index: i * batch.c_stride + row * c_stride + col, stride: c_stride };
        multiply(isa, Left { data: a, stride: a_stride }, b, c, place, epilogue);
    });
}

pub(crate) fn check_bias(bias: Bias<'_>, m: usize, n: usize) {
    match bias {
        Bias::None => {}
        Bias::Columns(x) => assert_eq!(x.len(), n, "a column bias has one number per column"),
        Bias::Rows(x) => assert_eq!(x.len(), m, "a row bias has one number per row"),
    }
}

/// Rows and columns of a task, from shape and thread count (the bits do not depend on them).
pub(crate) fn split(
    isa: Isa,
    n_threads: usize,
    n_batch: usize,
    m: usize,
    n: usize,
    k: usize,
) -> (usize, usize) {
    let (tile_rows, tile_cols) = isa.tile();
    let work = m.saturating_mul(n).saturating_mul(k.max(1));
    let wanted = (n_threads * 4).div_ceil(n_batch).min(work / MIN_TASK_WORK);
    if n_threads == 1 || wanted <= 1 {
        return (m, n);
    }
    let (row_tiles, col_tiles) = (m.div_ceil(tile_rows), n.div_ceil(tile_cols));
    let (row_parts, col_parts) = if m > n {
        let row_parts = wanted.min(row_tiles);
        (row_parts, wanted.div_ceil(row_parts).min(col_tiles))
    } else {
        let col_parts = wanted.min(col_tiles);
        (wanted.div_ceil(col_parts).min(row_tiles), col_parts)
    };
    (row_tiles.div_ceil(row_parts) * tile_rows, col_tiles.div_ceil(col_parts) * tile_cols)
}

/// The left operand: row-major.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub data: &'a [f32],
    pub stride: usize,
}

/// Where a tile lies in the result: its first row and column, and the index and stride of its elements in the
/// result, which are those of the residual.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub row: usize,
    pub col: usize,
    pub index: usize,
    pub stride: usize,
}

vectorized! {
    pub(crate) fn multiply<'a>(a: Left<'a>, b: PackedRef<'a>, c: TileMut<'a, f32>, place: Place, epilogue: &'a Epilogue<'a>) = multiply_lanes;
}

#[inline(always)]
fn multiply_lanes<S: Simd>(
    s: S,
    a: Left<'_>,
    b: PackedRef<'_>,
    mut c: TileMut<'_, f32>,
    place: Place,
    epilogue: &Epilogue<'_>,
) {
    let panel_cols = S::LANES * S::TILE_VECS;
    let k_blocks = Blocks::new(b.k, MAX_K_BLOCK);
    let rows = Blocks::new(c.rows(), S::TILE_ROWS);
    let group_cols = (B_BLOCK_LEN / k_blocks.longest().max(1) / panel_cols).max(1) * panel_cols;
    let mut aligned = Aligned([0.0f32; MAX_TILE_ROWS * MAX_K_BLOCK]);
    let a_tile = &mut aligned.0;
    let mut group = 0;
    while group < c.cols() {
        let group_end = (group + group_cols).min(c.cols());
        for kb in 0..k_blocks.count {
            let k = k_blocks.range(kb);
            let pass = Pass { first: kb == 0, last: kb + 1 == k_blocks.count };
            for rb in 0..rows.count {
                let r = rows.range(rb);
                let a_tile = &mut a_tile[..r.len() * k.len()];
                pack_rows(s, a, place.row + r.start, r.len(), r.len(), k.clone(), a_tile);
                let mut col = group;
                while col < group_end {
                    let col_end = (col + panel_cols).min(group_end);
                    let panel = b.panel(s, place.col + col, k.clone());
                    let tile = c.sub(r.clone(), col..col_end);
                    let place = place.at(r.start, col);
                    Micro { a: a_tile, b: panel, c: tile, pass, place, epilogue }.run(s);
                    col = col_end;
                }
            }
        }
        group = group_end;
    }
}

impl Place {
    #[inline(always)]
    pub(crate) fn at(self, row: usize, col: usize) -> Place {
        Place {
            row: self.row + row,
            col: self.col + col,
            index: self.index + row * self.stride + col,
            stride: self.stride,
        }
    }
}

impl PackedRef<'_> {
    /// The rows `k` of the panel that starts at column `col`.
    #[inline(always)]
    pub(crate) fn panel<S: Simd>(&self, _: S, col: usize, k: Range<usize>) -> &[f32] {
        let full = S::LANES * S::TILE_VECS;
        let width = full.min((self.n - col).next_multiple_of(S::LANES));
        &self.data[col * self.k + k.start * width..][..k.len() * width]
    }
}

/// A length cut into blocks of nearly equal size.
#[derive(Clone, Copy)]
pub(crate) struct Blocks {
    pub count: usize,
    base: usize,
    extra: usize,
}

impl Blocks {
    /// At most `longest` elements in a block, and at least one block.
    #[inline(always)]
    pub(crate) fn new(len: usize, longest: usize) -> Blocks {
        let count = len.div_ceil(longest).max(1);
        Blocks { count, base: len / count, extra: len % count }
    }

    /// As `new`, but blocks of equal size if some size between two thirds of `longest` and `longest` divides `len`.
    #[inline(always)]
    pub(crate) fn even(len: usize, longest: usize) -> Blocks {
        let size = (longest * 2 / 3..=longest).rev().find(|&size| size > 0 && len.is_multiple_of(size));
        Blocks::new(len, size.unwrap_or(longest))
    }

    #[inline(always)]
    pub(crate) fn range(&self, i: usize) -> Range<usize> {
        let start = i * self.base + i.min(self.extra);
        start..start + self.base + usize::from(i < self.extra)
    }

    #[inline(always)]
    pub(crate) fn longest(&self) -> usize {
        self.base + usize::from(self.extra > 0)
    }
}

/// Copies rows of `A` so that the elements of one `k` lie side by side, `width` from one `k` to the next.
#[inline(always)]
pub(crate) fn pack_rows<S: Simd>(
    s: S,
    a: Left<'_>,
    row: usize,
    n_rows: usize,
    width: usize,
    k: Range<usize>,
    out: &mut [f32],
) {
    let line = |i: usize| &a.data[(row + i) * a.stride..][k.clone()];
    let mut i = 0;
    while i + 4 <= n_rows {
        let lines = [line(i), line(i + 1), line(i + 2), line(i + 3)];
        let whole = k.len() / 4 * 4;
        let mut kk = 0;
        while kk < whole {
            s.transpose4(lines, kk, &mut out[kk * width + i..], width);
            kk += 4;
        }
        for kk in whole..k.len() {
            for (j, line) in lines.iter().enumerate() {
                out[kk * width + i + j] = line[kk];
            }
        }
        i += 4;
    }
    while i < n_rows {
        for (kk, &x) in line(i).iter().enumerate() {
            out[kk * width + i] = x;
        }
        i += 1;
    }
}

/// Which block of `k` this is.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    pub first: bool,
    pub last: bool,
}

/// One tile: a block of rows (packed) times a panel of columns (packed).
pub(crate) struct Micro<'a> {
    /// `[k, tile rows]`
    pub a: &'a [f32],
    /// `[k, tile columns rounded up to whole vectors]`
    pub b: &'a [f32],
    pub c: TileMut<'a, f32>,
    pub pass: Pass,
    pub place: Place,
    pub epilogue: &'a Epilogue<'a>,
}

impl Micro<'_> {
    /// Multiplies and stores.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(self, s: S) {
        if self.c.cols() > S::LANES {
            s.with_rows(self.c.rows(), MicroTile::<2>(self));
        } else {
            s.with_rows(self.c.rows(), MicroTile::<1>(self));
        }
    }
}

/// A tile of a fixed number of vectors across.
struct MicroTile<'a, const VECS: usize>(Micro<'a>);

impl<const VECS: usize> RowsKernel for MicroTile<'_, VECS> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, s: S) {
        let Micro { a, b, mut c, pass, place, epilogue } = self.0;
        let mut acc = [[s.splat(0.0); VECS]; ROWS];
        if !pass.first {
            load_tile(s, &mut c, &mut acc);
        }
        for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(VECS * S::LANES)) {
            let mut bv = [s.splat(0.0); VECS];
            for j in 0..VECS {
                bv[j] = s.load(&b[j * S::LANES..]);
            }
            for i in 0..ROWS {
                let av = s.splat(a[i]);
                for j in 0..VECS {
                    acc[i][j] = s.fma(av, bv[j], acc[i][j]);
                }
            }
        }
        if pass.last {
            finish_tile(s, &mut c, acc, place, epilogue);
        } else {
            store_tile(s, &mut c, &acc);
        }
    }
}

#[inline(always)]
fn load_tile<S: Simd, const ROWS: usize, const VECS: usize>(
    s: S,
    c: &mut TileMut<'_, f32>,
    acc: &mut [[S::F; VECS]; ROWS],
) {
    for i in 0..ROWS {
        let row = c.row(i);
        for j in 0..VECS {
            acc[i][j] = load_clipped(s, &row[j * S::LANES..]);
        }
    }
}

#[inline(always)]
fn store_tile<S: Simd, const ROWS: usize, const VECS: usize>(
    s: S,
    c: &mut TileMut<'_, f32>,
    acc: &[[S::F; VECS]; ROWS],
) {
    for i in 0..ROWS {
        let row = c.row(i);
        for j in 0..VECS {
            store_clipped(s, acc[i][j], &mut row[j * S::LANES..]);
        }
    }
}

/// Applies the epilogue to the accumulators and stores them.
#[inline(always)]
pub(crate) fn finish_tile<S: Simd, const ROWS: usize, const VECS: usize>(
    s: S,
    c: &mut TileMut<'_, f32>,
    mut acc: [[S::F; VECS]; ROWS],
    place: Place,
    epilogue: &Epilogue<'_>,
) {
    if epilogue.alpha != 1.0 {
        let alpha = s.splat(epilogue.alpha);
        for i in 0..ROWS {
            for j in 0..VECS {
                acc[i][j] = s.mul(acc[i][j], alpha);
            }
        }
    }
    match epilogue.bias {
        Bias::None => {}
        Bias::Columns(bias) => {
            let bias = &bias[place.col..];
            for j in 0..VECS {
                let bias = load_clipped(s, &bias[j * S::LANES..]);
                for i in 0..ROWS {
                    acc[i][j] = s.add(acc[i][j], bias);
                }
            }
        }
        Bias::Rows(bias) => {
            let bias = &bias[place.row..][..ROWS];
            for i in 0..ROWS {
                for j in 0..VECS {
                    acc[i][j] = s.add(acc[i][j], s.splat(bias[i]));
                }
            }
        }
    }
    let n_cols = c.cols();
    let residual = |i: usize, r: &Residual<'_>| place.index + i * place.stride..r.data.len();
    if let Some(r) = epilogue.residual.as_ref().filter(|r| r.at == ResidualAt::BeforeActivation) {
        for i in 0..ROWS {
            let row = &r.data[residual(i, r)][..n_cols];
            for j in 0..VECS {
                acc[i][j] = s.fma(load_clipped(s, &row[j * S::LANES..]), s.splat(r.beta), acc[i][j]);
            }
        }
    }
    if let Some((lo, hi)) = epilogue.activation.bounds() {
        let (lo, hi) = (s.splat(lo), s.splat(hi));
        for i in 0..ROWS {
            for j in 0..VECS {
                acc[i][j] = s.min(hi, s.max(lo, acc[i][j]));
            }
        }
    }
    store_tile(s, c, &acc);
    if epilogue.needs_second_look() {
        s.vectorize(SecondLook { c: c.sub(0..ROWS, 0..n_cols), place, epilogue });
    }
}

impl Epilogue<'_> {
    /// Whether anything is left to do once the accumulators are stored.
    #[inline(always)]
    fn needs_second_look(&self) -> bool {
        self.activation.bounds().is_none()
            || self.residual.as_ref().is_some_and(|r| r.at == ResidualAt::AfterActivation)
    }
}

/// The parts of an epilogue that are too big to stand in every tile: curved activations, and what follows them.
struct SecondLook<'a> {
    c: TileMut<'a, f32>,
    place: Place,
    epilogue: &'a Epilogue<'a>,
}

impl Kernel for SecondLook<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for i in 0..self.c.rows() {
            let row = self.c.row(i);
            if self.epilogue.activation.bounds().is_none() {
                apply_called(s, self.epilogue.activation, row);
            }
            if let Some(r) = self.epilogue.residual.as_ref().filter(|r| r.at == ResidualAt::AfterActivation) {
                let residual = &r.data[self.place.index + i * self.place.stride..][..row.len()];
                for (x, r0) in row.iter_mut().zip(residual) {
                    *x += r.beta * r0;
                }
            }
        }
    }
}

/// Writes the panels of `b` to `out`.
fn pack_panels(isa: Isa, b: Matrix<'_>, k: usize, n: usize, out: &mut [f32]) {
    let (_, full) = isa.tile();
    for col in (0..n).step_by(full) {
        let valid = full.min(n - col);
        let width = valid.next_multiple_of(isa.lanes());
        let panel = &mut out[col * k..][..width * k];
        match (b.order, b.elements) {
            (Order::Plain, _) => {
                for (kk, line) in panel.chunks_exact_mut(width).enumerate() {
                    b.elements.copy_to(kk * b.stride + col, &mut line[..valid]);
                    line[valid..].fill(0.0);
                }
            }
            (Order::Transposed, Elements::F32(data)) => {
                if valid < width {
                    panel.fill(0.0);
                }
                pack_columns(isa, Left { data, stride: b.stride }, col, valid, width, panel);
            }
            (Order::Transposed, Elements::Bytes(_)) => {
                // A few k at a time, so that both sides stay in the first-level cache.
                let mut row = [0.0; 16];
                for (block, lines) in panel.chunks_mut(row.len() * width).enumerate() {
                    let row = &mut row[..lines.len() / width];
                    for j in 0..width {
                        match j < valid {
                            true => b.elements.copy_to((col + j) * b.stride + block * 16, row),
                            false => row.fill(0.0),
                        }
                        lines[j..].iter_mut().step_by(width).zip(&*row).for_each(|(line, &x)| *line = x);
                    }
                }
            }
        }
    }
}

vectorized! {
    fn pack_columns<'a>(x: Left<'a>, first: usize, n: usize, width: usize, out: &'a mut [f32]) = pack_columns_lanes;
}

/// Stored rows as columns of a panel, a few elements of each at a time, so that both sides stay in the first-level cache.
#[inline(always)]
fn pack_columns_lanes<S: Simd>(s: S, x: Left<'_>, first: usize, n: usize, width: usize, out: &mut [f32]) {
    let k = out.len() / width;
    for start in (0..k).step_by(32) {
        let block = start..(start + 32).min(k);
        let out = &mut out[start * width..block.end * width];
        pack_rows(s, x, first, n, width, block, out);
    }
}

/// The product by definition, in the order of the indices: the reference.
pub fn matmul_reference<T>(a: &[T], b: &[T], c: &mut [T], m: usize, k: usize, n: usize)
where
    T: Copy + Default + std::ops::Add<Output = T> + std::ops::Mul<Output = T>,
{
    for i in 0..m {
        for j in 0..n {
            c[i * n + j] = (0..k).fold(T::default(), |sum, kk| sum + a[i * k + kk] * b[kk * n + j]);
        }
    }
}

#[cfg(test)]
mod tests;
