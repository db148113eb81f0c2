//! Elementary functions on vectors: exp, log, tanh, sigmoid, erf and what activations need.
//!
//! Polynomials were fitted by weighted least squares to about 1e-8 relative; each function's error against `f64` is
//! a few units in the last place, see the tests in `unary`.

use crate::arch::Simd;

const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;

/// Coefficients from the constant term up.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::F, coefficients: [f32; N]) -> S::F {
    let mut y = s.splat(coefficients[N - 1]);
    for i in (0..N - 1).rev() {
        y = s.fma(y, x, s.splat(coefficients[i]));
    }
    y
}

/// `(n, r, r^2 * p)` with `x = n ln 2 + r` and `e^r = 1 + r + r^2 * p`.
#[inline(always)]
fn exp_parts<S: Simd>(s: S, x: S::F) -> (S::F, S::F, S::F) {
    const P: [f32; 5] = [0.499_999_94, 0.166_665_2, 0.041_668_393, 0.008_368_781, 0.001_381_446_6];
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.fma(n, s.splat(-LN2_HI), x);
    let r = s.fma(n, s.splat(-LN2_LO), r);
    (n, r, s.mul(s.mul(r, r), polynomial(s, r, P)))
}

/// `2^n` for integral `n` in `-126..=127`.
#[inline(always)]
fn power_of_two<S: Simd>(s: S, n: S::I) -> S::F {
    s.from_bits(s.shl::<23>(s.add_i(n, s.splat_i(127))))
}

/// `e^x`
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    // `max` and `min` give their second argument for NaN, so NaN passes through.
    let x = s.min(s.splat(89.0), s.max(s.splat(-104.0), x));
    let (n, r, q) = exp_parts(s, x);
    let y = s.add(s.add(r, q), s.splat(1.0));
    // In two steps, so that neither power of two leaves the normal range.
    let n = s.to_int(n);
    let half = s.shr::<1>(n);
    s.mul(s.mul(y, power_of_two(s, half)), power_of_two(s, s.sub_i(n, half)))
}

/// `e^x` for `x <= 0`; below -87, where the result would not be a normal number, it is 0.
#[inline(always)]
pub fn exp_non_positive<S: Simd>(s: S, x: S::F) -> S::F {
    let (n, r, q) = exp_parts(s, s.max(s.splat(-88.0), x));
    let y = s.add(s.add(r, q), s.splat(1.0));
    let y = s.mul(y, power_of_two(s, s.to_int(n)));
    s.select(s.lt(x, s.splat(-87.0)), s.splat(0.0), y)
}

/// `e^x - 1`
#[inline(always)]
pub fn exp_m1<S: Simd>(s: S, x: S::F) -> S::F {
    let near = s.lt(s.abs(x), s.splat(0.34));
    let (_, r, q) = exp_parts(s, s.select(near, x, s.splat(0.0)));
    s.select(near, s.add(r, q), s.sub(exp(s, x), s.splat(1.0)))
}

/// Natural logarithm.
#[inline(always)]
pub fn log<S: Simd>(s: S, x: S::F) -> S::F {
    const P: [f32; 8] = [
        0.333_333_3,
        -0.250_008_2,
        0.200_012_27,
        -0.166_233_57,
        0.142_017_59,
        -0.131_601_86,
        0.127_615_7,
        -0.076_344_82,
    ];
    let zero = s.splat(0.0);
    let tiny = s.lt(x, s.splat(f32::MIN_POSITIVE));
    let scaled = s.select(tiny, s.mul(x, s.splat(8_388_608.0)), x);
    let shift = s.select(tiny, s.splat(-23.0), zero);
    let bits = s.to_bits(scaled);
    let e = s.shr::<23>(s.sub_i(bits, s.splat_i(0x3f35_04f3)));
    let f = s.sub(s.from_bits(s.sub_i(bits, s.shl::<23>(e))), s.splat(1.0));
    let e = s.add(s.from_int(e), shift);
    let f2 = s.mul(f, f);
    let tail = s.mul(s.mul(f2, f), polynomial(s, f, P));
    let tail = s.fma(e, s.splat(LN2_LO), s.fma(f2, s.splat(-0.5), tail));
    let y = s.fma(e, s.splat(LN2_HI), s.add(f, tail));
    let y = s.select(s.eq(x, zero), s.splat(f32::NEG_INFINITY), y);
    let y = s.select(s.lt(x, zero), s.splat(f32::NAN), y);
    // Infinity and NaN answer themselves.
    s.select(s.lt(x, s.splat(f32::INFINITY)), y, x)
}

/// `log(1 + x)` for `x >= 0`
#[inline(always)]
pub fn log_1p_non_negative<S: Simd>(s: S, x: S::F) -> S::F {
    let u = s.add(x, s.splat(1.0));
    let d = s.sub(u, s.splat(1.0));
    let exact = s.eq(d, s.splat(0.0));
    let scaled = s.div(s.mul(log(s, u), x), s.select(exact, s.splat(1.0), d));
    s.select(exact, x, scaled)
}

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh<S: Simd>(s: S, x: S::F) -> S::F {
    const P: [f32; 5] = [-0.333_332_84, 0.133_314_9, -0.053_743_497, 0.020_650_586, -0.005_717_043_4];
    let magnitude = s.abs(x);
    let u = s.mul(x, x);
    let near = s.fma(s.mul(x, u), polynomial(s, u, P), x);
    let e = exp(s, s.add(magnitude, magnitude));
    let far = s.sub(s.splat(1.0), s.div(s.splat(2.0), s.add(e, s.splat(1.0))));
    s.select(s.lt(magnitude, s.splat(0.625)), near, s.copysign(far, x))
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, x: S::F) -> S::F {
    s.div(s.splat(1.0), s.add(s.splat(1.0), exp(s, s.neg(x))))
}

/// The error function.
#[inline(always)]
pub fn erf<S: Simd>(s: S, x: S::F) -> S::F {
    const NEAR: [f32; 7] = [
        std::f32::consts::FRAC_2_SQRT_PI,
        -0.376_126_26,
        0.112_835_854,
        -0.026_853_811,
        0.005_188_327_7,
        -0.000_801_019_3,
        7.853_861e-5,
    ];
    // log(erfc(t)) on 1..4
    const FAR: [f32; 7] = [
        -0.000_341_520_6,
        -1.127_089_1,
        -0.638_144_8,
        -0.103_106_77,
        0.021_838_073,
        -0.002_947_660_4,
        0.000_186_379_4,
    ];
    let magnitude = s.abs(x);
    let u = s.mul(x, x);
    let near = s.mul(x, polynomial(s, u, NEAR));
    let t = s.min(s.splat(4.0), magnitude);
    let far = s.sub(s.splat(1.0), exp_non_positive(s, polynomial(s, t, FAR)));
    s.select(s.lt(magnitude, s.splat(1.0)), near, s.copysign(far, x))
}
