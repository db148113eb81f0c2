//! Reductions to one value. Sums run in `f64` or in 64-bit integers, in an order that depends on shapes alone.

use dunlin_ir::op::reduce::{Fold, FoldKind};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::reduce::{Reduce, reduce_f32};
use dunlin_sys::{Parallel, for_each_chunk_mut};
use half::{bf16, f16};

use super::region::{Inner, Region};
use super::{narrowed, widened};
use crate::cpu::dispatch::dispatch;
use crate::cpu::elementwise::cast;
use crate::cpu::number::{Number, Sum};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Elements that one task folds, roughly.
const TASK_LEN: usize = 1 << 15;
/// Results that are accumulated side by side.
const WIDTH: usize = 256;
/// Independent accumulators of one result.
const LANES: usize = 8;

/// Computes one step.
pub(super) fn run(op: &Fold, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let axes = inputs.optional_ints(1)?.unwrap_or_default();
    let x = inputs.tensor(0)?;
    let reduced = op
        .reduced_axes(&axes, x.rank())
        .ok_or_else(|| OpError::value(format!("axes of shape {}", x.shape()), format!("{axes:?}")))?;
    let shape = kept_shape(x.shape(), &reduced, op.keep_dims);
    let region = Region::new(x.shape(), &reduced);
    if x.dtype() == DType::Bool && matches!(op.kind, FoldKind::Max | FoldKind::Min) {
        // The order of truth values is that of their bytes, and so are the neutral elements, but for one bit.
        let bytes = x.clone().bit_cast(DType::U8)?;
        let wide = cast::convert(bytes, DType::I32, ctx)?;
        let mut out = fold_kind::<i32>(op.kind, &wide, &region, shape, ctx)?;
        out.view_mut::<i32>()?.iter_mut().for_each(|truth| *truth = (*truth).clamp(0, 1));
        return Ok(one(narrowed(out, DType::U8, ctx)?.bit_cast(DType::Bool)?));
    }
    if let (DType::F32, Some(kind), Some((n, inner))) = (x.dtype(), kernel_kind(op.kind), region.single()) {
        let mut out = ctx.alloc(DType::F32, shape)?;
        reduce_f32(ctx.pool(), kind, x.view()?, n, inner, out.view_mut()?);
        return Ok(one(out));
    }
    if let Some(wide) = widened(x, ctx)? {
        let mut out = fold_kind::<i32>(op.kind, &wide, &region, shape, ctx)?;
        saturate(op.kind, x.dtype(), out.view_mut()?);
        return Ok(one(narrowed(out, x.dtype(), ctx)?));
    }
    dispatch!(x.dtype(), T in [f32, f64, f16, bf16, i32, i64, u32, u64], {
        fold_kind::<T>(op.kind, x, &region, shape, ctx).map(one)
    })
}

/// Results that stay in the range of `dtype` where those of its own type would: sums and products wrap.
fn saturate(kind: FoldKind, dtype: DType, results: &mut [i32]) {
    if matches!(kind, FoldKind::L1 | FoldKind::Mean | FoldKind::Prod | FoldKind::Sum | FoldKind::SumSquare) {
        return;
    }
    let (least, greatest) = match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::U8 => (0, u8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        _ => (0, u16::MAX.into()),
    };
    results.iter_mut().for_each(|result| *result = (*result).clamp(least, greatest));
}

/// The folds whose result does not depend on precision. Sums are kept in `f64`: exporters write variances as differences of
/// two of them, which leave little of single precision.
fn kernel_kind(kind: FoldKind) -> Option<Reduce> {
    match kind {
        FoldKind::Max => Some(Reduce::Max),
        FoldKind::Min => Some(Reduce::Min),
        _ => None,
    }
}

