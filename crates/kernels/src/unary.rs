//! Functions of one `f32`, on slices.

use dunlin_sys::Parallel;

use crate::activation::{Activation, apply_with};
use crate::arch::Simd;
use crate::dispatch::{self, vectorized};
use crate::lane_math;
use crate::slice::{for_each_rows, map_lanes};

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Unary {
    /// `e^x`
    Exp,
    /// Natural logarithm.
    Log,
    /// The error function.
    Erf,
    /// Square root.
    Sqrt,
    /// `1 / x`
    Reciprocal,
    /// Magnitude.
    Abs,
    /// `-x`
    Neg,
    /// `x x`
    Square,
    /// To the nearest integer, ties to even.
    Round,
    /// Any activation.
    Activation(Activation),
}

impl Unary {
    /// The function in `f64`: the reference.
    pub fn reference(self, x: f64) -> f64 {
        match self {
            Unary::Exp => x.exp(),
            Unary::Log => x.ln(),
            Unary::Erf => crate::reference::erf(x),
            Unary::Sqrt => x.sqrt(),
            Unary::Reciprocal => 1.0 / x,
            Unary::Abs => x.abs(),
            Unary::Neg => -x,
            Unary::Square => x * x,
            Unary::Round => x.round_ties_even(),
            Unary::Activation(a) => a.reference(x),
        }
    }
}

/// `out[i] = op(x[i])`.
///
/// # Panics
/// If the lengths differ: a bug in the caller.
pub fn unary_f32(pool: &dyn Parallel, op: Unary, x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "operand and result differ in length");
    let isa = dispatch::isa();
    for_each_rows(pool, out, 1, 1, &|first, out| unary_with(isa, op, &x[first..][..out.len()], out));
}

fn unary_with(isa: dispatch::Isa, op: Unary, x: &[f32], out: &mut [f32]) {
    /// Elements copied before a function is applied to them in place, so that they are still in cache.
    const BLOCK: usize = 2048;
    if let Unary::Activation(activation) = op {
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            out.copy_from_slice(x);
            apply_with(isa, activation, out);
        }
    } else {
        unary_by_lanes(isa, op, x, out);
    }
}

/// `x[i] = op(x[i])`.
pub fn unary_in_place_f32(pool: &dyn Parallel, activation: Activation, x: &mut [f32]) {
    let isa = dispatch::isa();
    for_each_rows(pool, x, 1, 1, &|_, x| apply_with(isa, activation, x));
}

vectorized! {
    fn unary_by_lanes<'a>(op: Unary, x: &'a [f32], out: &'a mut [f32]) = unary_lanes;
}

