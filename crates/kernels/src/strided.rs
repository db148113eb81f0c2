//! Copies of strided views into dense memory: transpose, slice, broadcast, tile and whatever else is one of these.
//!
//! Elements are opaque cells of 1, 2, 4, 8 or 16 bytes.

use dunlin_sys::{Parallel, for_each_chunk_mut};

use crate::arch::Simd;
use crate::dispatch::{self, vectorized};

/// Fewest bytes that are worth a task of their own.
const TASK_BYTES: usize = 128 << 10;
/// Cells along both sides of the blocks that a transposing copy reads and writes at a time: a block of rows and its
/// transpose stay in the innermost cache.
const CACHE_TILE: usize = 64;

/// A view of cells: the one at index `i` lies `offset + sum(i[k] * strides[k])` cells from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    offset: usize,
    dims: Vec<usize>,
    strides: Vec<isize>,
}

impl View {
    /// A view with axes of size 1 dropped and adjacent axes that form one run merged.
    ///
    /// # Panics
    /// If there are not as many strides as sizes: a bug in the caller.
    pub fn new(offset: usize, dims: &[usize], strides: &[isize]) -> View {
        assert_eq!(dims.len(), strides.len(), "a stride for each axis");
        let mut view = View { offset, dims: Vec::new(), strides: Vec::new() };
        for (&dim, &stride) in dims.iter().zip(strides).filter(|&(&dim, _)| dim != 1) {
            match (view.dims.last_mut(), view.strides.last_mut()) {
                (Some(last), Some(last_stride))
                    if Some(*last_stride)
                        == isize::try_from(dim).ok().and_then(|d| d.checked_mul(stride)) =>
                {
                    *last = last.saturating_mul(dim);
                    *last_stride = stride;
                }
                _ => {
                    view.dims.push(dim);
                    view.strides.push(stride);
                }
            }
        }
        view
    }

    /// Where the view starts and how many cells it has, if it is one run of adjacent cells.
    pub fn as_run(&self) -> Option<(usize, usize)> {
        match (&self.dims[..], &self.strides[..]) {
            ([], _) => Some((self.offset, 1)),
            (&[n], &[1]) => Some((self.offset, n)),
            _ => None,
        }
    }

    fn n_cells(&self) -> usize {
        // Looked for first, since the other sizes of an empty view may be absurd.
        if self.dims.contains(&0) { 0 } else { self.dims.iter().product() }
    }

    /// Whether all cells lie within `n`.
    fn fits(&self, n: usize) -> bool {
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&dim, &stride) in self.dims.iter().zip(&self.strides) {
            let reach = (dim as i128 - 1) * stride as i128;
            if reach < 0 { low += reach } else { high += reach }
        }
        low >= 0 && high < n as i128
    }

    /// The axis along which cells are adjacent while they are not along the last: then blocks are transposed.
    fn block_axis(&self) -> Option<usize> {
        let last = *self.strides.last()?;
        let axis = self.strides.iter().position(|&stride| stride == 1)?;
        (last > 1 && axis + 1 < self.dims.len()).then_some(axis)
    }
}

/// Copies the cells of `view` over `src`, in row-major order, to `out`.
///
/// # Panics
/// If `cell_bytes` is not 1, 2, 4, 8 or 16, if `out` has another number of cells than the view, or if the view
/// leaves `src`: bugs in the caller.
pub fn copy_strided(pool: &dyn Parallel, src: &[u8], cell_bytes: usize, view: &View, out: &mut [u8]) {
    match cell_bytes {
        1 => copy_cells::<[u8; 1]>(pool, src, view, out),
        2 => copy_cells::<[u8; 2]>(pool, src, view, out),
        4 => copy_cells::<[u8; 4]>(pool, src, view, out),
        8 => copy_cells::<[u8; 8]>(pool, src, view, out),
        16 => copy_cells::<[u8; 16]>(pool, src, view, out),
        other => panic!("cells of {other} bytes"),
    }
}

/// Copies bytes, in parallel if there are many.
///
/// # Panics
/// If the lengths differ: a bug in the caller.
pub fn copy_bytes(pool: &dyn Parallel, src: &[u8], out: &mut [u8]) {
    assert_eq!(src.len(), out.len(), "as many bytes as there is room for");
    let chunk = chunk_units(pool, out.len(), 1);
    for_each_chunk_mut(pool, out, chunk, &|i, part| {
        let start = i * chunk;
        part.copy_from_slice(&src[start..start + part.len()]);
    });
}

