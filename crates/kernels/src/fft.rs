//! Fourier transforms of any length in double precision: by factors where they are small, by convolution otherwise.

use std::f64::consts::TAU;

use dunlin_sys::OutOfMemory;

/// A complex number: real and imaginary part.
pub type Complex = [f64; 2];

/// The greatest prime factor that is transformed by its definition.
const MAX_PRIME: usize = 31;

/// A transform of one length, prepared.
#[derive(Debug)]
pub struct Fft {
    n: usize,
    method: Method,
}

#[derive(Debug)]
enum Method {
    /// Splitting by each prime factor in turn.
    Factors { primes: Vec<usize>, roots: Vec<Complex> },
    /// As a convolution with a chirp, by transforms of a power of two (Bluestein's method).
    Chirp { inner: Box<Fft>, chirp: Vec<Complex>, filter: Vec<Complex> },
}

impl Fft {
    /// Prepares transforms of `n` elements.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the tables.
    pub fn new(n: usize) -> Result<Fft, OutOfMemory> {
        let primes = primes(n);
        if primes.last().is_none_or(|&prime| prime <= MAX_PRIME) {
            let roots = filled(n, |i| root(i, n))?;
            return Ok(Fft { n, method: Method::Factors { primes, roots } });
        }
        let inner_n = (2 * n - 1).next_power_of_two();
        let inner = Fft::new(inner_n)?;
        // The square is taken modulo the period, which keeps the angle exact.
        let square = |i: usize| (i as u128 * i as u128 % (2 * n as u128)) as usize;
        let chirp = filled(n, |i| root(square(i), 2 * n))?;
        let mut spread = filled(inner_n, |_| [0.0; 2])?;
        for (i, &[re, im]) in chirp.iter().enumerate() {
            spread[i] = [re, -im];
            spread[(inner_n - i) % inner_n] = [re, -im];
        }
        let mut filter = filled(inner_n, |_| [0.0; 2])?;
        inner.transform(&spread, &mut filter)?;
        Ok(Fft { n, method: Method::Chirp { inner: Box::new(inner), chirp, filter } })
    }

    /// The number of elements.
    pub fn n(&self) -> usize {
        self.n
    }

    /// `y[k] = sum over i of x[i] e^(-2 pi j i k / n)`.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for intermediate results.
    ///
    /// # Panics
    /// If `x` or `y` has not [`Fft::n`] elements: a bug in the caller.
    pub fn transform(&self, x: &[Complex], y: &mut [Complex]) -> Result<(), OutOfMemory> {
        assert!(x.len() == self.n && y.len() == self.n, "operand or result has another length");
        match &self.method {
            Method::Factors { primes, roots } => {
                split(x, 1, y, primes, roots);
                Ok(())
            }
            Method::Chirp { inner, chirp, filter } => convolve(x, y, inner, chirp, filter),
        }
    }

    /// The inverse of [`Fft::transform`], divided by the length.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for intermediate results.
    ///
    /// # Panics
    /// As [`Fft::transform`].
    pub fn inverse(&self, x: &[Complex], y: &mut [Complex]) -> Result<(), OutOfMemory> {
        self.transform(x, y)?;
        if self.n > 1 {
            y[1..].reverse();
        }
        let scale = 1.0 / self.n as f64;
        y.iter_mut().for_each(|[re, im]| (*re, *im) = (*re * scale, *im * scale));
        Ok(())
    }
}

/// The prime factors of `n`, the smallest first.
fn primes(mut n: usize) -> Vec<usize> {
    let mut primes = Vec::new();
    let mut prime = 2;
    while n > 1 {
        if n.is_multiple_of(prime) {
            primes.push(prime);
            n /= prime;
        } else if prime > n / prime {
            primes.push(n);
            break;
        } else {
            prime += 1;
        }
    }
    primes
}

/// `e^(-2 pi j i / n)`
fn root(i: usize, n: usize) -> Complex {
    let (sin, cos) = (TAU * i as f64 / n as f64).sin_cos();
    [cos, -sin]
}