#[inline(always)]
fn unary_lanes<S: Simd>(s: S, op: Unary, x: &[f32], out: &mut [f32]) {
    match op {
        Unary::Exp => map_lanes!(s, out, |v in x| lane_math::exp(s, v)),
        Unary::Log => map_lanes!(s, out, |v in x| lane_math::log(s, v)),
        Unary::Erf => map_lanes!(s, out, |v in x| lane_math::erf(s, v)),
        Unary::Sqrt => map_lanes!(s, out, |v in x| s.sqrt(v)),
        Unary::Reciprocal => map_lanes!(s, out, |v in x| s.div(s.splat(1.0), v)),
        Unary::Abs => map_lanes!(s, out, |v in x| s.abs(v)),
        Unary::Neg => map_lanes!(s, out, |v in x| s.neg(v)),
        Unary::Square => map_lanes!(s, out, |v in x| s.mul(v, v)),
        Unary::Round => map_lanes!(s, out, |v in x| s.round(v)),
        Unary::Activation(_) => out.copy_from_slice(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Isa;
    use crate::testing::Numbers;

    /// Each function, and its error in units of the last place plus an absolute part (where results cancel).
    const CASES: [(Unary, f64, f64); 27] = [
        (Unary::Exp, 1.5, 1.5e-45),
        (Unary::Log, 1.5, 0.0),
        (Unary::Erf, 2.0, 0.0),
        (Unary::Sqrt, 0.5, 0.0),
        (Unary::Reciprocal, 0.5, 0.0),
        (Unary::Abs, 0.0, 0.0),
        (Unary::Neg, 0.0, 0.0),
        (Unary::Square, 0.5, 1e-45),
        (Unary::Round, 0.0, 0.0),
        (Unary::Activation(Activation::None), 0.0, 0.0),
        (Unary::Activation(Activation::Relu), 0.0, 0.0),
        (Unary::Activation(Activation::Clip { lo: -1.0, hi: 6.0 }), 0.0, 0.0),
        (Unary::Activation(Activation::LeakyRelu { alpha: 0.1 }), 0.5, 1e-45),
        (Unary::Activation(Activation::Elu { alpha: 1.5 }), 4.0, 0.0),
        (Unary::Activation(Activation::Selu { alpha: 1.5, gamma: 1.1 }), 5.0, 0.0),
        (Unary::Activation(Activation::Sigmoid), 3.0, 1e-37),
        (Unary::Activation(Activation::HardSigmoid { alpha: 0.2, beta: 0.5 }), 1.0, 1e-7),
        (Unary::Activation(Activation::HardSwish), 2.0, 1e-7),
        (Unary::Activation(Activation::Silu), 3.0, 1e-35),
        (Unary::Activation(Activation::Swish { alpha: 1.702 }), 3.5, 1e-6),
        (Unary::Activation(Activation::Tanh), 2.0, 0.0),
        (Unary::Activation(Activation::GeluErf), 3.0, 3e-7),
        (Unary::Activation(Activation::GeluTanh), 3.0, 3e-6),
        (Unary::Activation(Activation::Softplus), 3.0, 1e-37),
        (Unary::Activation(Activation::Softsign), 1.5, 0.0),
        (Unary::Activation(Activation::Mish), 5.0, 1e-34),
        (Unary::Activation(Activation::ThresholdedRelu { alpha: 0.5 }), 0.0, 0.0),
    ];

    fn inputs() -> Vec<f32> {
        let mut numbers = Numbers::new(8);
        let mut x =
            vec![0.0, -0.0, 1.0, -1.0, f32::MIN_POSITIVE, 1e-40, -1e-40, 0.625, 88.7, -87.4, 1e30, -1e30];
        for scale in [1e-30, 1e-3, 0.3, 1.0, 3.0, 10.0, 100.0] {
            x.extend((0..3000).map(|_| numbers.float() * scale));
        }
        x
    }

    #[test]
    fn functions_are_within_their_error() {
        let x = inputs();
        let mut failures = Vec::new();
        for isa in Isa::available() {
            for (op, ulps, absolute) in CASES {
                let mut got = vec![0.0; x.len()];
                unary_with(isa, op, &x, &mut got);
                let mut worst = (0.0, 0.0, 0.0);
                for (&x, &got) in x.iter().zip(&got) {
                    let want = op.reference(f64::from(x));
                    let rounded = want as f32;
                    if rounded.to_bits() == got.to_bits() || (rounded.is_nan() && got.is_nan()) {
                        continue;
                    }
                    let ulp = f64::from(f32::from_bits((rounded.abs().to_bits()).max(0x0080_0000) + 1))
                        - f64::from(f32::from_bits((rounded.abs().to_bits()).max(0x0080_0000)));
                    let error = ((f64::from(got) - want).abs() - absolute).max(0.0) / ulp;
                    if error.is_nan() || error > worst.0 {
                        worst = (error, x, got);
                    }
                }
                if worst.0.is_nan() || worst.0 > ulps + 0.5 {
                    failures.push(format!(
                        "{} {op:?}: {:.2} ulp at {}: {}",
                        isa.name(),
                        worst.0,
                        worst.1,
                        worst.2
                    ));
                }
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[test]
    fn nan_infinity_and_tails() {
        for isa in Isa::available() {
            for (op, ..) in CASES {
                for len in [0, 1, 7, 8, 9, 15, 16, 17, 33] {
                    let x = vec![f32::NAN; len];
                    let mut got = vec![0.0; len + 1];
                    unary_with(isa, op, &x, &mut got[..len]);
                    assert!(got[..len].iter().all(|x| x.is_nan()), "{} {op:?} {len}", isa.name());
                    assert_eq!(got[len], 0.0);
                }
            }
            let ends = [f32::INFINITY, f32::NEG_INFINITY];
            for (op, want) in [
                (Unary::Exp, [f32::INFINITY, 0.0]),
                (Unary::Log, [f32::INFINITY, f32::NAN]),
                (Unary::Erf, [1.0, -1.0]),
                (Unary::Activation(Activation::Tanh), [1.0, -1.0]),
                (Unary::Activation(Activation::Sigmoid), [1.0, 0.0]),
                (Unary::Activation(Activation::Softplus), [f32::INFINITY, 0.0]),
            ] {
                let mut got = [0.0; 2];
                unary_with(isa, op, &ends, &mut got);
                let same = got.iter().zip(&want).all(|(g, w)| g == w || (g.is_nan() && w.is_nan()));
                assert!(same, "{} {op:?}: {got:?}", isa.name());
            }
        }
    }
}
