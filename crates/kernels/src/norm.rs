//! Normalisation of rows, and softmax.

use dunlin_sys::Parallel;

use crate::arch::{MAX_LANES, Simd};
use crate::dispatch::{self, vectorized};
use crate::lane_math;
use crate::slice::{for_each_rows, load_clipped, map_lanes, store_clipped};

/// What scales and shifts a normalised row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Affine<'a> {
    /// Factors.
    pub scale: Option<&'a [f32]>,
    /// Added after scaling.
    pub bias: Option<&'a [f32]>,
}

/// How the factors of an [`Affine`] lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AffineAlong {
    /// One per element of a row: layer norm, RMS norm.
    Row,
    /// One per row, taken modulo their number: instance norm over `[batch * c, pixels]`.
    Rows,
}

/// What is taken out of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// The mean, then the standard deviation.
    Standard,
    /// The root of the mean square only.
    RootMeanSquare,
}

/// `out = (x - mean) / sqrt(variance + epsilon) * scale + bias` for each row of `n` elements.
///
/// # Numerics
/// Mean and variance in two passes with `f32` partial sums per lane.
///
/// # Panics
/// If lengths do not fit: a bug in the caller.
pub fn norm_rows_f32(
    pool: &dyn Parallel,
    kind: NormKind,
    x: &[f32],
    n: usize,
    affine: Affine<'_>,
    along: AffineAlong,
    epsilon: f32,
    out: &mut [f32],
) {
    assert_eq!(x.len(), out.len(), "operand and result differ in length");
    if out.is_empty() {
        return;
    }
    assert_eq!(x.len() % n, 0, "operand is not whole rows");
    for part in [affine.scale, affine.bias].into_iter().flatten() {
        assert!(
            !part.is_empty() && (along == AffineAlong::Rows || part.len() == n),
            "factors do not fit the row"
        );
    }
    let isa = dispatch::isa();
    for_each_rows(pool, out, n, n, &|first, out| {
        let job = Norm { kind, affine, along, epsilon, first, n };
        norm_rows(isa, job, &x[first * n..][..out.len()], out);
    });
}

/// Layer norm over rows of `n`: see [`norm_rows_f32`].
pub fn layer_norm_f32(
    pool: &dyn Parallel,
    x: &[f32],
    n: usize,
    affine: Affine<'_>,
    epsilon: f32,
    out: &mut [f32],
) {
    norm_rows_f32(pool, NormKind::Standard, x, n, affine, AffineAlong::Row, epsilon, out);
}

/// RMS norm over rows of `n`: see [`norm_rows_f32`].
pub fn rms_norm_f32(
    pool: &dyn Parallel,
    x: &[f32],
    n: usize,
    affine: Affine<'_>,
    epsilon: f32,
    out: &mut [f32],
) {
    norm_rows_f32(pool, NormKind::RootMeanSquare, x, n, affine, AffineAlong::Row, epsilon, out);
}

#[derive(Clone, Copy)]
struct Norm<'a> {
    kind: NormKind,
    affine: Affine<'a>,
    along: AffineAlong,
    epsilon: f32,
    first: usize,
    n: usize,
}

vectorized! {
    fn norm_rows<'a>(job: Norm<'a>, x: &'a [f32], out: &'a mut [f32]) = norm_rows_lanes;
}

#[inline(always)]
fn norm_rows_lanes<S: Simd>(s: S, job: Norm<'_>, x: &[f32], out: &mut [f32]) {
    let n = job.n as f32;
    for (i, (x, out)) in x.chunks_exact(job.n).zip(out.chunks_exact_mut(job.n)).enumerate() {
        let mean = match job.kind {
            NormKind::Standard => sum_by(s, x, s.splat(0.0), false) / n,
            NormKind::RootMeanSquare => 0.0,
        };
        let variance = sum_by(s, x, s.splat(mean), true) / n;
        let (mean, factor) = (s.splat(mean), s.splat(1.0 / (variance + job.epsilon).sqrt()));
        match job.along {
            AffineAlong::Rows => {
                let pick =
                    |part: Option<&[f32]>, none: f32| part.map_or(none, |p| p[(job.first + i) % p.len()]);
                let factor = s.mul(factor, s.splat(pick(job.affine.scale, 1.0)));
                let bias = s.splat(pick(job.affine.bias, 0.0));
                map_lanes!(s, out, |v in x| s.fma(s.sub(v, mean), factor, bias));
            }
            AffineAlong::Row => match (job.affine.scale, job.affine.bias) {
                (Some(scale), Some(bias)) => {
                    map_lanes!(s, out, |v in x, w in scale, b in bias| s.fma(s.mul(s.sub(v, mean), factor), w, b))
                }
                (Some(scale), None) => {
                    map_lanes!(s, out, |v in x, w in scale| s.mul(s.mul(s.sub(v, mean), factor), w))
                }
                (None, Some(bias)) => {
                    map_lanes!(s, out, |v in x, b in bias| s.fma(s.sub(v, mean), factor, b))
                }
                (None, None) => map_lanes!(s, out, |v in x| s.mul(s.sub(v, mean), factor)),
            },
        }
    }
}