fn kept_shape(shape: &Shape, reduced: &[bool], keep_dims: bool) -> Shape {
    let sizes = shape.iter().zip(reduced).filter_map(|(&size, &reduced)| match (reduced, keep_dims) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    sizes.collect()
}

fn fold_kind<T: Number>(
    kind: FoldKind,
    x: &Tensor,
    region: &Region,
    shape: Shape,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let (x, y, pool) = (x.view::<T>()?, out.view_mut::<T>()?, ctx.pool());
    match kind {
        FoldKind::L1 => fold::<T, L1>(x, y, region, pool, &|sum, _| T::narrow(sum)),
        FoldKind::L2 => fold::<T, Squares>(x, y, region, pool, &|sum, _| T::from_f64(sum.to_f64().sqrt())),
        FoldKind::LogSum => fold::<T, Total>(x, y, region, pool, &|sum, _| T::from_f64(sum.to_f64().ln())),
        FoldKind::LogSumExp => {
            fold::<T, Exponentials>(x, y, region, pool, &|(max, sum), _| T::from_f64(max + sum.ln()))
        }
        FoldKind::Max => fold::<T, Greatest>(x, y, region, pool, &|max, _| max),
        FoldKind::Mean => fold::<T, Total>(x, y, region, pool, &|sum, n| T::narrow(sum.over(n))),
        FoldKind::Min => fold::<T, Least>(x, y, region, pool, &|min, _| min),
        FoldKind::Prod => fold::<T, Product>(x, y, region, pool, &|product, _| T::narrow(product)),
        FoldKind::Sum => fold::<T, Total>(x, y, region, pool, &|sum, _| T::narrow(sum)),
        FoldKind::SumSquare => fold::<T, Squares>(x, y, region, pool, &|sum, _| T::narrow(sum)),
    }
    Ok(out)
}

/// How elements enter a running value.
trait Accumulate<T> {
    type Acc: Copy + Send + Sync;
    const START: Self::Acc;

    fn add(acc: Self::Acc, x: T) -> Self::Acc;
    fn merge(a: Self::Acc, b: Self::Acc) -> Self::Acc;
}

/// Folds each region of `x` into one element of `y`. What is done to results is called, not compiled in, so that the folds which
/// differ in that alone share their code.
fn fold<T: Number, A: Accumulate<T>>(
    x: &[T],
    y: &mut [T],
    region: &Region,
    pool: &dyn Parallel,
    finish: &(dyn Fn(A::Acc, usize) -> T + Sync),
) {
    let n_reduced = region.n_reduced();
    if let (Some(_), [result]) = (region.whole(), &mut *y) {
        *result = finish(fold_whole::<T, A>(x, pool), n_reduced);
        return;
    }
    let chunk_len = (TASK_LEN / n_reduced.max(1)).max(1);
    match region.inner {
        Inner::Reduced(len) => for_each_chunk_mut(pool, y, chunk_len, &|chunk, y| {
            for (i, y) in y.iter_mut().enumerate() {
                let base = region.base(chunk * chunk_len + i);
                let mut acc = A::START;
                region.for_each_reduced(&mut |offset| {
                    acc = A::merge(acc, fold_slice::<T, A>(&x[base + offset..][..len]));
                });
                *y = finish(acc, n_reduced);
            }
        }),
        Inner::Kept(row_len) => {
            let chunk_len = chunk_len.max(row_len.min(WIDTH));
            for_each_chunk_mut(pool, y, chunk_len, &|chunk, y| {
                let mut done = 0;
                while done < y.len() {
                    let position = chunk * chunk_len + done;
                    let (row, column) = (position / row_len, position % row_len);
                    let n = (row_len - column).min(WIDTH).min(y.len() - done);
                    fold_columns::<T, A>(x, &mut y[done..done + n], region, row, column, finish);
                    done += n;
                }
            });
        }
    }
}

/// Folds `y.len()` neighbouring columns of a row of results.
fn fold_columns<T: Number, A: Accumulate<T>>(
    x: &[T],
    y: &mut [T],
    region: &Region,
    row: usize,
    column: usize,
    finish: &dyn Fn(A::Acc, usize) -> T,
) {
    let base = region.base(row) + column;
    let mut accs = [A::START; WIDTH];
    let accs = &mut accs[..y.len()];
    region.for_each_reduced(&mut |offset| {
        for (acc, &x) in accs.iter_mut().zip(&x[base + offset..]) {
            *acc = A::add(*acc, x);
        }
    });
    for (y, &acc) in y.iter_mut().zip(&*accs) {
        *y = finish(acc, region.n_reduced());
    }
}

/// Folds a whole tensor in pieces of fixed length, so that the order does not depend on the threads.
fn fold_whole<T: Number, A: Accumulate<T>>(x: &[T], pool: &dyn Parallel) -> A::Acc {
    let mut partial = vec![A::START; x.len().div_ceil(TASK_LEN)];
    for_each_chunk_mut(pool, &mut partial, 1, &|i, partial| {
        let end = x.len().min((i + 1) * TASK_LEN);
        partial[0] = fold_slice::<T, A>(&x[i * TASK_LEN..end]);
    });
    partial.into_iter().fold(A::START, A::merge)
}

fn fold_slice<T: Copy, A: Accumulate<T>>(x: &[T]) -> A::Acc {
    let mut lanes = [A::START; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = A::add(*lane, x);
        }
    }
    let rest = rest.iter().fold(A::START, |acc, &x| A::add(acc, x));
    A::merge(lanes.into_iter().fold(A::START, A::merge), rest)
}

struct Total;
struct L1;
struct Squares;
struct Product;
struct Greatest;
struct Least;
struct Exponentials;

impl<T: Number> Accumulate<T> for Total {
    type Acc = T::Sum;
    const START: T::Sum = T::Sum::ZERO;