/// How many units of `unit_bytes` a task takes, so that no task is too small and there are a few for each thread.
pub fn chunk_units(pool: &dyn Parallel, n_units: usize, unit_bytes: usize) -> usize {
    let smallest = (TASK_BYTES / unit_bytes.max(1)).max(1);
    n_units.div_ceil(pool.n_threads() * 4).max(smallest)
}

fn copy_cells<T: Cell>(pool: &dyn Parallel, src: &[u8], view: &View, out: &mut [u8]) {
    let (src, out): (&[T], &mut [T]) = (bytemuck::cast_slice(src), bytemuck::cast_slice_mut(out));
    assert_eq!(out.len(), view.n_cells(), "as many cells as there is room for");
    if out.is_empty() {
        return;
    }
    assert!(view.fits(src.len()), "a view within its source");
    if view.dims.is_empty() {
        out[0] = src[view.offset];
        return;
    }
    let last = view.dims.len() - 1;
    // Tasks are rows of the axes up to `split`: enough of them for the threads, and whole blocks within each.
    let mut split = 0;
    let mut n_rows = view.dims[0];
    while split < view.block_axis().unwrap_or(last.saturating_sub(1)) && n_rows < 8 * pool.n_threads() {
        split += 1;
        n_rows *= view.dims[split];
    }
    let row_cells: usize = view.dims[split + 1..].iter().product();
    let rows_per_task = chunk_units(pool, n_rows, row_cells * size_of::<T>());
    let rows_per_task = rows_per_task.next_multiple_of(if view.block_axis().is_some() { 8 } else { 1 });
    for_each_chunk_mut(pool, out, rows_per_task * row_cells, &|i, part| {
        copy_rows(src, view, split, i * rows_per_task, part);
    });
}

/// Copies rows of the axes up to `split`, from row `first` on, as many as `out` takes.
fn copy_rows<T: Cell>(src: &[T], view: &View, split: usize, first: usize, out: &mut [T]) {
    let row_cells: usize = view.dims[split + 1..].iter().product();
    let (mut row, mut out) = (first, out);
    while !out.is_empty() {
        // As many rows as lie on the axis `split` from here to its end.
        let mut at = view.offset as isize;
        let mut rest = row / view.dims[split];
        for axis in (0..split).rev() {
            at += (rest % view.dims[axis]) as isize * view.strides[axis];
            rest /= view.dims[axis];
        }
        let position = row % view.dims[split];
        at += position as isize * view.strides[split];
        let n = (view.dims[split] - position).min(out.len() / row_cells);
        let (part, after) = std::mem::take(&mut out).split_at_mut(n * row_cells);
        copy_block(src, at, n, &view.dims[split + 1..], &view.strides[split..], part);
        out = after;
        row += n;
    }
}

/// Copies `n` by `inner` cells from `at` on; `strides` has one more element than `inner`.
fn copy_block<T: Cell>(src: &[T], at: isize, n: usize, inner: &[usize], strides: &[isize], out: &mut [T]) {
    let Some(&columns) = inner.last() else { return copy_line(src, at, strides[0], out) };
    let column_stride = strides[inner.len()];
    if strides[0] == 1 && column_stride > 1 {
        let middle = &inner[..inner.len() - 1];
        let out_stride = inner.iter().product();
        for position in 0..middle.iter().product() {
            let (mut rest, mut from) = (position, at);
            for axis in (0..middle.len()).rev() {
                from += (rest % middle[axis]) as isize * strides[axis + 1];
                rest /= middle[axis];
            }
            // Not negative: `View::fits` holds for each cell of the view.
            let from = &src[from as usize..];
            let out = &mut out[position * columns..];
            transpose(from, column_stride as usize, n, columns, out, out_stride);
        }
        return;
    }
    let row_cells: usize = inner.iter().product();
    for (i, row) in out.chunks_exact_mut(row_cells).enumerate() {
        let at = at + i as isize * strides[0];
        copy_block(src, at, inner[0], &inner[1..], &strides[1..], row);
    }
}

fn copy_line<T: Copy>(src: &[T], at: isize, stride: isize, out: &mut [T]) {
    // Not negative: `View::fits` holds for each cell of the view.
    let at = at as usize;
    match stride {
        1 => out.copy_from_slice(&src[at..at + out.len()]),
        0 => out.fill(src[at]),
        2.. => {
            let cells = src[at..].iter().step_by(stride as usize);
            out.iter_mut().zip(cells).for_each(|(out, &cell)| *out = cell);
        }
        _ => {
            let cells = src[..=at].iter().rev().step_by(stride.unsigned_abs());
            out.iter_mut().zip(cells).for_each(|(out, &cell)| *out = cell);
        }
    }
}

