//! Reductions of `f32` over one axis: `[outer, n, inner]` to `[outer, inner]`.
//!
//! The order of additions depends on the lengths alone: over the last axis four vectors of partial sums, over
//! another axis in order.

use dunlin_sys::Parallel;

use crate::arch::{MAX_LANES, Simd};
use crate::dispatch::{self, vectorized};
use crate::slice::{for_each_rows, load_clipped, store_clipped};

/// What is made of the elements of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduce {
    /// Their sum; 0 if there are none.
    Sum,
    /// Their mean; NaN if there are none.
    Mean,
    /// The greatest; NaN if any is; minus infinity if there are none.
    Max,
    /// The least; NaN if any is; infinity if there are none.
    Min,
    /// The sum of their squares.
    SumSquare,
    /// The sum of their magnitudes.
    L1,
    /// The root of the sum of their squares.
    L2,
    /// Their product.
    Prod,
}

impl Reduce {
    /// By definition, in `f64`: the reference.
    pub fn reference(self, x: impl Iterator<Item = f64>) -> f64 {
        let mut n = 0.0;
        let x = x.inspect(|_| n += 1.0);
        match self {
            Reduce::Sum => x.sum(),
            Reduce::Mean => {
                let sum: f64 = x.sum();
                sum / n
            }
            Reduce::Max => x.fold(f64::NEG_INFINITY, |m, x| if m.is_nan() || x <= m { m } else { x }),
            Reduce::Min => x.fold(f64::INFINITY, |m, x| if m.is_nan() || x >= m { m } else { x }),
            Reduce::SumSquare => x.map(|x| x * x).sum(),
            Reduce::L1 => x.map(f64::abs).sum(),
            Reduce::L2 => x.map(|x| x * x).sum::<f64>().sqrt(),
            Reduce::Prod => x.product(),
        }
    }

    fn start(self) -> f32 {
        match self {
            Reduce::Max => f32::NEG_INFINITY,
            Reduce::Min => f32::INFINITY,
            Reduce::Prod => 1.0,
            _ => 0.0,
        }
    }

    fn finish(self, x: f32, n: usize) -> f32 {
        match self {
            Reduce::Mean => x / n as f32,
            Reduce::L2 => x.sqrt(),
            _ => x,
        }
    }

    #[inline(always)]
    fn step<S: Simd>(self, s: S, acc: S::F, x: S::F) -> S::F {
        match self {
            Reduce::Sum | Reduce::Mean => s.add(acc, x),
            Reduce::Max => s.max_nan(acc, x),
            Reduce::Min => s.min_nan(acc, x),
            Reduce::SumSquare | Reduce::L2 => s.fma(x, x, acc),
            Reduce::L1 => s.add(acc, s.abs(x)),
            Reduce::Prod => s.mul(acc, x),
        }
    }

    /// Joins the partial results of vectors.
    #[inline(always)]
    fn join<S: Simd>(self, s: S, a: S::F, b: S::F) -> S::F {
        match self {
            Reduce::Max => s.max_nan(a, b),
            Reduce::Min => s.min_nan(a, b),
            Reduce::Prod => s.mul(a, b),
            _ => s.add(a, b),
        }
    }

    #[inline(always)]
    fn join_lanes<S: Simd>(self, s: S, v: S::F) -> f32 {
        match self {
            Reduce::Max => s.max_lane(v),
            Reduce::Min => -s.max_lane(s.neg(v)),
            Reduce::Prod => {
                let mut lanes = [1.0; MAX_LANES];
                s.store(v, &mut lanes);
                lanes[..S::LANES].iter().product()
            }
            _ => s.sum(v),
        }
    }
}

/// `out[o, i] = op over j of x[o, j, i]`.
///
/// # Shapes
/// - `x`: `[outer, n, inner]`
/// - `out`: `[outer, inner]`
///
/// # Panics
/// If the lengths do not fit: a bug in the caller.
pub fn reduce_f32(pool: &dyn Parallel, op: Reduce, x: &[f32], n: usize, inner: usize, out: &mut [f32]) {
    assert_eq!(x.len(), out.len() * n, "operand and result do not fit");
    let isa = dispatch::isa();
    if out.is_empty() {
        return;
    }
    assert_eq!(out.len() % inner, 0, "result is not whole rows");
    for_each_rows(pool, out, inner, n * inner, &|first, out| {
        let outer = out.len() / inner;
        axis(isa, op, &x[first * n * inner..][..outer * n * inner], n, inner, out);
    });
}

vectorized! {
    pub(crate) fn axis<'a>(op: Reduce, x: &'a [f32], n: usize, inner: usize, out: &'a mut [f32]) = axis_lanes;
}

#[inline(always)]
fn axis_lanes<S: Simd>(s: S, op: Reduce, x: &[f32], n: usize, inner: usize, out: &mut [f32]) {
    // One loop per operator, so that the choice is outside it.
    macro_rules! with {
        ($($op:ident)*) => {
            match op {
                $(Reduce::$op => each(s, Reduce::$op, x, n, inner, out),)*
            }
        };
    }
    with!(Sum Mean Max Min SumSquare L1 L2 Prod)
}