fn filled(n: usize, f: impl FnMut(usize) -> Complex) -> Result<Vec<Complex>, OutOfMemory> {
    let mut elements = Vec::new();
    let requested_bytes = n.saturating_mul(size_of::<Complex>());
    elements.try_reserve_exact(n).map_err(|_| OutOfMemory { requested_bytes })?;
    elements.extend((0..n).map(f));
    Ok(elements)
}

/// Transforms each `primes[0]`-th element of `x` and joins the results. `x` has `y.len()` elements, `stride` apart.
fn split(x: &[Complex], stride: usize, y: &mut [Complex], primes: &[usize], roots: &[Complex]) {
    let Some((&prime, rest)) = primes.split_first() else {
        y.copy_from_slice(&x[..y.len()]);
        return;
    };
    let part = y.len() / prime;
    for (i, y) in y.chunks_exact_mut(part).enumerate() {
        split(&x[i * stride..], stride * prime, y, rest, roots);
    }
    // `stride` is also the step between the roots of this length in the table of the whole.
    if prime == 2 {
        let (low, high) = y.split_at_mut(part);
        for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
            let turned = times(*b, roots[k * stride]);
            (*a, *b) = (plus(*a, turned), [a[0] - turned[0], a[1] - turned[1]]);
        }
        return;
    }
    let mut turned = [[0.0; 2]; MAX_PRIME];
    let turned = &mut turned[..prime];
    let turn = roots.len() / prime;
    for k in 0..part {
        for (i, turned) in turned.iter_mut().enumerate() {
            *turned = times(y[i * part + k], roots[i * k * stride]);
        }
        for q in 0..prime {
            let terms = turned.iter().enumerate();
            y[q * part + k] =
                terms.fold([0.0; 2], |sum, (i, &t)| plus(sum, times(t, roots[i * q % prime * turn])));
        }
    }
}

fn convolve(
    x: &[Complex],
    y: &mut [Complex],
    inner: &Fft,
    chirp: &[Complex],
    filter: &[Complex],
) -> Result<(), OutOfMemory> {
    let zero = [0.0; 2];
    let spread = filled(inner.n, |i| x.get(i).map_or(zero, |&x| times(x, chirp[i])))?;
    let mut spectrum = filled(inner.n, |_| zero)?;
    inner.transform(&spread, &mut spectrum)?;
    spectrum.iter_mut().zip(filter).for_each(|(s, &f)| *s = times(*s, f));
    let mut convolved = spread;
    inner.inverse(&spectrum, &mut convolved)?;
    y.iter_mut().zip(convolved).zip(chirp).for_each(|((y, c), &chirp)| *y = times(c, chirp));
    Ok(())
}

fn times([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a * c - b * d, a * d + b * c]
}

fn plus([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a + c, b + d]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By definition.
    fn reference(x: &[Complex]) -> Vec<Complex> {
        let n = x.len();
        let term = |k: usize| move |(i, &x): (usize, &Complex)| times(x, root(i * k % n, n));
        (0..n).map(|k| x.iter().enumerate().map(term(k)).fold([0.0; 2], plus)).collect()
    }

    fn distance(a: &[Complex], b: &[Complex]) -> f64 {
        a.iter().zip(b).fold(0.0, |d, (a, b)| (a[0] - b[0]).abs().max((a[1] - b[1]).abs()).max(d))
    }

    #[test]
    fn transforms_of_all_lengths_agree_with_the_definition() {
        for n in (0..70).chain([97, 128, 210, 331, 400, 961, 1024]) {
            let x: Vec<Complex> = (0..n).map(|i| [(i as f64 * 1.7).sin(), (i as f64 * 0.9).cos()]).collect();
            let (mut y, mut back) = (vec![[0.0; 2]; n], vec![[0.0; 2]; n]);
            let fft = Fft::new(n).unwrap();
            fft.transform(&x, &mut y).unwrap();
            assert!(distance(&y, &reference(&x)) < 1e-10, "{n}");
            fft.inverse(&y, &mut back).unwrap();
            assert!(distance(&back, &x) < 1e-12, "{n}");
        }
    }
}
