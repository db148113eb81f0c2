//! Activation functions: the list, the scalar reference, and the vector form on slices.

use crate::arch::{Kernel, Simd};
use crate::dispatch::{self, vectorized};
use crate::lane_math;

/// A function applied to each element of a result.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    #[default]
    None,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, lo), hi)`
    Clip {
        /// Lower bound.
        lo: f32,
        /// Upper bound.
        hi: f32,
    },
    /// `x` if positive, else `alpha x`
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// `x` if positive, else `alpha (e^x - 1)`
    Elu {
        /// Scale of the negative side.
        alpha: f32,
    },
    /// `gamma x` if positive, else `gamma alpha (e^x - 1)`
    Selu {
        /// Scale of the negative side.
        alpha: f32,
        /// Scale of everything.
        gamma: f32,
    },
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `min(max(alpha x + beta, 0), 1)`
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `x min(max(x / 6 + 1/2, 0), 1)`
    HardSwish,
    /// `x sigmoid(x)`
    Silu,
    /// `x sigmoid(alpha x)`
    Swish {
        /// Scale inside the sigmoid.
        alpha: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// `x / 2 (1 + erf(x / sqrt 2))`
    GeluErf,
    /// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`
    GeluTanh,
    /// `log(1 + e^x)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x tanh(softplus(x))`
    Mish,
    /// `x` if above `alpha`, else 0
    ThresholdedRelu {
        /// The threshold.
        alpha: f32,
    },
}

impl Activation {
    /// The bounds, if the function only clamps. `None` counts, with infinite bounds.
    pub(crate) fn bounds(self) -> Option<(f32, f32)> {
        match self {
            Activation::None => Some((f32::NEG_INFINITY, f32::INFINITY)),
            Activation::Relu => Some((0.0, f32::INFINITY)),
            Activation::Clip { lo, hi } => Some((lo, hi)),
            _ => None,
        }
    }

    /// Applies the function to each element.
    pub fn apply(self, x: &mut [f32]) {
        if self != Activation::None {
            apply_with(dispatch::isa(), self, x);
        }
    }

    /// The function on one number, in `f64`: the reference for the vector form.
    pub fn reference(self, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match self {
            Activation::None => x,
            Activation::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Activation::Clip { lo, hi } => {
                let x = if x < f64::from(lo) { f64::from(lo) } else { x };
                if x > f64::from(hi) { f64::from(hi) } else { x }
            }
            Activation::LeakyRelu { alpha } => {
                if x < 0.0 {
                    f64::from(alpha) * x
                } else {
                    x
                }
            }
            Activation::Elu { alpha } => {
                if x < 0.0 {
                    f64::from(alpha) * x.exp_m1()
                } else {
                    x
                }
            }
            Activation::Selu { alpha, gamma } => f64::from(gamma) * Activation::Elu { alpha }.reference(x),
            Activation::Sigmoid => sigmoid(x),
            Activation::HardSigmoid { alpha, beta } => {
                (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0)
            }
            Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Activation::Silu => x * sigmoid(x),
            Activation::Swish { alpha } => x * sigmoid(f64::from(alpha) * x),
            Activation::Tanh => x.tanh(),
            Activation::GeluErf => {
                0.5 * x * (1.0 + crate::reference::erf(x * std::f64::consts::FRAC_1_SQRT_2))
            }
            Activation::GeluTanh => {
                let y = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + y.tanh())
            }
            Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::Mish => x * Activation::Softplus.reference(x).tanh(),
            Activation::ThresholdedRelu { alpha } => {
                if x > f64::from(alpha) {
                    x
                } else {
                    0.0
                }
            }
        }
    }
}

vectorized! {
    /// Applies `activation` in place with a given instruction set.
    pub(crate) fn apply_with<'a>(activation: Activation, x: &'a mut [f32]) = apply_lanes;
}

/// Applies `activation` from inside a kernel, out of line.
#[inline(always)]
pub(crate) fn apply_called<S: Simd>(s: S, activation: Activation, x: &mut [f32]) {
    struct Call<'a>(Activation, &'a mut [f32]);
    impl Kernel for Call<'_> {
        type Out = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            apply_lanes(s, self.0, self.1);
        }
    }
    if activation != Activation::None {
        s.vectorize(Call(activation, x));
    }
}