    fn add(acc: T::Sum, x: T) -> T::Sum {
        acc.plus(x.widen())
    }
    fn merge(a: T::Sum, b: T::Sum) -> T::Sum {
        a.plus(b)
    }
}

impl<T: Number> Accumulate<T> for L1 {
    type Acc = T::Sum;
    const START: T::Sum = T::Sum::ZERO;

    fn add(acc: T::Sum, x: T) -> T::Sum {
        acc.plus(x.magnitude().widen())
    }
    fn merge(a: T::Sum, b: T::Sum) -> T::Sum {
        a.plus(b)
    }
}

impl<T: Number> Accumulate<T> for Squares {
    type Acc = T::Sum;
    const START: T::Sum = T::Sum::ZERO;

    fn add(acc: T::Sum, x: T) -> T::Sum {
        acc.plus(x.widen().times(x.widen()))
    }
    fn merge(a: T::Sum, b: T::Sum) -> T::Sum {
        a.plus(b)
    }
}

impl<T: Number> Accumulate<T> for Product {
    type Acc = T::Sum;
    const START: T::Sum = T::Sum::ONE;

    fn add(acc: T::Sum, x: T) -> T::Sum {
        acc.times(x.widen())
    }
    fn merge(a: T::Sum, b: T::Sum) -> T::Sum {
        a.times(b)
    }
}

/// NaN wins: it is the only value that differs from itself.
#[allow(clippy::eq_op, reason = "a generic test for NaN")]
impl<T: Number> Accumulate<T> for Greatest {
    type Acc = T;
    const START: T = T::LEAST;

    fn add(acc: T, x: T) -> T {
        if x > acc || x != x { x } else { acc }
    }
    fn merge(a: T, b: T) -> T {
        <Greatest as Accumulate<T>>::add(a, b)
    }
}

/// NaN wins, as above.
#[allow(clippy::eq_op, reason = "a generic test for NaN")]
impl<T: Number> Accumulate<T> for Least {
    type Acc = T;
    const START: T = T::GREATEST;

    fn add(acc: T, x: T) -> T {
        if x < acc || x != x { x } else { acc }
    }
    fn merge(a: T, b: T) -> T {
        <Least as Accumulate<T>>::add(a, b)
    }
}

/// The greatest element so far, and the sum of exponentials relative to it.
impl<T: Number> Accumulate<T> for Exponentials {
    type Acc = (f64, f64);
    const START: (f64, f64) = (f64::NEG_INFINITY, 0.0);

    fn add(acc: (f64, f64), x: T) -> (f64, f64) {
        <Exponentials as Accumulate<T>>::merge(acc, (x.to_f64(), 1.0))
    }

    fn merge((a, a_sum): (f64, f64), (b, b_sum): (f64, f64)) -> (f64, f64) {
        // Equal infinities have no difference to take the exponential of.
        if a == b {
            (a, a_sum + b_sum)
        } else if b < a {
            (a, a_sum + b_sum * (b - a).exp())
        } else {
            (b, a_sum * (a - b).exp() + b_sum)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_sys::{Pool, Serial};

    #[test]
    fn slices_of_all_lengths_are_folded_whole() {
        let x: Vec<i32> = (1..=100).collect();
        for n in [0usize, 1, 7, 8, 9, 16, 100] {
            assert_eq!(fold_slice::<i32, Total>(&x[..n]), (n * (n + 1) / 2) as i64, "{n}");
            assert_eq!(fold_slice::<i32, Greatest>(&x[..n]), if n == 0 { i32::MIN } else { n as i32 });
        }
    }

    #[test]
    fn infinities_and_nan_keep_their_meaning() {
        let inf = f32::INFINITY;
        let log_sum_exp = |x: &[f32]| {
            let (max, sum) = fold_slice::<f32, Exponentials>(x);
            (max + sum.ln()) as f32
        };
        assert_eq!(log_sum_exp(&[]), -inf);
        assert_eq!(log_sum_exp(&[-inf, -inf]), -inf);
        assert_eq!(log_sum_exp(&[inf, 1.0, inf]), inf);
        assert_eq!(log_sum_exp(&[1000.0, 1000.0]), 1000.0 + std::f32::consts::LN_2);
        assert!(fold_slice::<f32, Greatest>(&[1.0, f32::NAN, 2.0]).is_nan());
        assert!(fold_slice::<f32, Least>(&[1.0, f32::NAN, 2.0]).is_nan());
    }

    #[test]
    fn the_order_of_sums_does_not_depend_on_threads() {
        let x: Vec<f64> = (0..200_000).map(|i| (f64::from(i) * 0.37).sin() * 1e6).collect();
        let pool = Pool::new(3).unwrap();
        let (a, b) = (fold_whole::<f64, Total>(&x, &Serial), fold_whole::<f64, Total>(&x, &pool));
        assert_eq!(a.to_bits(), b.to_bits());
    }
}
