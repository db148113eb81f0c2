//! Batches of products of row-major matrices: by the packed kernel for `f32`, by plain loops for other types.

use std::sync::{Mutex, OnceLock};

use dunlin_ir::{DType, Element, Shape};
use dunlin_kernels::matmul::{Batch, Epilogue, Matrix, Order, PackedRef, matmul_batch_f32, packed_len};
use dunlin_sys::for_each_chunk_mut;
use smallvec::{SmallVec, smallvec};

use super::weight::Weight;
use crate::{Ctx, OpError};

/// Multiplications that one task of a plain loop makes, roughly.
const TASK_WORK: usize = 1 << 15;
/// Multiplications of one product below which packing costs more than it saves.
const MIN_KERNEL_WORK: usize = 1 << 11;

/// Numbers of matrices: a handful without an allocation.
type Places = SmallVec<[usize; 16]>;

/// Which matrices are multiplied: `[m, k] x [k, n]`, for each place of the batch.
#[derive(Debug)]
pub(crate) struct Products {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    /// Which matrix of the left operand each product reads.
    pub a: Places,
    /// Which matrix of the right operand.
    pub b: Places,
    /// How many matrices the right operand has.
    pub n_b: usize,
}

impl Products {
    /// The products of operands `[.., m, k]` and `[.., k, n]` (vectors are rows and columns), and their shape.
    pub fn broadcast(a: &Shape, b: &Shape) -> Result<(Products, Shape), OpError> {
        let wrong = || OpError::shapes("[.., m, k] and [.., k, n]", a, b);
        let (a_batch, m, k) = match a.dims() {
            [] => return Err(wrong()),
            [k] => (&[][..], None, *k),
            [batch @ .., m, k] => (batch, Some(*m), *k),
        };
        let (b_batch, b_k, n) = match b.dims() {
            [] => return Err(wrong()),
            [k] => (&[][..], *k, None),
            [batch @ .., k, n] => (batch, *k, Some(*n)),
        };
        if k != b_k {
            return Err(wrong());
        }
        let (a_batch, b_batch) = (Shape::new(a_batch), Shape::new(b_batch));
        let batch = a_batch.broadcast(&b_batch).ok_or_else(wrong)?;
        let n_b = b_batch.n_elements();
        let mut shape = batch.clone();
        m.iter().chain(&n).for_each(|&size| shape.push(size));
        let (mut m, n) = (m.unwrap_or(1), n.unwrap_or(1));
        let (a, b) = if n_b == 1 && batch.n_elements() == a_batch.n_elements() {
            // One right operand: the rows of all left ones are rows of one matrix.
            m = m.saturating_mul(batch.n_elements());
            (smallvec![0], smallvec![0])
        } else {
            (places(&a_batch, &batch), places(&b_batch, &batch))
        };
        Ok((Products { m, k, n, a, b, n_b }, shape))
    }

    /// A batch of which both operands have `n_batch` matrices.
    pub fn parallel(n_batch: usize, m: usize, k: usize, n: usize) -> Products {
        let places: Places = (0..n_batch).collect();
        Products { m, k, n, a: places.clone(), b: places, n_b: n_batch }
    }

    fn work(&self) -> usize {
        self.m.saturating_mul(self.k).saturating_mul(self.n)
    }
}

/// For each place of a batch, that of the smaller batch that is broadcast there.
fn places(from: &Shape, to: &Shape) -> Places {
    let pad = to.rank() - from.rank();
    let strides = from.strides();
    let place = |mut position: usize| {
        let mut place = 0;
        for axis in (0..to.rank()).rev() {
            let at = position % to[axis];
            position /= to[axis];
            if axis >= pad && from[axis - pad] != 1 {
                place += at * strides[axis - pad];
            }
        }
        place
    };
    (0..to.n_elements()).map(place).collect()
}