/// `out[r * out_stride + c] = src[r + c * src_stride]` for `r < rows`, `c < columns`, tile by tile.
fn transpose<T: Cell>(
    src: &[T],
    src_stride: usize,
    rows: usize,
    columns: usize,
    out: &mut [T],
    out_stride: usize,
) {
    for r in (0..rows).step_by(CACHE_TILE) {
        for c in (0..columns).step_by(CACHE_TILE) {
            let size = (CACHE_TILE.min(rows - r), CACHE_TILE.min(columns - c));
            T::tile(&src[r + c * src_stride..], src_stride, size, &mut out[r * out_stride + c..], out_stride);
        }
    }
}

/// Opaque elements, with the fastest way to transpose a tile of them.
trait Cell: bytemuck::Pod + Send + Sync {
    /// As [`transpose`], for `(rows, columns)` of at most [`CACHE_TILE`] each.
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize);
}

impl Cell for [u8; 1] {
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize) {
        tile_blocks::<Self, 8>(src, src_stride, size, out, out_stride, |lines| {
            let mut lines: [u64; 8] = bytemuck::cast(lines);
            lines.iter_mut().for_each(|line| *line = u64::from_le(*line));
            // Quarters of 4, then of 2, then single bytes change places across the diagonal.
            for (distance, mask) in [(4, 0xFFFF_FFFF), (2, 0xFFFF_0000_FFFF), (1, 0xFF_00FF_00FF_00FF)] {
                swap_across(&mut lines, distance, 8 * distance, mask);
            }
            lines.iter_mut().for_each(|line| *line = line.to_le());
            bytemuck::cast(lines)
        });
    }
}

impl Cell for [u8; 2] {
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize) {
        tile_blocks::<Self, 4>(src, src_stride, size, out, out_stride, |lines| {
            let mut lines: [u64; 4] = bytemuck::cast(lines);
            lines.iter_mut().for_each(|line| *line = u64::from_le(*line));
            for (distance, mask) in [(2, 0xFFFF_FFFF), (1, 0xFFFF_0000_FFFF)] {
                swap_across(&mut lines, distance, 16 * distance, mask);
            }
            lines.iter_mut().for_each(|line| *line = line.to_le());
            bytemuck::cast(lines)
        });
    }
}

impl Cell for [u8; 4] {
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize) {
        match (bytemuck::try_cast_slice(src), bytemuck::try_cast_slice_mut(out)) {
            (Ok(src), Ok(out)) => tile_f32(dispatch::isa(), src, src_stride, size, out, out_stride),
            _ => tile_blocks::<Self, 4>(src, src_stride, size, out, out_stride, flip),
        }
    }
}

impl Cell for [u8; 8] {
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize) {
        tile_blocks::<Self, 8>(src, src_stride, size, out, out_stride, flip);
    }
}

impl Cell for [u8; 16] {
    fn tile(src: &[Self], src_stride: usize, size: (usize, usize), out: &mut [Self], out_stride: usize) {
        tile_blocks::<Self, 4>(src, src_stride, size, out, out_stride, flip);
    }
}

/// In each pair of lines `distance` apart, swaps the upper fields of the first with the lower ones of the second;
/// `mask` covers the lower fields, which lie `shift` bits below the upper.
#[inline(always)]
fn swap_across<const B: usize>(lines: &mut [u64; B], distance: usize, shift: usize, mask: u64) {
    for first in (0..B).filter(|line| line & distance == 0) {
        let (a, b) = (lines[first], lines[first + distance]);
        let changed = (a >> shift ^ b) & mask;
        lines[first] = a ^ changed << shift;
        lines[first + distance] = b ^ changed;
    }
}

/// The transpose of a block, cell by cell.
fn flip<T: Copy, const B: usize>(lines: [[T; B]; B]) -> [[T; B]; B] {
    std::array::from_fn(|row| std::array::from_fn(|column| lines[column][row]))
}

/// Transposes a tile block by block with `flip`, and what is left at its edges cell by cell.
#[inline(always)]
fn tile_blocks<T: Copy, const B: usize>(
    src: &[T],
    src_stride: usize,
    (rows, columns): (usize, usize),
    out: &mut [T],
    out_stride: usize,
    flip: impl Fn([[T; B]; B]) -> [[T; B]; B],
) {
    let (whole_rows, whole_columns) = (rows / B * B, columns / B * B);
    for c in (0..whole_columns).step_by(B) {
        let lines: [&[T]; B] = std::array::from_fn(|k| &src[(c + k) * src_stride..][..whole_rows]);
        for r in (0..whole_rows).step_by(B) {
            let mut block = [[lines[0][r]; B]; B];
            for (cells, line) in block.iter_mut().zip(lines) {
                cells.copy_from_slice(&line[r..r + B]);
            }
            for (i, line) in flip(block).into_iter().enumerate() {
                out[(r + i) * out_stride + c..][..B].copy_from_slice(&line);
            }
        }
    }
    for r in 0..rows {
        let first = if r < whole_rows { whole_columns } else { 0 };
        for c in first..columns {
            out[r * out_stride + c] = src[r + c * src_stride];
        }
    }
}

