//! Functions of two `f32` with broadcasting of rows and columns, on slices.

use dunlin_sys::Parallel;

use crate::arch::Simd;
use crate::dispatch::{self, vectorized};
use crate::slice::{for_each_rows, map_lanes};

/// A function of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a b`
    Mul,
    /// `a / b`
    Div,
    /// The greater; NaN if either is.
    Max,
    /// The lesser; NaN if either is.
    Min,
    /// `a` where it is not negative, else `a b`
    PRelu,
}

impl Binary {
    /// The function on one pair: the reference.
    pub fn reference(self, a: f32, b: f32) -> f32 {
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Max => {
                if a.is_nan() || a > b {
                    a
                } else {
                    b
                }
            }
            Binary::Min => {
                if a.is_nan() || a < b {
                    a
                } else {
                    b
                }
            }
            Binary::PRelu => {
                if a < 0.0 {
                    a * b
                } else {
                    a
                }
            }
        }
    }
}

/// An operand of a result of `[rows, n]`.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// Rows of `n` elements; the row of result row `i` is `i` modulo their number, so one row is repeated for all
    /// and `rows` of them are a whole matrix.
    Rows(&'a [f32]),
    /// One number per row, taken modulo their number: one number is a scalar, `c` of them are the channels of
    /// `[batch * c, pixels]`.
    Columns(&'a [f32]),
}

impl Operand<'_> {
    fn check(&self, n: usize) {
        match self {
            Operand::Rows(x) => {
                assert!(n > 0 && !x.is_empty() && x.len() % n == 0, "operand is not whole rows")
            }
            Operand::Columns(x) => assert!(!x.is_empty(), "operand is empty"),
        }
    }
}

/// `out[i, j] = op(a[i, j], b[i, j])` for `out` of `[rows, n]`, with operands broadcast as [`Operand`] says.
///
/// # Panics
/// If `out` or an operand is not whole rows of `n`: a bug in the caller.
pub fn binary_f32(
    pool: &dyn Parallel,
    op: Binary,
    a: Operand<'_>,
    b: Operand<'_>,
    out: &mut [f32],
    n: usize,
) {
    if out.is_empty() {
        return;
    }
    a.check(n);
    b.check(n);
    assert_eq!(out.len() % n, 0, "result is not whole rows");
    let isa = dispatch::isa();
    if let (Operand::Rows(x), Operand::Rows(y)) = (a, b)
        && x.len() == out.len()
        && y.len() == out.len()
    {
        // Nothing is broadcast: any cut will do, and one long row may still be shared.
        return for_each_rows(pool, out, 1, 1, &|first, out| {
            let n = out.len();
            rows(isa, op, Operand::Rows(&x[first..][..n]), Operand::Rows(&y[first..][..n]), 0, n, out);
        });
    }
    for_each_rows(pool, out, n, n, &|first, out| rows(isa, op, a, b, first, n, out));
}

/// `a[i] = op(a[i], b[i])` for two slices of one length.
///
/// # Panics
/// If the lengths differ: a bug in the caller.
pub fn binary_in_place_f32(pool: &dyn Parallel, op: Binary, a: &mut [f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "operands differ in length");
    let isa = dispatch::isa();
    for_each_rows(pool, a, 1, 1, &|first, a| in_place(isa, op, a, &b[first..][..a.len()]));
}

vectorized! {
    fn rows<'a>(op: Binary, a: Operand<'a>, b: Operand<'a>, first: usize, n: usize, out: &'a mut [f32]) = rows_lanes;
}
vectorized! {
    fn in_place<'a>(op: Binary, a: &'a mut [f32], b: &'a [f32]) = in_place_lanes;
}

/// Expands `$body` once per operator, with `$f` the function on vectors.
macro_rules! for_op {
    ($s:ident, $op:expr, $f:ident => $body:expr) => {
        match $op {
            Binary::Add => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.add($a, $b)
                    };
                }
                $body
            }
            Binary::Sub => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.sub($a, $b)
                    };
                }
                $body
            }
            Binary::Mul => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.mul($a, $b)
                    };
                }
                $body
            }
            Binary::Div => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.div($a, $b)
                    };
                }
                $body
            }
            Binary::Max => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.max_nan($a, $b)
                    };
                }
                $body
            }
            Binary::Min => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.min_nan($a, $b)
                    };
                }
                $body
            }
            Binary::PRelu => {
                macro_rules! $f {
                    ($a:expr, $b:expr) => {
                        $s.select($s.lt($a, $s.splat(0.0)), $s.mul($a, $b), $a)
                    };
                }
                $body
            }
        }
    };
}

