//! Transposes of batches of 2-D matrices, block by block.

use dunlin_sys::Parallel;

use crate::arch::Simd;
use crate::dispatch::{self, vectorized};
use crate::slice::for_each_rows;

/// Side of the blocks: both a block's source and its target stay in the first-level cache.
const BLOCK: usize = 16;

/// `out[b, j, i] = x[b, i, j]` for `x` of `[n, rows, cols]`, of 32-bit elements given as `f32`.
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn transpose_f32(pool: &dyn Parallel, n: usize, rows: usize, cols: usize, x: &[f32], out: &mut [f32]) {
    let isa = dispatch::isa();
    each(pool, n, rows, cols, x, out, &|x, first, out| block_rows(isa, x, rows, cols, first, out));
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
    each(pool, n, rows, cols, x, out, &|x, first, out| {
        for i0 in (0..rows).step_by(BLOCK) {
            let i1 = (i0 + BLOCK).min(rows);
            for (j, line) in out.chunks_exact_mut(rows).enumerate() {
                line[i0..i1].iter_mut().zip(i0..).for_each(|(out, i)| *out = x[i * cols + first + j]);
            }
        }
    });
}

/// Calls `f(matrix, first column, rows of its transpose)` for parts of `out`, in parallel.
fn each<T: Copy + Send + Sync>(
    pool: &dyn Parallel,
    n: usize,
    rows: usize,
    cols: usize,
    x: &[T],
    out: &mut [T],
    f: &(dyn Fn(&[T], usize, &mut [T]) + Sync),
) {
    let size = rows * cols;
    assert!(x.len() >= n * size && out.len() >= n * size, "a matrix is shorter than its shape");
    for_each_rows(pool, &mut out[..n * size], rows, rows, &|first, mut out| {
        let mut row = first;
        while !out.is_empty() {
            let (matrix, col) = (row / cols, row % cols);
            let n_rows = (cols - col).min(out.len() / rows);
            let (part, rest) = out.split_at_mut(n_rows * rows);
            f(&x[matrix * size..][..size], col, part);
            (row, out) = (row + n_rows, rest);
        }
    });
}

vectorized! {
    fn block_rows<'a>(x: &'a [f32], rows: usize, cols: usize, first: usize, out: &'a mut [f32]) = block_rows_lanes;
}

/// Rows `out` of the transpose, which are columns `first..` of `x`.
#[inline(always)]
fn block_rows_lanes<S: Simd>(s: S, x: &[f32], rows: usize, cols: usize, first: usize, out: &mut [f32]) {
    let n = out.len() / rows.max(1);
    for i0 in (0..rows).step_by(BLOCK) {
        let i1 = (i0 + BLOCK).min(rows);
        let mut j = 0;
        while j + 4 <= n {
            let mut i = i0;
            while i + 4 <= i1 {
                let line = |k: usize| &x[(i + k) * cols + first + j..][..4];
                s.transpose4([line(0), line(1), line(2), line(3)], 0, &mut out[j * rows + i..], rows);
                i += 4;
            }
            for i in i..i1 {
                for k in j..j + 4 {
                    out[k * rows + i] = x[i * cols + first + k];
                }
            }
            j += 4;
        }
        for j in j..n {
            for i in i0..i1 {
                out[j * rows + i] = x[i * cols + first + j];
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
                block_rows(isa, &x[..rows * cols], rows, cols, 0, &mut got);
                assert!(got == want[..rows * cols], "{} {rows} {cols}", isa.name());
            }
        }
    }
}
