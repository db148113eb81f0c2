//! Between element types: half precision, brain floats, and 8-bit quantised numbers.

use dunlin_sys::Parallel;

use crate::arch::{MAX_LANES, Simd};
use crate::dispatch::{self, Isa, vectorized};
use crate::int8::QuantizedByte;
use crate::slice::{for_each_rows, load_clipped};

/// Half precision (as bits) to single.
///
/// # Panics
/// If the lengths differ: a bug in the caller. The same holds for all functions here.
pub fn f16_to_f32(pool: &dyn Parallel, x: &[u16], out: &mut [f32]) {
    convert(pool, x, out, &|isa, x, out| f16_up(isa, x, out));
}

/// Single to half precision (as bits), ties to even.
pub fn f32_to_f16(pool: &dyn Parallel, x: &[f32], out: &mut [u16]) {
    convert(pool, x, out, &|isa, x, out| f16_down(isa, x, out));
}

/// Brain float (as bits) to single.
pub fn bf16_to_f32(pool: &dyn Parallel, x: &[u16], out: &mut [f32]) {
    convert(pool, x, out, &|isa, x, out| bf16_up(isa, x, out));
}

/// Single to brain float (as bits), ties to even.
pub fn f32_to_bf16(pool: &dyn Parallel, x: &[f32], out: &mut [u16]) {
    convert(pool, x, out, &|isa, x, out| bf16_down(isa, x, out));
}

/// `saturate(round(x / scale) + zero)`, ties to even; NaN gives the least value.
pub fn quantize_f32<T: QuantizedByte>(pool: &dyn Parallel, x: &[f32], scale: f32, zero: i32, out: &mut [T]) {
    convert(pool, x, out, &|isa, x, out| {
        let mut ints = [0; 256];
        for (x, out) in x.chunks(256).zip(out.chunks_mut(256)) {
            let (lo, hi) = T::RANGE;
            quantize(isa, x, scale, (lo - zero, hi - zero), &mut ints);
            out.iter_mut().zip(&ints).for_each(|(out, &int)| *out = T::from_int(int + zero));
        }
    });
}

/// `(x - zero) * scale`
pub fn dequantize_int8<T: QuantizedByte + Into<i32>>(
    pool: &dyn Parallel,
    x: &[T],
    scale: f32,
    zero: i32,
    out: &mut [f32],
) {
    convert(pool, x, out, &|_, x, out| {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x.into() - zero) as f32 * scale);
    });
}

fn convert<T: Sync, U: Send>(
    pool: &dyn Parallel,
    x: &[T],
    out: &mut [U],
    f: &(dyn Fn(Isa, &[T], &mut [U]) + Sync),
) {
    assert_eq!(x.len(), out.len(), "operand and result differ in length");
    let isa = dispatch::isa();
    for_each_rows(pool, out, 1, 1, &|first, out| f(isa, &x[first..][..out.len()], out));
}

vectorized! {
    fn f16_up<'a>(x: &'a [u16], out: &'a mut [f32]) = f16_up_lanes;
}
vectorized! {
    fn f16_down<'a>(x: &'a [f32], out: &'a mut [u16]) = f16_down_lanes;
}
vectorized! {
    fn bf16_up<'a>(x: &'a [u16], out: &'a mut [f32]) = bf16_up_lanes;
}
vectorized! {
    fn bf16_down<'a>(x: &'a [f32], out: &'a mut [u16]) = bf16_down_lanes;
}
vectorized! {
    fn quantize<'a>(x: &'a [f32], scale: f32, bounds: (i32, i32), out: &'a mut [i32]) = quantize_lanes;
}

#[inline(always)]
fn f16_up_lanes<S: Simd>(s: S, x: &[u16], out: &mut [f32]) {
    for (x, out) in x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)) {
        if x.len() == S::LANES {
            s.store(s.load_f16(x), out);
        } else {
            let mut lanes = [0; MAX_LANES];
            lanes[..x.len()].copy_from_slice(x);
            s.store_part(s.load_f16(&lanes), out);
        }
    }
}