#[inline(always)]
fn rows_lanes<S: Simd>(
    s: S,
    op: Binary,
    a: Operand<'_>,
    b: Operand<'_>,
    first: usize,
    n: usize,
    out: &mut [f32],
) {
    #[inline(always)]
    fn row(x: &[f32], i: usize, n: usize) -> &[f32] {
        &x[i % (x.len() / n) * n..][..n]
    }
    #[inline(always)]
    fn number(x: &[f32], i: usize) -> f32 {
        if x.len() == 1 { x[0] } else { x[i % x.len()] }
    }
    for_op!(s, op, f => {
        for (i, out) in out.chunks_exact_mut(n).enumerate() {
            let i = first + i;
            match (a, b) {
                (Operand::Rows(a), Operand::Rows(b)) => {
                    let (a, b) = (row(a, i, n), row(b, i, n));
                    map_lanes!(s, out, |x in a, y in b| f!(x, y));
                }
                (Operand::Rows(a), Operand::Columns(b)) => {
                    let (a, y) = (row(a, i, n), s.splat(number(b, i)));
                    map_lanes!(s, out, |x in a| f!(x, y));
                }
                (Operand::Columns(a), Operand::Rows(b)) => {
                    let (x, b) = (s.splat(number(a, i)), row(b, i, n));
                    map_lanes!(s, out, |y in b| f!(x, y));
                }
                (Operand::Columns(a), Operand::Columns(b)) => {
                    out.fill(op.reference(number(a, i), number(b, i)));
                }
            }
        }
    })
}

#[inline(always)]
fn in_place_lanes<S: Simd>(s: S, op: Binary, a: &mut [f32], b: &[f32]) {
    for_op!(s, op, f => {
        let mut chunks = a.chunks_exact_mut(S::LANES);
        let mut others = b.chunks_exact(S::LANES);
        while let (Some(x), Some(y)) = (chunks.next(), others.next()) {
            let v = f!(s.load(x), s.load(y));
            s.store(v, x);
        }
        let (x, y) = (chunks.into_remainder(), others.remainder());
        let v = f!(s.load_part(x), s.load_part(y));
        s.store_part(v, x);
    })
}

#[cfg(test)]
mod tests {
    use dunlin_sys::Serial;

    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::{Numbers, ThreeThreads};

    const ALL: [Binary; 7] =
        [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min, Binary::PRelu];

    fn same(a: f32, b: f32) -> bool {
        a == b || (a.is_nan() && b.is_nan())
    }

    #[test]
    fn broadcasts_are_right() {
        let mut numbers = Numbers::new(9);
        for isa in Isa::available() {
            for op in ALL {
                for n in [1, 7, 8, 9, 15, 16, 17, 40] {
                    let n_rows = 6;
                    let mut full = numbers.floats(n_rows * n);
                    full[0] = f32::NAN;
                    let (some, row) = (numbers.floats(3 * n), numbers.floats(n));
                    let (channels, scalar) = (numbers.floats(2), [f32::NAN]);
                    let operands = [
                        Operand::Rows(&full),
                        Operand::Rows(&some),
                        Operand::Rows(&row),
                        Operand::Columns(&channels),
                        Operand::Columns(&scalar),
                    ];
                    let at = |x: Operand<'_>, i: usize, j: usize| match x {
                        Operand::Rows(x) => x[i % (x.len() / n) * n + j],
                        Operand::Columns(x) => x[i % x.len()],
                    };
                    for a in operands {
                        for b in operands {
                            let mut got = vec![0.0; n_rows * n];
                            rows(isa, op, a, b, 0, n, &mut got);
                            for (i, &got) in got.iter().enumerate() {
                                let want = op.reference(at(a, i / n, i % n), at(b, i / n, i % n));
                                assert!(same(got, want), "{} {op:?} {n} {i}: {got} {want}", isa.name());
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn doors_agree_with_the_reference() {
        let mut numbers = Numbers::new(10);
        let (a, b) = (numbers.floats(50_001), numbers.floats(50_001));
        for op in ALL {
            let want: Vec<f32> = a.iter().zip(&b).map(|(&a, &b)| op.reference(a, b)).collect();
            let mut got = vec![0.0; a.len()];
            binary_f32(&ThreeThreads, op, Operand::Rows(&a), Operand::Rows(&b), &mut got, 3 * 7 * 2381);
            assert_eq!(got, want);
            binary_f32(&ThreeThreads, op, Operand::Rows(&a), Operand::Rows(&b), &mut got, 2381);
            assert_eq!(got, want);
            let mut got = a.clone();
            binary_in_place_f32(&Serial, op, &mut got, &b);
            assert_eq!(got, want);
        }
        binary_f32(&Serial, Binary::Add, Operand::Rows(&[]), Operand::Rows(&[]), &mut [], 0);
    }
}
