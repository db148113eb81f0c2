//! Determinants and inverses of square matrices, computed in `f64`.

use dunlin_ir::{Shape, Tensor};

use crate::cpu::dispatch::dispatch_float;
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// The determinant of each matrix.
pub(super) fn det(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (batch, n) = square(x)?;
    dispatch_float!(x.dtype(), T, {
        let mut out = ctx.alloc(x.dtype(), batch)?;
        for_each_matrix::<T, T>(x, out.view_mut()?, n * n, 1, ctx, |matrix, out| {
            out[0] = T::from_f64(determinant(matrix, n));
            Ok(())
        })?;
        Ok(one(out))
    })
}

/// The inverse of each matrix.
pub(super) fn inverse(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (_, n) = square(x)?;
    dispatch_float!(x.dtype(), T, {
        let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
        for_each_matrix::<T, T>(x, out.view_mut()?, n * n, n * n, ctx, |matrix, out| {
            let inverse =
                invert(matrix, n).ok_or_else(|| OpError::value("a regular matrix", "a singular one"))?;
            out.iter_mut().zip(inverse).for_each(|(out, x)| *out = T::from_f64(x));
            Ok(())
        })?;
        Ok(one(out))
    })
}

/// The batch and the size of square matrices.
fn square(x: &Tensor) -> Result<(Shape, usize), OpError> {
    match x.shape().dims() {
        [batch @ .., rows, columns] if rows == columns => Ok((batch.into(), *rows)),
        _ => Err(OpError::shape("square matrices", x.shape())),
    }
}

fn for_each_matrix<T: Number, O>(
    x: &Tensor,
    out: &mut [O],
    matrix_len: usize,
    out_len: usize,
    ctx: &Ctx<'_>,
    mut f: impl FnMut(&mut [f64], &mut [O]) -> Result<(), OpError>,
) -> Result<(), OpError> {
    let x = x.view::<T>()?;
    if out_len == 0 {
        return Ok(());
    }
    let mut matrix = vec![0.0; matrix_len];
    for (i, out) in out.chunks_exact_mut(out_len).enumerate() {
        ctx.check_stop()?;
        let x = &x[i * matrix_len..][..matrix_len];
        matrix.iter_mut().zip(x).for_each(|(to, from)| *to = from.to_f64());
        f(&mut matrix, out)?;
    }
    Ok(())
}

/// By elimination with partial pivoting; the matrix is used up.
fn determinant(matrix: &mut [f64], n: usize) -> f64 {
    let mut det = 1.0;
    for column in 0..n {
        let pivot = pivot_row(matrix, n, n, column);
        if matrix[pivot * n + column] == 0.0 {
            return 0.0;
        }
        if pivot != column {
            swap_rows(matrix, n, pivot, column);
            det = -det;
        }
        det *= matrix[column * n + column];
        for row in column + 1..n {
            let factor = matrix[row * n + column] / matrix[column * n + column];
            subtract_row(matrix, n, row, column, factor);
        }
    }
    det
}

/// By elimination in the matrix with the identity at its right side; `None` if the matrix is singular.
fn invert(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let width = 2 * n;
    let mut both = vec![0.0; n * width];
    for row in 0..n {
        both[row * width..][..n].copy_from_slice(&matrix[row * n..][..n]);
        both[row * width + n + row] = 1.0;
    }
    for column in 0..n {
        let pivot = pivot_row(&both, n, width, column);
        if both[pivot * width + column] == 0.0 {
            return None;
        }
        swap_rows(&mut both, width, pivot, column);
        let scale = 1.0 / both[column * width + column];
        both[column * width..][..width].iter_mut().for_each(|x| *x *= scale);
        for row in (0..n).filter(|&row| row != column) {
            let factor = both[row * width + column];
            subtract_row(&mut both, width, row, column, factor);
        }
    }
    Some(both.chunks_exact(width).flat_map(|row| row[n..].iter().copied()).collect())
}

/// The row from `column` on that has the greatest magnitude there. NaN counts as the greatest.
fn pivot_row(matrix: &[f64], n: usize, width: usize, column: usize) -> usize {
    let magnitude = |row: usize| matrix[row * width + column].abs();
    (column..n).max_by(|&a, &b| magnitude(a).total_cmp(&magnitude(b))).unwrap_or(column)
}

fn swap_rows(matrix: &mut [f64], width: usize, a: usize, b: usize) {
    if a != b {
        (0..width).for_each(|i| matrix.swap(a * width + i, b * width + i));
    }
}

fn subtract_row(matrix: &mut [f64], width: usize, row: usize, from: usize, factor: f64) {
    for i in 0..width {
        matrix[row * width + i] -= factor * matrix[from * width + i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elimination_swaps_rows_where_it_must() {
        assert_eq!(determinant(&mut [0.0, 2.0, 3.0, 0.0], 2), -6.0);
        assert_eq!(determinant(&mut [1.0, 2.0, 2.0, 4.0], 2), 0.0);
        assert_eq!(determinant(&mut [], 0), 1.0);
        assert_eq!(invert(&[0.0, 2.0, 4.0, 0.0], 2).unwrap(), [0.0, 0.25, 0.5, 0.0]);
        assert_eq!(invert(&[1.0, 2.0, 2.0, 4.0], 2), None);
    }
}