/// The sum of `x - mean`, or of its square.
#[inline(always)]
fn sum_by<S: Simd>(s: S, x: &[f32], mean: S::F, squared: bool) -> f32 {
    let add = |acc: S::F, v: S::F| {
        let v = s.sub(v, mean);
        if squared { s.fma(v, v, acc) } else { s.add(acc, v) }
    };
    let mut acc = [s.splat(0.0); 4];
    let mut blocks = x.chunks_exact(4 * S::LANES);
    for block in blocks.by_ref() {
        for i in 0..4 {
            acc[i] = add(acc[i], s.load(&block[i * S::LANES..]));
        }
    }
    let mut rest = blocks.remainder();
    while rest.len() >= S::LANES {
        acc[0] = add(acc[0], s.load(rest));
        rest = &rest[S::LANES..];
    }
    let mut lanes = [0.0; MAX_LANES];
    s.store(add(s.splat(0.0), s.load_part(rest)), &mut lanes);
    let last: f32 = lanes[..rest.len()].iter().sum();
    s.sum(s.add(s.add(acc[0], acc[1]), s.add(acc[2], acc[3]))) + last
}

/// Softmax or its logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftmaxKind {
    /// `e^x / sum e^x`
    Softmax,
    /// `x - log sum e^x`
    LogSoftmax,
}

/// Softmax over the middle axis of `[outer, n, inner]` (`inner` is 1 for the last axis).
///
/// # Numerics
/// The maximum is taken out first; elements more than 87 below it count as 0. A row of minus infinity is NaN.
///
/// # Panics
/// If lengths do not fit: a bug in the caller.
pub fn softmax_f32(
    pool: &dyn Parallel,
    kind: SoftmaxKind,
    x: &[f32],
    n: usize,
    inner: usize,
    out: &mut [f32],
) {
    assert_eq!(x.len(), out.len(), "operand and result differ in length");
    if out.is_empty() {
        return;
    }
    assert_eq!(x.len() % (n * inner), 0, "operand is not whole rows");
    let isa = dispatch::isa();
    for_each_rows(pool, out, n * inner, 4 * n * inner, &|first, out| {
        softmax(isa, kind, &x[first * n * inner..][..out.len()], n, inner, out);
    });
}

vectorized! {
    fn softmax<'a>(kind: SoftmaxKind, x: &'a [f32], n: usize, inner: usize, out: &'a mut [f32]) = softmax_lanes;
}

#[inline(always)]
fn softmax_lanes<S: Simd>(s: S, kind: SoftmaxKind, x: &[f32], n: usize, inner: usize, out: &mut [f32]) {
    for (x, out) in x.chunks_exact(n * inner).zip(out.chunks_exact_mut(n * inner)) {
        if inner == 1 {
            softmax_row(s, kind, x, out);
        } else {
            softmax_columns(s, kind, x, inner, out);
        }
    }
}

#[inline(always)]
fn softmax_row<S: Simd>(s: S, kind: SoftmaxKind, x: &[f32], out: &mut [f32]) {
    let max = s.splat(row_max(s, x));
    let mut sum = s.splat(0.0);
    match kind {
        SoftmaxKind::Softmax => {
            map_lanes!(s, out, |v in x| {

                lane_math::exp_non_positive(s, s.sub(v, max))
            });
            let total = sum_by(s, out, s.splat(0.0), false);
            let factor = s.splat(1.0 / total);
            let mut i = 0;
            while i < out.len() {
                let v = s.mul(load_clipped(s, &out[i..]), factor);
                store_clipped(s, v, &mut out[i..]);
                i += S::LANES;
            }
        }
        SoftmaxKind::LogSoftmax => {
            let whole = x.len() - x.len() % S::LANES;
            let mut i = 0;
            while i < whole {
                sum = s.add(sum, lane_math::exp_non_positive(s, s.sub(s.load(&x[i..]), max)));
                i += S::LANES;
            }
            let mut lanes = [0.0; MAX_LANES];
            s.store(lane_math::exp_non_positive(s, s.sub(s.load_part(&x[whole..]), max)), &mut lanes);
            let rest: f32 = lanes[..x.len() - whole].iter().sum();
            let shift = s.splat((s.sum(sum) + rest).ln());
            map_lanes!(s, out, |v in x| s.sub(s.sub(v, max), shift));
        }
    }
}

#[inline(always)]
fn row_max<S: Simd>(s: S, x: &[f32]) -> f32 {
    let mut acc = [s.splat(f32::NEG_INFINITY); 2];
    let whole = x.len() - x.len() % S::LANES;
    let mut i = 0;
    while i < whole {
        acc = [acc[1], s.max_nan(acc[0], s.load(&x[i..]))];
        i += S::LANES;
    }
    let max = s.max_lane(s.max_nan(acc[0], acc[1]));
    x[whole..].iter().fold(max, |m, &x| if m.is_nan() || x <= m { m } else { x })
}