#[inline(always)]
fn each<S: Simd>(s: S, op: Reduce, x: &[f32], n: usize, inner: usize, out: &mut [f32]) {
    if n == 0 {
        return out.fill(op.finish(op.start(), 0));
    }
    for (x, out) in x.chunks_exact(n * inner).zip(out.chunks_exact_mut(inner)) {
        if inner == 1 {
            out[0] = op.finish(row(s, op, x), n);
        } else {
            columns(s, op, x, n, out);
        }
    }
}

/// One row to one number.
#[inline(always)]
fn row<S: Simd>(s: S, op: Reduce, x: &[f32]) -> f32 {
    let start = s.splat(op.start());
    let mut acc = [start; 4];
    let mut blocks = x.chunks_exact(4 * S::LANES);
    for block in blocks.by_ref() {
        for (i, acc) in acc.iter_mut().enumerate() {
            *acc = op.step(s, *acc, s.load(&block[i * S::LANES..]));
        }
    }
    let mut rest = blocks.remainder();
    while rest.len() >= S::LANES {
        acc[0] = op.step(s, acc[0], s.load(rest));
        rest = &rest[S::LANES..];
    }
    if !rest.is_empty() {
        acc[1] = match op {
            // Again some that were already seen: that changes no extreme, and needs no filling.
            Reduce::Max | Reduce::Min if x.len() >= S::LANES => {
                op.step(s, acc[1], s.load(&x[x.len() - S::LANES..]))
            }
            Reduce::Max | Reduce::Min | Reduce::Prod => {
                let mut lanes = [op.start(); MAX_LANES];
                lanes[..rest.len()].copy_from_slice(rest);
                op.step(s, acc[1], s.load(&lanes))
            }
            _ => op.step(s, acc[1], s.load_part(rest)),
        };
    }
    let joined = op.join(s, op.join(s, acc[0], acc[1]), op.join(s, acc[2], acc[3]));
    op.join_lanes(s, joined)
}

/// Columns of `[n, inner]`, a vector of neighbours at a time.
#[inline(always)]
fn columns<S: Simd>(s: S, op: Reduce, x: &[f32], n: usize, out: &mut [f32]) {
    let inner = out.len();
    let mut i = 0;
    while i < inner {
        let width = S::LANES.min(inner - i);
        let mut acc = s.splat(op.start());
        for j in 0..n {
            acc = op.step(s, acc, load_clipped(s, &x[j * inner + i..][..width]));
        }
        let out = &mut out[i..][..width];
        store_clipped(s, acc, out);
        out.iter_mut().for_each(|x| *x = op.finish(*x, n));
        i += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::{Numbers, ThreeThreads, assert_close};

    const ALL: [Reduce; 8] = [
        Reduce::Sum,
        Reduce::Mean,
        Reduce::Max,
        Reduce::Min,
        Reduce::SumSquare,
        Reduce::L1,
        Reduce::L2,
        Reduce::Prod,
    ];

    fn want(op: Reduce, x: &[f32], outer: usize, n: usize, inner: usize) -> Vec<f32> {
        let cell = |i: usize| (0..n).map(move |j| f64::from(x[(i / inner * n + j) * inner + i % inner]));
        (0..outer * inner).map(|i| op.reference(cell(i)) as f32).collect()
    }

    #[test]
    fn reductions_are_right() {
        let mut numbers = Numbers::new(11);
        for isa in Isa::available() {
            for op in ALL {
                for (outer, n, inner) in [
                    (2, 0, 3),
                    (3, 1, 1),
                    (2, 7, 1),
                    (2, 16, 1),
                    (2, 65, 1),
                    (1, 1000, 1),
                    (2, 5, 17),
                    (3, 9, 32),
                ] {
                    let x: Vec<f32> = numbers.floats(outer * n * inner).iter().map(|x| x + 0.3).collect();
                    let mut got = vec![9.0; outer * inner];
                    axis(isa, op, &x, n, inner, &mut got);
                    let what = format!("{} {op:?} {outer} {n} {inner}", isa.name());
                    assert_close(&got, &want(op, &x, outer, n, inner), 3e-6, &what);
                }
            }
            for op in [Reduce::Max, Reduce::Min, Reduce::Sum] {
                for n in [1, 3, 16, 40, 100] {
                    for at in 0..n {
                        let mut x = vec![1.0; n];
                        x[at] = f32::NAN;
                        let mut got = [0.0];
                        axis(isa, op, &x, n, 1, &mut got);
                        assert!(got[0].is_nan(), "{} {op:?} {n} {at}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let x = Numbers::new(12).floats(60 * 1000);
        for (n, inner) in [(1000, 1), (100, 10)] {
            let (mut a, mut b) = (vec![0.0; 60_000 / n], vec![0.0; 60_000 / n]);
            reduce_f32(&ThreeThreads, Reduce::Sum, &x, n, inner, &mut a);
            reduce_f32(&dunlin_sys::Serial, Reduce::Sum, &x, n, inner, &mut b);
            assert_eq!(a, b);
        }
    }
}
