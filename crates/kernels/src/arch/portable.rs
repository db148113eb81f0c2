//! The lane operations in plain Rust, for any processor; compilers turn the loops into what vectors there are.

use super::{Kernel, Simd};

/// Plain Rust: always available.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

/// As many as the narrowest vectors of 64-bit processors have: more would only be more code.
const L: usize = 4;

/// Four lanes.
#[derive(Debug, Clone, Copy)]
#[repr(align(16))]
pub struct Lanes<T>([T; L]);

#[inline(always)]
fn map<T: Copy, U: Copy + Default>(a: Lanes<T>, f: impl Fn(T) -> U) -> Lanes<U> {
    let mut out = [U::default(); L];
    for i in 0..L {
        out[i] = f(a.0[i]);
    }
    Lanes(out)
}

#[inline(always)]
fn zip<T: Copy, U: Copy + Default>(a: Lanes<T>, b: Lanes<T>, f: impl Fn(T, T) -> U) -> Lanes<U> {
    let mut out = [U::default(); L];
    for i in 0..L {
        out[i] = f(a.0[i], b.0[i]);
    }
    Lanes(out)
}

#[inline(always)]
fn take<T: Copy + Default>(x: &[T]) -> Lanes<T> {
    let mut out = [T::default(); L];
    out.copy_from_slice(&x[..L]);
    Lanes(out)
}

/// Out of line, as with the other instruction sets: kernels call kernels, and would multiply if inlined.
#[inline(never)]
fn enter<K: Kernel>(token: Portable, kernel: K) -> K::Out {
    kernel.run(token)
}

impl Simd for Portable {
    type F = Lanes<f32>;
    type I = Lanes<i32>;
    type M = Lanes<bool>;
    const LANES: usize = L;
    const TILE_ROWS: usize = 4;
    const TILE_VECS: usize = 2;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Out {
        enter(self, kernel)
    }

    super::with_rows!(1 2 3 4);

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        Lanes([x; L])
    }
    #[inline(always)]
    fn load(self, x: &[f32]) -> Self::F {
        take(x)
    }
    #[inline(always)]
    fn load_part(self, x: &[f32]) -> Self::F {
        let mut out = [0.0; L];
        let n = x.len().min(L);
        out[..n].copy_from_slice(&x[..n]);
        Lanes(out)
    }
    #[inline(always)]
    fn store(self, v: Self::F, out: &mut [f32]) {
        out[..L].copy_from_slice(&v.0);
    }
    #[inline(always)]
    fn store_part(self, v: Self::F, out: &mut [f32]) {
        let n = out.len().min(L);
        out[..n].copy_from_slice(&v.0[..n]);
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        let mut out = c.0;
        for i in 0..L {
            // Without the instruction `mul_add` is a slow library call.
            out[i] = if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                a.0[i].mul_add(b.0[i], out[i])
            } else {
                a.0[i] * b.0[i] + out[i]
            };
        }
        Lanes(out)
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        map(a, f32::sqrt)
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        map(a, f32::round_ties_even)
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        zip(a, b, |a, b| a < b)
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        zip(a, b, |a, b| a <= b)
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        zip(a, b, |a, b| a == b)
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        let mut out = b.0;
        for i in 0..L {
            out[i] = if m.0[i] { a.0[i] } else { out[i] };
        }
        Lanes(out)
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        map(a, |a| a.to_bits() as i32)
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        map(a, |a| f32::from_bits(a as u32))
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        map(a, |a| a.round_ties_even() as i32)
    }
    #[inline(always)]
    fn from_int(self, a: Self::I) -> Self::F {
        map(a, |a| a as f32)
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        let a = a.0;
        (a[0] + a[2]) + (a[1] + a[3])
    }
    #[inline(always)]
    fn deinterleave(self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        let (mut even, mut odd) = ([0.0; L], [0.0; L]);
        for i in 0..L / 2 {
            (even[i], odd[i]) = (a.0[2 * i], a.0[2 * i + 1]);
            (even[L / 2 + i], odd[L / 2 + i]) = (b.0[2 * i], b.0[2 * i + 1]);
        }
        (Lanes(even), Lanes(odd))
    }

    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        Lanes([x; L])
    }
    #[inline(always)]
    fn load_i(self, x: &[i32]) -> Self::I {
        take(x)
    }
    #[inline(always)]
    fn store_i(self, v: Self::I, out: &mut [i32]) {
        out[..L].copy_from_slice(&v.0);
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, i32::wrapping_sub)
    }
    #[inline(always)]
    fn mul_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, i32::wrapping_mul)
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn shl<const N: i32>(self, a: Self::I) -> Self::I {
        map(a, |a| a << N)
    }
    #[inline(always)]
    fn shr<const N: i32>(self, a: Self::I) -> Self::I {
        map(a, |a| a >> N)
    }
    #[inline(always)]
    fn shr_u<const N: i32>(self, a: Self::I) -> Self::I {
        map(a, |a| ((a as u32) >> N) as i32)
    }

    #[inline(always)]
    fn load_u8(self, x: &[u8]) -> Self::I {
        map(take(x), i32::from)
    }
    #[inline(always)]
    fn load_i8(self, x: &[i8]) -> Self::I {
        map(take(x), i32::from)
    }
    #[inline(always)]
    fn load_bytes(self, x: &[u8]) -> Self::I {
        let mut out = [0; L];
        for (out, b) in out.iter_mut().zip(x[..4 * L].chunks_exact(4)) {
            *out = i32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        }
        Lanes(out)
    }
    #[inline(always)]
    fn dot4(self, acc: Self::I, a: Self::I, b: Self::I) -> Self::I {
        let mut out = acc.0;
        for i in 0..L {
            for byte in 0..4 {
                let x = (a.0[i] as u32 >> (8 * byte)) & 0xff;
                let y = (b.0[i] << (24 - 8 * byte)) >> 24;
                out[i] = out[i].wrapping_add(x as i32 * y);
            }
        }
        Lanes(out)
    }

    #[inline(always)]
    fn load_f16(self, x: &[u16]) -> Self::F {
        map(take(x), |x| half::f16::from_bits(x).to_f32())
    }
    #[inline(always)]
    fn store_f16(self, v: Self::F, out: &mut [u16]) {
        out[..L].copy_from_slice(&map(v, |x| half::f16::from_f32(x).to_bits()).0);
    }

    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        a.0.into_iter().fold(f32::NEG_INFINITY, |m, x| if m.is_nan() || x <= m { m } else { x })
    }
}