/// The right operand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right<'a, T> {
    /// Row-major matrices of `[k, n]`, or of `[n, k]` if transposed.
    Stored(&'a [T], Order),
    /// Packed when the model was planned.
    Packed(&'a Weight),
}

/// An element type that can be multiplied and summed.
pub(crate) trait Ring: Element + Default {
    /// `self + a * b`; integers wrap.
    fn plus_product(self, a: Self, b: Self) -> Self;
    /// `self + other`; integers wrap.
    fn plus(self, other: Self) -> Self;

    /// Writes all products to `out`.
    fn multiply(
        products: &Products,
        a: &[Self],
        b: &[Self],
        order: Order,
        out: &mut [Self],
        ctx: &Ctx<'_>,
    ) -> Result<(), OpError> {
        multiply_plainly(products, a, b, order, out, ctx);
        Ok(())
    }
}

impl Ring for f64 {
    fn plus_product(self, a: f64, b: f64) -> f64 {
        self + a * b
    }
    fn plus(self, other: f64) -> f64 {
        self + other
    }
}

impl Ring for f32 {
    fn plus_product(self, a: f32, b: f32) -> f32 {
        self + a * b
    }
    fn plus(self, other: f32) -> f32 {
        self + other
    }

    fn multiply(
        products: &Products,
        a: &[f32],
        b: &[f32],
        order: Order,
        out: &mut [f32],
        ctx: &Ctx<'_>,
    ) -> Result<(), OpError> {
        multiply_f32(products, a, Right::Stored(b, order), out, &Epilogue::default(), ctx)
    }
}

macro_rules! integer_rings {
    ($($int:ty),*) => {
        $(impl Ring for $int {
            fn plus_product(self, a: $int, b: $int) -> $int {
                self.wrapping_add(a.wrapping_mul(b))
            }
            fn plus(self, other: $int) -> $int {
                self.wrapping_add(other)
            }
        })*
    };
}

integer_rings!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Products by plain loops over rows.
fn multiply_plainly<T: Ring>(
    products: &Products,
    a: &[T],
    b: &[T],
    order: Order,
    out: &mut [T],
    ctx: &Ctx<'_>,
) {
    let &Products { m, k, n, .. } = products;
    if out.is_empty() {
        return;
    }
    let rows_per_task = (TASK_WORK / (k * n).max(1)).max(1);
    for_each_chunk_mut(ctx.pool(), out, rows_per_task * n, &|task, out| {
        for (i, out) in out.chunks_exact_mut(n).enumerate() {
            let row = task * rows_per_task + i;
            let (product, row) = (row / m, row % m);
            let a = &a[(products.a[product] * m + row) * k..][..k];
            let b = &b[products.b[product] * k * n..][..k * n];
            match order {
                Order::Plain => sum_rows(a, b, out),
                Order::Transposed => {
                    for (out, b) in out.iter_mut().zip(b.chunks(k.max(1))) {
                        *out = dot(a, b);
                    }
                    if k == 0 {
                        out.fill(T::default());
                    }
                }
            }
        }
    });
}

fn sum_rows<T: Ring>(a: &[T], b: &[T], out: &mut [T]) {
    out.fill(T::default());
    for (&a, b) in a.iter().zip(b.chunks_exact(out.len())) {
        for (out, &b) in out.iter_mut().zip(b) {
            *out = out.plus_product(a, b);
        }
    }
}

fn dot<T: Ring>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::default(), |sum, (&a, &b)| sum.plus_product(a, b))
}