#[inline(always)]
fn apply_lanes<S: Simd>(s: S, activation: Activation, x: &mut [f32]) {
    // One loop per function, so that the choice is outside it.
    macro_rules! each {
        ($v:ident => $body:expr) => {{
            let mut chunks = x.chunks_exact_mut(S::LANES);
            while let Some(chunk) = chunks.next() {
                let $v = s.load(chunk);
                s.store($body, chunk);
            }
            let tail = chunks.into_remainder();
            if !tail.is_empty() {
                let $v = s.load_part(tail);
                s.store_part($body, tail);
            }
        }};
    }
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    match activation {
        Activation::None => {}
        Activation::Relu => each!(v => s.max(zero, v)),
        Activation::Clip { lo, hi } => {
            let (lo, hi) = (s.splat(lo), s.splat(hi));
            each!(v => s.min(hi, s.max(lo, v)))
        }
        Activation::LeakyRelu { alpha } => {
            let alpha = s.splat(alpha);
            each!(v => s.select(s.lt(v, zero), s.mul(v, alpha), v))
        }
        Activation::Elu { alpha } => {
            let alpha = s.splat(alpha);
            each!(v => s.select(s.lt(v, zero), s.mul(lane_math::exp_m1(s, v), alpha), v))
        }
        Activation::Selu { alpha, gamma } => {
            let (alpha, gamma) = (s.splat(alpha), s.splat(gamma));
            each!(v => s.mul(gamma, s.select(s.lt(v, zero), s.mul(lane_math::exp_m1(s, v), alpha), v)))
        }
        Activation::Sigmoid => each!(v => lane_math::sigmoid(s, v)),
        Activation::HardSigmoid { alpha, beta } => {
            let (alpha, beta) = (s.splat(alpha), s.splat(beta));
            each!(v => s.min(one, s.max(zero, s.fma(v, alpha, beta))))
        }
        Activation::HardSwish => {
            let (sixth, half) = (s.splat(1.0 / 6.0), s.splat(0.5));
            each!(v => s.mul(v, s.min(one, s.max(zero, s.fma(v, sixth, half)))))
        }
        Activation::Silu => each!(v => s.div(v, s.add(one, lane_math::exp(s, s.neg(v))))),
        Activation::Swish { alpha } => {
            let minus = s.splat(-alpha);
            each!(v => s.div(v, s.add(one, lane_math::exp(s, s.mul(v, minus)))))
        }
        Activation::Tanh => each!(v => lane_math::tanh(s, v)),
        Activation::GeluErf => {
            let (half, root) = (s.splat(0.5), s.splat(std::f32::consts::FRAC_1_SQRT_2));
            each!(v => s.mul(s.mul(half, v), s.add(one, lane_math::erf(s, s.mul(v, root)))))
        }
        Activation::GeluTanh => {
            // (1 + tanh y) / 2 = sigmoid(2 y)
            let (a, b) = (s.splat(-1.595_769_2), s.splat(0.044_715));
            each!(v => {
                let y = s.mul(v, s.fma(s.mul(v, v), b, one));
                s.div(v, s.add(one, lane_math::exp(s, s.mul(a, y))))
            })
        }
        Activation::Softplus => each!(v => softplus(s, v)),
        Activation::Softsign => each!(v => s.div(v, s.add(one, s.abs(v)))),
        Activation::Mish => each!(v => s.mul(v, lane_math::tanh(s, softplus(s, v)))),
        Activation::ThresholdedRelu { alpha } => {
            let alpha = s.splat(alpha);
            each!(v => s.select(s.le(v, alpha), zero, v))
        }
    }
}

#[inline(always)]
fn softplus<S: Simd>(s: S, x: S::F) -> S::F {
    let e = lane_math::exp(s, s.neg(s.abs(x)));
    s.add(s.max(s.splat(0.0), x), lane_math::log_1p_non_negative(s, e))
}
