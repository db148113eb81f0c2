//! A vector against the rows of a matrix: products and squared distances.

use crate::arch::Simd;
use crate::dispatch::{self, vectorized};

/// `out[i] = x . rows[i]`
///
/// # Shapes
/// - `x`: `[k]`
/// - `rows`: `[out.len(), k]`, row-major
///
/// # Numerics
/// Each product is summed in an order that depends on the instruction set and `k` alone.
///
/// # Panics
/// If `rows` is too short: a bug in the caller.
pub fn dots(x: &[f32], rows: &[f32], out: &mut [f32]) {
    dots_on(dispatch::isa(), x, rows, out);
}

/// `out[i] = |x - rows[i]|^2`; else as [`dots`].
///
/// # Panics
/// As [`dots`].
pub fn squared_distances(x: &[f32], rows: &[f32], out: &mut [f32]) {
    squared_distances_on(dispatch::isa(), x, rows, out);
}

vectorized! {
    fn dots_on<'a>(x: &'a [f32], rows: &'a [f32], out: &'a mut [f32]) = dots_lanes;
}
vectorized! {
    fn squared_distances_on<'a>(x: &'a [f32], rows: &'a [f32], out: &'a mut [f32]) = squared_distances_lanes;
}

#[inline(always)]
fn dots_lanes<S: Simd>(s: S, x: &[f32], rows: &[f32], out: &mut [f32]) {
    each_row(s, x, rows, out, |a, b, sum| s.fma(a, b, sum));
}

#[inline(always)]
fn squared_distances_lanes<S: Simd>(s: S, x: &[f32], rows: &[f32], out: &mut [f32]) {
    each_row(s, x, rows, out, |a, b, sum| {
        let difference = s.sub(a, b);
        s.fma(difference, difference, sum)
    });
}

/// Folds each row against `x` with `step`, which must leave the sum alone where both are zero.
#[inline(always)]
fn each_row<S: Simd>(
    s: S,
    x: &[f32],
    rows: &[f32],
    out: &mut [f32],
    step: impl Fn(S::F, S::F, S::F) -> S::F,
) {
    let k = x.len();
    assert!(rows.len() >= out.len() * k, "rows are missing");
    for (i, out) in out.iter_mut().enumerate() {
        let row = &rows[i * k..][..k];
        // Two sums, so that one addition need not wait for the other.
        let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
        let mut at = 0;
        while at + 2 * S::LANES <= k {
            even = step(s.load(&x[at..]), s.load(&row[at..]), even);
            odd = step(s.load(&x[at + S::LANES..]), s.load(&row[at + S::LANES..]), odd);
            at += 2 * S::LANES;
        }
        if at + S::LANES <= k {
            even = step(s.load(&x[at..]), s.load(&row[at..]), even);
            at += S::LANES;
        }
        if at < k {
            odd = step(s.load_part(&x[at..]), s.load_part(&row[at..]), odd);
        }
        *out = s.sum(s.add(even, odd));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::{Numbers, assert_close};

    #[test]
    fn sums_agree_with_plain_ones() {
        for isa in Isa::available() {
            let mut numbers = Numbers::new(7);
            for k in [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100] {
                let (x, rows) = (numbers.floats(k), numbers.floats(3 * k));
                let plain = |f: fn(f32, f32) -> f32| -> Vec<f32> {
                    let row = |i: usize| {
                        x.iter().zip(&rows[i * k..]).map(|(&a, &b)| f64::from(f(a, b))).sum::<f64>()
                    };
                    (0..3).map(|i| row(i) as f32).collect()
                };
                let mut out = [9.0; 3];
                dots_on(isa, &x, &rows, &mut out);
                assert_close(&out, &plain(|a, b| a * b), 1e-5, "dots");
                squared_distances_on(isa, &x, &rows, &mut out);
                assert_close(&out, &plain(|a, b| (a - b) * (a - b)), 1e-5, "squared distances");
            }
        }
    }

    #[test]
    fn nan_and_infinity_spread() {
        let mut out = [0.0; 2];
        dots(&[1.0, f32::NAN], &[1.0, 1.0, 0.0, 0.0], &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        squared_distances(&[f32::INFINITY], &[1.0, 2.0], &mut out);
        assert_eq!(out, [f32::INFINITY; 2]);
    }
}