/// Products by the packed kernel, with its epilogue.
pub(super) fn multiply_f32(
    products: &Products,
    a: &[f32],
    b: Right<'_, f32>,
    out: &mut [f32],
    epilogue: &Epilogue<'_>,
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    match b {
        Right::Packed(weight) => {
            let packed: SmallVec<[PackedRef<'_>; 4]> =
                weight.matrices.iter().map(|matrix| matrix.view()).collect();
            multiply_packed(products, a, &packed, out, epilogue, ctx);
            Ok(())
        }
        Right::Stored(b, order) if is_plain(epilogue) && is_small(products) => {
            multiply_plainly(products, a, b, order, out, ctx);
            Ok(())
        }
        Right::Stored(b, order) => with_packed(products, b, order, ctx, |packed| {
            multiply_packed(products, a, packed, out, epilogue, ctx);
        }),
    }
}

/// Whether plain loops are faster than packing: tiny matrices, or a single row, which reads each number once.
fn is_small(products: &Products) -> bool {
    products.m == 1 || products.work() < MIN_KERNEL_WORK
}

fn is_plain(epilogue: &Epilogue<'_>) -> bool {
    let Epilogue { alpha, bias, residual, activation } = epilogue;
    let bias = matches!(bias, dunlin_kernels::matmul::Bias::None);
    *alpha == 1.0 && bias && residual.is_none() && *activation == dunlin_kernels::activation::Activation::None
}

fn multiply_packed(
    products: &Products,
    a: &[f32],
    b: &[PackedRef<'_>],
    out: &mut [f32],
    epilogue: &Epilogue<'_>,
    ctx: &Ctx<'_>,
) {
    let &Products { m, k, n, .. } = products;
    let batch = Batch {
        n: products.a.len(),
        a_offset: &|i| products.a[i] * m * k,
        b: &|i| b[products.b[i]],
        c_stride: m * n,
    };
    matmul_batch_f32(ctx.pool(), &batch, a, k, out, n, m, epilogue);
}

/// Packs the matrices of a right operand for one call.
fn with_packed(
    products: &Products,
    b: &[f32],
    order: Order,
    ctx: &Ctx<'_>,
    f: impl FnOnce(&[PackedRef<'_>]),
) -> Result<(), OpError> {
    let &Products { k, n, n_b, .. } = products;
    let matrix_len = packed_len(k, n);
    let space_len = matrix_len.saturating_mul(n_b);
    let mut space = ctx.alloc(DType::F32, [space_len].into())?;
    let space = space.view_mut::<f32>()?;
    if matrix_len == 0 || space.is_empty() {
        f(&(0..n_b).map(|_| PackedRef::pack_into(Matrix::plain(&[], n), k, n, &mut [])).collect::<Vec<_>>());
        return Ok(());
    }
    let spaces: Vec<_> = space.chunks_exact_mut(matrix_len).map(|space| Mutex::new(Some(space))).collect();
    let packed: Vec<OnceLock<PackedRef<'_>>> = (0..n_b).map(|_| OnceLock::new()).collect();
    ctx.pool().for_each(n_b, &|i| {
        let stored = &b[i * k * n..][..k * n];
        let matrix = match order {
            Order::Plain => Matrix::plain(stored, n),
            Order::Transposed => Matrix::transposed(stored, k),
        };
        let space = spaces[i].lock().ok().and_then(|mut space| space.take());
        if let Some(space) = space {
            // The slot is empty, as its space was still there.
            let _ = packed[i].set(PackedRef::pack_into(matrix, k, n, space));
        }
    });
    let packed: Option<Vec<PackedRef<'_>>> = packed.iter().map(|packed| packed.get().copied()).collect();
    match packed {
        Some(packed) => {
            f(&packed);
            Ok(())
        }
        // Only a cancelled run leaves out iterations.
        None => ctx.check_stop().and(Err(OpError::Cancelled)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_broadcast_and_one_right_operand_joins_the_rows() {
        let products = |a: &[usize], b: &[usize]| Products::broadcast(&Shape::new(a), &Shape::new(b));
        let (joined, shape) = products(&[2, 3, 4], &[4, 5]).unwrap();
        assert_eq!((joined.m, joined.a, shape), (6, smallvec![0], Shape::new(&[2, 3, 5])));
        let (crossed, shape) = products(&[2, 1, 3, 4], &[2, 4, 5]).unwrap();
        assert_eq!((crossed.a, crossed.b), (smallvec![0, 0, 1, 1], smallvec![0, 1, 0, 1]));
        assert_eq!(shape, Shape::new(&[2, 2, 3, 5]));
        assert_eq!(products(&[4], &[4]).unwrap().1, Shape::scalar());
        for (a, b) in [(&[3, 4][..], &[3, 4][..]), (&[], &[4]), (&[2, 3, 4], &[3, 4, 5])] {
            assert!(products(a, b).is_err(), "{a:?} {b:?}");
        }
    }
}