#[inline(always)]
fn f16_down_lanes<S: Simd>(s: S, x: &[f32], out: &mut [u16]) {
    for (x, out) in x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)) {
        if x.len() == S::LANES {
            s.store_f16(s.load(x), out);
        } else {
            let mut lanes = [0; MAX_LANES];
            s.store_f16(s.load_part(x), &mut lanes);
            out.copy_from_slice(&lanes[..out.len()]);
        }
    }
}

#[inline(always)]
fn bf16_up_lanes<S: Simd>(_: S, x: &[u16], out: &mut [f32]) {
    out.iter_mut().zip(x).for_each(|(out, &x)| *out = f32::from_bits(u32::from(x) << 16));
}

#[inline(always)]
fn bf16_down_lanes<S: Simd>(_: S, x: &[f32], out: &mut [u16]) {
    // Branchless, so that the compiler makes vectors of it.
    out.iter_mut().zip(x).for_each(|(out, &x)| {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
        let quiet = (bits >> 16) | 0x40;
        *out = (if x.is_nan() { quiet } else { rounded }) as u16;
    });
}

#[inline(always)]
fn quantize_lanes<S: Simd>(s: S, x: &[f32], scale: f32, bounds: (i32, i32), out: &mut [i32]) {
    let (scale, lo, hi) = (s.splat(scale), s.splat(bounds.0 as f32), s.splat(bounds.1 as f32));
    for (x, out) in x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)) {
        // `max` with the bound second also turns NaN into the bound.
        let v = s.min(s.max(s.div(load_clipped(s, x), scale), lo), hi);
        let v = s.to_int(v);
        if out.len() == S::LANES {
            s.store_i(v, out);
        } else {
            let mut lanes = [0; MAX_LANES];
            s.store_i(v, &mut lanes);
            out.copy_from_slice(&lanes[..out.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_agrees_with_the_half_crate() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let samples: Vec<f32> = (0..2_000_003u32).map(|i| f32::from_bits(i.wrapping_mul(2147))).collect();
        for isa in Isa::available() {
            let mut up = vec![0.0; all.len() - 3];
            f16_up(isa, &all[3..], &mut up);
            for (&bits, &got) in all[3..].iter().zip(&up) {
                let want = half::f16::from_bits(bits).to_f32();
                assert!(got == want || (got.is_nan() && want.is_nan()), "{} {bits:#x}", isa.name());
            }
            let mut down = vec![0; samples.len()];
            f16_down(isa, &samples, &mut down);
            for (&x, &got) in samples.iter().zip(&down) {
                let (got, want) = (half::f16::from_bits(got), half::f16::from_f32(x));
                assert!(
                    got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()),
                    "{} {x}",
                    isa.name()
                );
            }
            bf16_down(isa, &samples, &mut down);
            for (&x, &got) in samples.iter().zip(&down) {
                let (got, want) = (half::bf16::from_bits(got), half::bf16::from_f32(x));
                assert!(
                    got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()),
                    "{} {x}",
                    isa.name()
                );
            }
            bf16_up(isa, &all[3..], &mut up);
            assert!(all[3..].iter().zip(&up).all(|(&b, x)| x.to_bits() == u32::from(b) << 16));
        }
    }

    #[test]
    fn quantisation_rounds_to_even_and_saturates() {
        let x = [
            0.0,
            0.5,
            1.5,
            -0.5,
            -1.5,
            2.5,
            1e9,
            -1e9,
            f32::INFINITY,
            63.4,
            3.3,
            1.0,
            -7.0,
            8.0,
            9.0,
            10.0,
            11.0,
        ];
        let mut signed = [0i8; 17];
        let mut unsigned = [0u8; 17];
        quantize_f32(&dunlin_sys::Serial, &x, 1.0, 0, &mut signed);
        assert_eq!(signed, [0, 0, 2, 0, -2, 2, 127, -128, 127, 63, 3, 1, -7, 8, 9, 10, 11]);
        quantize_f32(&dunlin_sys::Serial, &x, 0.5, 128, &mut unsigned);
        assert_eq!(unsigned[..9], [128, 129, 131, 127, 125, 133, 255, 0, 255]);
        let mut back = [0.0; 17];
        dequantize_int8(&dunlin_sys::Serial, &unsigned, 0.5, 128, &mut back);
        assert_eq!(back[..6], [0.0, 0.5, 1.5, -0.5, -1.5, 2.5]);
    }
}
