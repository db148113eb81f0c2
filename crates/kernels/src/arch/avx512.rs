//! AVX-512 (F, BW, DQ, VL and VNNI, as in Ice Lake and Zen 4): 16 lanes.

use std::arch::x86_64::*;

use super::avx2::sum8;
use super::{Kernel, Simd};

/// Proof that the processor has AVX-512 F, BW, DQ, VL and VNNI, and what AVX2 has.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

const L: usize = 16;

impl Avx512 {
    /// The token, if this processor (and its operating system) has the instructions.
    pub fn detect() -> Option<Avx512> {
        let found = super::Avx2::detect().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        found.then_some(Avx512(()))
    }
}

/// The mask of the first `n` lanes.
#[inline(always)]
fn mask16(n: usize) -> __mmask16 {
    if n >= L { u16::MAX } else { (1u16 << n) - 1 }
}

/// Which four-byte words go to each quarter of a register, and which of the quarter's bytes to each lane, so that lane
/// `i` gets the bytes from `step * i` on.
const fn window_tables(step: usize) -> ([u32; L], [u8; 4 * L]) {
    let (mut words, mut bytes) = ([0; L], [0; 4 * L]);
    let mut i = 0;
    while i < L {
        words[i] = (step * (i / 4) + i % 4) as u32;
        let mut j = 0;
        while j < 4 {
            bytes[4 * i + j] = (step * (i % 4) + j) as u8;
            j += 1;
        }
        i += 1;
    }
    (words, bytes)
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn enter<K: Kernel>(token: Avx512, kernel: K) -> K::Out {
    kernel.run(token)
}

impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type M = __mmask16;
    const LANES: usize = L;
    const TILE_ROWS: usize = 12;
    const TILE_VECS: usize = 2;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: the token proves that the processor has the features of `enter`.
        unsafe { enter(self, kernel) }
    }

    super::with_rows!(1 2 3 4 5 6 7 8 9 10 11 12);

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, x: &[f32]) -> Self::F {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn load_part(self, x: &[f32]) -> Self::F {
        let mask = mask16(x.len());
        // SAFETY: as above, and the mask leaves out what is past the slice.
        unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, v: Self::F, out: &mut [f32]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn store_part(self, v: Self::F, out: &mut [f32]) {
        let mask = mask16(out.len());
        // SAFETY: as above, and the mask leaves out what is past the slice.
        unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr(), mask, v) }
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_roundscale_ps::<0>(a) }
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_mask_blend_ps(m, b, a) }
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_castps_si512(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_cvtps_epi32(a) }
    }
    #[inline(always)]
    fn from_int(self, a: Self::I) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { sum8(_mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a))) }
    }
    #[inline(always)]
    fn deinterleave(self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        const EVEN: [i32; 16] = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30];
        const ODD: [i32; 16] = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31];
        // SAFETY: as above; the tables are as long as a register.
        unsafe {
            let even = _mm512_loadu_si512(EVEN.as_ptr().cast());
            let odd = _mm512_loadu_si512(ODD.as_ptr().cast());
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_set1_epi32(x) }
    }
    #[inline(always)]
    fn load_i(self, x: &[i32]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }
    #[inline(always)]
    fn store_i(self, v: Self::I, out: &mut [i32]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), v) }
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn mul_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_mullo_epi32(a, b) }
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_and_si512(a, b) }
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_or_si512(a, b) }
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    fn shl<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_sll_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn shr<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_sra_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn shr_u<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_srl_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn load_u8(self, x: &[u8]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load_i8(self, x: &[i8]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load_bytes(self, x: &[u8]) -> Self::I {
        assert!(x.len() >= 4 * L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::I, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_dpbusd_epi32(acc, a, b) }
    }
    #[inline(always)]
    fn windows<const STEP: usize>(self, line: &[u8], at: isize, padding: u8) -> Self::I {
        const { assert!(STEP == 1 || STEP == 2) };
        let (words, bytes) = const { window_tables(STEP) };
        let (before, end) = (at.wrapping_neg(), (line.len() as isize).wrapping_sub(at).min(64));
        if before >= 64 || end <= 0 {
            return self.splat_i(i32::from_ne_bytes([padding; 4]));
        }
        let mask = (u64::MAX << before.max(0)) & (u64::MAX >> (64 - end));
        // SAFETY: the token proves that the processor has the instructions; byte `i` of the mask is set only for
        // `-at <= i < line.len() - at`, so that all that is read lies in the slice; the tables are as long as a register.
        unsafe {
            let x = line.as_ptr().wrapping_offset(at).cast();
            let x = _mm512_mask_loadu_epi8(_mm512_set1_epi8(padding as i8), mask, x);
            let x = _mm512_permutexvar_epi32(_mm512_loadu_si512(words.as_ptr().cast()), x);
            _mm512_shuffle_epi8(x, _mm512_loadu_si512(bytes.as_ptr().cast()))
        }
    }
    #[inline(always)]
    fn store_low_bytes(self, v: Self::I, out: &mut [u8]) {
        let p = out.as_mut_ptr();
        // SAFETY: as above; the whole store is only done where the slice is long enough, and the mask of the other one
        // leaves out what is past the slice.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(v);
            if out.len() >= L {
                _mm_storeu_si128(p.cast(), bytes);
            } else {
                _mm_mask_storeu_epi8(p.cast(), mask16(out.len()), bytes);
            }
        }
    }
    #[inline(always)]
    fn load_f16(self, x: &[u16]) -> Self::F {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_f16(self, v: Self::F, out: &mut [u16]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe {
            let half = _mm512_cvtps_ph::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v);
            _mm256_storeu_si256(out.as_mut_ptr().cast(), half);
        }
    }
    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        if self.eq(a, a) != u16::MAX {
            return f32::NAN;
        }
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm512_reduce_max_ps(a) }
    }

    #[inline(always)]
    fn transpose_lines(self, lines: [&[f32]; 4], out: &mut [f32], stride: usize) {
        let n = lines[0].len();
        assert!(n > 0 && n <= L && lines.iter().all(|line| line.len() == n));
        assert!(stride < usize::MAX / L - 4 && out.len() >= (n - 1) * stride + 4);
        let mask = mask16(n);
        let out = out.as_mut_ptr();
        // SAFETY: the token proves that the processor has the instructions; the mask leaves out what is past the lines,
        // and line `j < n` of `out` ends at `j * stride + 4`, which the assertion keeps inside the slice.
        unsafe {
            let load = |i: usize| _mm512_castps_pd(_mm512_maskz_loadu_ps(mask, lines[i].as_ptr()));
            let low = |i, j| {
                _mm512_castps_pd(_mm512_unpacklo_ps(_mm512_castpd_ps(load(i)), _mm512_castpd_ps(load(j))))
            };
            let high = |i, j| {
                _mm512_castps_pd(_mm512_unpackhi_ps(_mm512_castpd_ps(load(i)), _mm512_castpd_ps(load(j))))
            };
            let (ab, ab2, cd, cd2) = (low(0, 1), high(0, 1), low(2, 3), high(2, 3));
            // Lines 0, 4, 8 and 12; 1, 5, 9 and 13; and so on.
            let quarters = [
                _mm512_unpacklo_pd(ab, cd),
                _mm512_unpackhi_pd(ab, cd),
                _mm512_unpacklo_pd(ab2, cd2),
                _mm512_unpackhi_pd(ab2, cd2),
            ];
            macro_rules! store {
                ($($part:literal)*) => {$(
                    for i in 0..4 {
                        if 4 * $part + i < n {
                            let line = _mm512_extractf32x4_ps::<$part>(_mm512_castpd_ps(quarters[i]));
                            _mm_storeu_ps(out.add((4 * $part + i) * stride), line);
                        }
                    }
                )*};
            }
            store!(0 1 2 3);
        }
    }

    #[inline(always)]
    fn transpose4(self, rows: [&[f32]; 4], at: usize, out: &mut [f32], stride: usize) {
        assert!(at < usize::MAX - 4 && stride < usize::MAX / 4 - 4 && out.len() >= 3 * stride + 4);
        let [a, b, c, d] = rows;
        assert!(a.len() >= at + 4 && b.len() >= at + 4 && c.len() >= at + 4 && d.len() >= at + 4);
        // SAFETY: the token proves that the processor has the instructions; the assertions keep all accesses inside
        // the slices.
        unsafe {
            let mut a = _mm_loadu_ps(a.as_ptr().add(at));
            let mut b = _mm_loadu_ps(b.as_ptr().add(at));
            let mut c = _mm_loadu_ps(c.as_ptr().add(at));
            let mut d = _mm_loadu_ps(d.as_ptr().add(at));
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            let out = out.as_mut_ptr();
            _mm_storeu_ps(out, a);
            _mm_storeu_ps(out.add(stride), b);
            _mm_storeu_ps(out.add(2 * stride), c);
            _mm_storeu_ps(out.add(3 * stride), d);
        }
    }

    #[inline(always)]
    fn nibble(self, a: Self::I) -> Self::F {
        // A table look-up reads only the low bits: one instruction where masking and converting are two.
        const TABLE: [f32; 16] =
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
        // SAFETY: the token proves that the processor has the instructions; the table is as long as a register.
        unsafe { _mm512_permutexvar_ps(a, _mm512_loadu_ps(TABLE.as_ptr())) }
    }

    #[inline(always)]
    fn interleave4(self, lines: [&[u8]; 4], out: &mut [u8]) {
        let [a, b, c, d] = lines;
        let n = a.len();
        assert!(b.len() == n && c.len() == n && d.len() == n && out.len() / 4 >= n);
        let mut i = 0;
        while i < n {
            let mask = mask16(n - i);
            // SAFETY: the token proves that the processor has the instructions; the masks leave out what is past the
            // `n` bytes of each line and the `4 n` of `out`.
            unsafe {
                let load = |x: &[u8]| _mm_maskz_loadu_epi8(mask, x.as_ptr().add(i).cast());
                let (a, b, c, d) = (load(a), load(b), load(c), load(d));
                let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
                let (e, f) = (_mm_unpacklo_epi16(ab, cd), _mm_unpackhi_epi16(ab, cd));
                let (ab, cd) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
                let (g, h) = (_mm_unpacklo_epi16(ab, cd), _mm_unpackhi_epi16(ab, cd));
                let low = _mm256_set_m128i(f, e);
                let high = _mm256_set_m128i(h, g);
                let all = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
                _mm512_mask_storeu_epi32(out.as_mut_ptr().add(4 * i).cast(), mask, all);
            }
            i += 16;
        }
    }
}
