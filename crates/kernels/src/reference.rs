//! Scalar functions that the references of several kernels share.

/// The error function, to about 1e-15: Maclaurin series near 0, continued fraction of erfc far from it.
pub fn erf(x: f64) -> f64 {
    let t = x.abs();
    if x.is_nan() {
        return x;
    }
    let magnitude = if t < 2.5 {
        let (mut term, mut sum) = (t, t);
        for n in 1..80 {
            term *= -t * t / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else if t < 7.0 {
        let fraction = (1..80).rev().fold(t, |f, n| t + f64::from(n) / 2.0 / f);
        1.0 - (-t * t).exp() / (fraction * std::f64::consts::PI.sqrt())
    } else {
        1.0
    };
    magnitude.copysign(x)
}
