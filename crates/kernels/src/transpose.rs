//! Transposes of batches of 2-D matrices, block by block.

use dunlin_sys::Parallel;

use crate::arch::{Grid, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, vectorized};

/// Side of the blocks: both a block's source and its target stay in the first-level cache.
const BLOCK: usize = 16;

/// `out[b, j, i] = x[b, i, j]` for `x` of `[n, rows, cols]`, of 32-bit elements given as `f32`.
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn transpose_f32(pool: &dyn Parallel, n: usize, rows: usize, cols: usize, x: &[f32], out: &mut [f32]) {
    let isa = dispatch::isa();
    each(pool, n, rows, cols, x, out, &|x, first, tile| block_rows(isa, x, cols, first, tile));
}

/// As [`transpose_f32`], for elements of any size.
///
/// # Panics
/// As [`transpose_f32`].
pub fn transpose<T: Copy + Send + Sync>(
    pool: &dyn Parallel,
    n: usize,
    rows: usize,
    cols: usize,
    x: &[T],
    out: &mut [T],
) {
    each(pool, n, rows, cols, x, out, &|x, first, mut tile| {
        for i0 in (0..rows).step_by(BLOCK) {
            for j0 in (0..tile.rows()).step_by(BLOCK) {
                for j in j0..(j0 + BLOCK).min(tile.rows()) {
                    let end = (i0 + BLOCK).min(rows);
                    let line = &mut tile.row(j)[i0..end];
                    line.iter_mut().enumerate().for_each(|(i, out)| *out = x[(i0 + i) * cols + first + j]);
                }
            }
        }
    });
}

fn each<T: Copy + Send + Sync>(
    pool: &dyn Parallel,
    n: usize,
    rows: usize,
    cols: usize,
    x: &[T],
    out: &mut [T],
    f: &(dyn Fn(&[T], usize, TileMut<'_, T>) + Sync),
) {
    assert!(x.len() >= n * rows * cols && out.len() >= n * rows * cols, "a matrix is shorter than its shape");
    let small = pool.n_threads() == 1 || n * rows * cols < 32 * 1024;
    let row_step = if small { cols } else { (16 * 1024 / rows.max(1)).next_multiple_of(BLOCK) };
    let grid = Grid {
        n_matrices: n,
        matrix_stride: rows * cols,
        rows: cols,
        cols: rows,
        stride: rows,
        row_step: row_step.max(1),
        col_step: rows.max(1),
    };
    for_each_tile_mut(pool, out, grid, &|i, first, _, tile| {
        f(&x[i * rows * cols..][..rows * cols], first, tile)
    });
}

vectorized! {
    fn block_rows<'a>(x: &'a [f32], stride: usize, first: usize, out: TileMut<'a, f32>) = block_rows_lanes;
}

/// Rows `out` of the transpose, which are columns `first..` of `x`.
#[inline(always)]
fn block_rows_lanes<S: Simd>(s: S, x: &[f32], stride: usize, first: usize, mut out: TileMut<'_, f32>) {
    let (rows, cols) = (out.cols(), out.rows());
    for i0 in (0..rows).step_by(BLOCK) {
        let i1 = (i0 + BLOCK).min(rows);
        for j in (0..cols).step_by(4) {
            if j + 4 > cols {
                for j in j..cols {
                    let line = &mut out.row(j)[i0..i1];
                    line.iter_mut().enumerate().for_each(|(i, out)| *out = x[(i0 + i) * stride + first + j]);
                }
                continue;
            }
            let mut i = i0;
            while i + 4 <= i1 {
                let mut block = [[0.0; 4]; 4];
                for (k, row) in block.iter_mut().enumerate() {
                    row.copy_from_slice(&x[(i + k) * stride + first + j..][..4]);
                }
                for (k, column) in s.transpose4(block).iter().enumerate() {
                    out.row(j + k)[i..i + 4].copy_from_slice(column);
                }
                i += 4;
            }
            while i < i1 {
                for k in 0..4 {
                    out.row(j + k)[i] = x[i * stride + first + j + k];
                }
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dunlin_sys::Serial;

    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::ThreeThreads;

    #[test]
    fn transposes_are_right() {
        for (n, rows, cols) in
            [(1, 0, 3), (2, 1, 5), (1, 7, 9), (3, 16, 17), (2, 33, 40), (1, 300, 200), (1, 5, 9000)]
        {
            let x: Vec<f32> = (0..n * rows * cols).map(|i| i as f32).collect();
            let size = (rows * cols).max(1);
            let want: Vec<f32> = (0..x.len())
                .map(|i| x[i / size * size + i % size % rows.max(1) * cols + i % size / rows.max(1)])
                .collect();
            for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
                let mut got = vec![0.0; x.len()];
                transpose_f32(pool, n, rows, cols, &x, &mut got);
                assert!(got == want, "{n} {rows} {cols}");
                transpose(pool, n, rows, cols, &x, &mut got);
                assert!(got == want, "{n} {rows} {cols}");
            }
            for isa in Isa::available() {
                let mut got = vec![0.0; rows * cols];
                let tile = TileMut::new(&mut got, cols, rows, rows);
                block_rows(isa, &x[..rows * cols], cols, 0, tile);
                assert!(got == want[..rows * cols], "{} {rows} {cols}", isa.name());
            }
        }
    }
}