vectorized! {
    fn tile_f32<'a>(
        src: &'a [f32],
        src_stride: usize,
        size: (usize, usize),
        out: &'a mut [f32],
        out_stride: usize
    ) = tile_lanes;
}

#[inline(always)]
fn tile_lanes<S: Simd>(
    s: S,
    src: &[f32],
    src_stride: usize,
    (rows, columns): (usize, usize),
    out: &mut [f32],
    out_stride: usize,
) {
    let (whole_rows, whole_columns) = (rows / 4 * 4, columns / 4 * 4);
    for c in (0..whole_columns).step_by(4) {
        let line = |k: usize| &src[(c + k) * src_stride..][..whole_rows];
        let lines = [line(0), line(1), line(2), line(3)];
        for r in (0..whole_rows).step_by(4) {
            s.transpose4(lines, r, &mut out[r * out_stride + c..], out_stride);
        }
    }
    for r in 0..rows {
        let first = if r < whole_rows { whole_columns } else { 0 };
        for c in first..columns {
            out[r * out_stride + c] = src[r + c * src_stride];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_sys::{Pool, Serial};

    /// The definition: cell by cell.
    fn reference(src: &[u16], offset: usize, dims: &[usize], strides: &[isize]) -> Vec<u16> {
        let n: usize = dims.iter().product();
        let cell = |mut i: usize| {
            let mut at = offset as isize;
            for axis in (0..dims.len()).rev() {
                at += (i % dims[axis]) as isize * strides[axis];
                i /= dims[axis];
            }
            src[at as usize]
        };
        (0..n).map(cell).collect()
    }

    fn check(pool: &dyn Parallel, offset: usize, dims: &[usize], strides: &[isize]) {
        let src: Vec<u16> = (0..70_000u32).map(|i| (i.wrapping_mul(40_503) >> 3) as u16).collect();
        let want = reference(&src, offset, dims, strides);
        let view = View::new(offset, dims, strides);
        for width in [1, 2, 4, 8, 16] {
            // Each cell repeats its value, cut to the width.
            let widen = |cells: &[u16]| -> Vec<u8> {
                cells.iter().flat_map(|cell| cell.to_le_bytes().repeat(8)[..width].to_vec()).collect()
            };
            let mut out = vec![0xAA; want.len() * width];
            copy_strided(pool, &widen(&src), width, &view, &mut out);
            assert_eq!(out, widen(&want), "{dims:?} {strides:?} width {width}");
        }
    }

    #[test]
    fn copies_equal_the_definition() {
        let cases: [(usize, &[usize], &[isize]); 16] = [
            (5, &[], &[]),
            (0, &[0, 3], &[3, 1]),
            (7, &[1000], &[1]),
            (999, &[1000], &[-1]),
            (3, &[5, 6], &[0, 1]),
            (3, &[6, 5], &[1, 0]),
            (0, &[33, 65], &[1, 33]),
            (0, &[16, 16], &[1, 16]),
            (0, &[130, 131], &[1, 130]),
            (0, &[3, 40, 17], &[680, 1, 40]),
            (0, &[7, 5, 9], &[1, 7, 35]),
            (0, &[5, 3, 7, 9], &[7, 315, 1, 35]),
            (100, &[4, 5, 6], &[60, -7, 2]),
            (2, &[3, 4, 2, 5], &[0, 5, 0, 1]),
            (69_999, &[10, 20, 30], &[-600, -30, -1]),
            (0, &[300, 200], &[1, 300]),
        ];
        let pool = Pool::new(3).unwrap();
        for (offset, dims, strides) in cases {
            check(&Serial, offset, dims, strides);
            check(&pool, offset, dims, strides);
        }
    }

    #[test]
    fn runs_are_found() {
        assert_eq!(View::new(4, &[2, 1, 3], &[3, 9, 1]).as_run(), Some((4, 6)));
        assert_eq!(View::new(4, &[2, 3], &[4, 1]).as_run(), None);
        assert_eq!(View::new(1, &[1, 1], &[7, 7]).as_run(), Some((1, 1)));
    }
}