#[inline(always)]
fn softmax_columns<S: Simd>(s: S, kind: SoftmaxKind, x: &[f32], inner: usize, out: &mut [f32]) {
    let n = x.len() / inner;
    let mut i = 0;
    while i < inner {
        let width = S::LANES.min(inner - i);
        let at = |j: usize| j * inner + i..j * inner + i + width;
        let mut max = s.splat(f32::NEG_INFINITY);
        for j in 0..n {
            max = s.max_nan(max, load_clipped(s, &x[at(j)]));
        }
        let mut sum = s.splat(0.0);
        for j in 0..n {
            let e = lane_math::exp_non_positive(s, s.sub(load_clipped(s, &x[at(j)]), max));
            store_clipped(s, e, &mut out[at(j)]);
            sum = s.add(sum, e);
        }
        match kind {
            SoftmaxKind::Softmax => {
                let factor = s.div(s.splat(1.0), sum);
                for j in 0..n {
                    let v = s.mul(load_clipped(s, &out[at(j)]), factor);
                    store_clipped(s, v, &mut out[at(j)]);
                }
            }
            SoftmaxKind::LogSoftmax => {
                let shift = lane_math::log(s, sum);
                for j in 0..n {
                    let v = s.sub(s.sub(load_clipped(s, &x[at(j)]), max), shift);
                    store_clipped(s, v, &mut out[at(j)]);
                }
            }
        }
        i += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::{Numbers, assert_close};

    #[test]
    fn norms_are_right() {
        let mut numbers = Numbers::new(13);
        for isa in Isa::available() {
            for n in [1, 5, 8, 16, 17, 31, 33, 384] {
                let n_rows = 4;
                let x: Vec<f32> = numbers.floats(n_rows * n).iter().map(|x| x * 3.0 + 5.0).collect();
                let (scale, bias) = (numbers.floats(n), numbers.floats(n));
                for kind in [NormKind::Standard, NormKind::RootMeanSquare] {
                    for along in [AffineAlong::Row, AffineAlong::Rows] {
                        for (with_scale, with_bias) in
                            [(true, true), (true, false), (false, true), (false, false)]
                        {
                            let affine = Affine {
                                scale: with_scale.then_some(&*scale),
                                bias: with_bias.then_some(&*bias),
                            };
                            let job = Norm { kind, affine, along, epsilon: 1e-3, first: 0, n };
                            let mut got = vec![0.0; x.len()];
                            norm_rows(isa, job, &x, &mut got);
                            let want: Vec<f32> = (0..x.len())
                                .map(|i| {
                                    let row: Vec<f64> =
                                        x[i / n * n..][..n].iter().map(|&x| x.into()).collect();
                                    let mean = match kind {
                                        NormKind::Standard => row.iter().sum::<f64>() / n as f64,
                                        NormKind::RootMeanSquare => 0.0,
                                    };
                                    let variance =
                                        row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
                                    let at = if along == AffineAlong::Row { i % n } else { i / n % n };
                                    let y = (row[i % n] - mean) / (variance + 1e-3).sqrt();
                                    let y = if with_scale { y * f64::from(scale[at]) } else { y };
                                    (if with_bias { y + f64::from(bias[at]) } else { y }) as f32
                                })
                                .collect();
                            assert_close(
                                &got,
                                &want,
                                1e-5,
                                &format!("{} {kind:?} {along:?} {n}", isa.name()),
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn softmaxes_are_right() {
        let mut numbers = Numbers::new(14);
        for isa in Isa::available() {
            for (outer, n, inner) in
                [(3, 1, 1), (2, 7, 1), (2, 16, 1), (2, 33, 1), (1, 200, 1), (2, 5, 3), (2, 9, 40)]
            {
                let mut x: Vec<f32> = numbers.floats(outer * n * inner).iter().map(|x| x * 20.0).collect();
                if n > 1 {
                    x[0] = f32::NEG_INFINITY;
                }
                for kind in [SoftmaxKind::Softmax, SoftmaxKind::LogSoftmax] {
                    let mut got = vec![0.0; x.len()];
                    softmax(isa, kind, &x, n, inner, &mut got);
                    let want: Vec<f32> = (0..x.len())
                        .map(|i| {
                            let (o, c) = (i / (n * inner), i % inner);
                            let cell = |j: usize| f64::from(x[(o * n + j) * inner + c]);
                            let max = (0..n).map(cell).fold(f64::MIN, f64::max);
                            let sum: f64 = (0..n).map(|j| (cell(j) - max).exp()).sum();
                            let v = f64::from(x[i]) - max;
                            (if kind == SoftmaxKind::Softmax { v.exp() / sum } else { v - sum.ln() }) as f32
                        })
                        .collect();
                    assert_close(&got, &want, 1e-6, &format!("{} {kind:?} {n} {inner}", isa.name()));
                }
            }
            let mut got = [0.0; 3];
            softmax(isa, SoftmaxKind::Softmax, &[1.0, f32::NAN, 2.0], 3, 1, &mut got);
            assert!(got.iter().all(|x| x.is_nan()));
        }
    }
}
