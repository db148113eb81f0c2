//! Disjoint rectangles of a row-major matrix, so that threads can write different columns of the same rows.

use std::marker::PhantomData;
use std::ops::Range;

use dunlin_sys::Parallel;

/// A rectangle of a row-major matrix, borrowed mutably.
pub struct TileMut<'a, T> {
    ptr: *mut T,
    stride: usize,
    rows: usize,
    cols: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: a tile is a set of `&mut [T]` rows that no other tile shares (see `new`, `sub`, `for_each_tile_mut`).
unsafe impl<T: Send> Send for TileMut<'_, T> {}

impl<'a, T> TileMut<'a, T> {
    /// The whole of `data` as `rows` rows of `cols` elements, `stride` apart.
    ///
    /// # Panics
    /// If `cols > stride` with more than one row, or `data` is too short: bugs in the caller.
    pub fn new(data: &'a mut [T], rows: usize, cols: usize, stride: usize) -> TileMut<'a, T> {
        assert!(rows <= 1 || cols <= stride, "rows overlap");
        assert!(rows == 0 || data.len() >= (rows - 1) * stride + cols, "matrix is shorter than its shape");
        TileMut { ptr: data.as_mut_ptr(), stride, rows, cols, life: PhantomData }
    }

    /// Rows in the tile.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns in the tile.
    #[inline(always)]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// One row of the tile.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows);
        // SAFETY: `new` and `sub` keep every row below `rows` inside the borrowed matrix, `row < rows` was asserted,
        // and `&mut self` makes this the only live view of the tile.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(row * self.stride), self.cols) }
    }

    /// A smaller rectangle of this tile.
    #[inline(always)]
    pub fn sub(&mut self, rows: Range<usize>, cols: Range<usize>) -> TileMut<'_, T> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows outside the tile");
        assert!(cols.start <= cols.end && cols.end <= self.cols, "columns outside the tile");
        // SAFETY: start row and column lie in (or one past) the tile by the assertions, so the address stays in
        // (or one past) the borrowed matrix.
        let ptr =
            unsafe { self.ptr.add(rows.start * self.stride * usize::from(!rows.is_empty()) + cols.start) };
        TileMut { ptr, stride: self.stride, rows: rows.len(), cols: cols.len(), life: PhantomData }
    }
}

/// How a batch of row-major matrices is cut into tiles.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// Matrices, one after another.
    pub n_matrices: usize,
    /// Elements from the start of one matrix to the next.
    pub matrix_stride: usize,
    /// Rows of a matrix.
    pub rows: usize,
    /// Columns of a matrix.
    pub cols: usize,
    /// Elements from row to row.
    pub stride: usize,
    /// Rows of a tile (fewer in the last).
    pub row_step: usize,
    /// Columns of a tile (fewer in the last).
    pub col_step: usize,
}

impl Grid {
    /// Tiles in one matrix.
    pub fn tiles_per_matrix(&self) -> usize {
        self.rows.div_ceil(self.row_step) * self.cols.div_ceil(self.col_step)
    }
}

/// Calls `f(matrix, first_row, first_col, tile)` for every tile of `grid` over `data`, in parallel.
///
/// # Panics
/// If `data` is shorter than the grid, or rows or matrices overlap: bugs in the caller.
pub fn for_each_tile_mut<T: Send>(
    pool: &dyn Parallel,
    data: &mut [T],
    grid: Grid,
    f: &(dyn Fn(usize, usize, usize, TileMut<'_, T>) + Sync),
) {
    if grid.n_matrices == 0 || grid.rows == 0 || grid.cols == 0 {
        return;
    }
    let extent = (grid.rows - 1) * grid.stride + grid.cols;
    assert!(grid.rows == 1 || grid.cols <= grid.stride, "rows overlap");
    assert!(grid.n_matrices == 1 || extent <= grid.matrix_stride, "matrices overlap");
    assert!(
        data.len() >= (grid.n_matrices - 1) * grid.matrix_stride + extent,
        "matrix is shorter than its shape"
    );
    let across = grid.cols.div_ceil(grid.col_step);
    let per_matrix = grid.tiles_per_matrix();
    let base = SharedPtr(data.as_mut_ptr());
    let call = |i: usize| {
        let base = &base;
        let (matrix, tile) = (i / per_matrix, i % per_matrix);
        let (row, col) = (tile / across * grid.row_step, tile % across * grid.col_step);
        // SAFETY: `row < rows`, `col < cols` and `matrix < n_matrices`, so the address is inside `data` by the
        // assertions above; tiles of different `i` cover different rows, columns or matrices and these do not
        // overlap, and `Parallel::for_each` passes each `i` at most once.
        let ptr = unsafe { base.0.add(matrix * grid.matrix_stride + row * grid.stride + col) };
        let tile = TileMut {
            ptr,
            stride: grid.stride,
            rows: grid.row_step.min(grid.rows - row),
            cols: grid.col_step.min(grid.cols - col),
            life: PhantomData,
        };
        f(matrix, row, col, tile);
    };
    match per_matrix * grid.n_matrices {
        1 => call(0),
        n => pool.for_each(n, &call),
    }
}

struct SharedPtr<T>(*mut T);
// SAFETY: only used to make disjoint tiles of a slice of `T: Send`, see `for_each_tile_mut`.
unsafe impl<T: Send> Sync for SharedPtr<T> {}
