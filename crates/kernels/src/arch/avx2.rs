//! AVX2 with FMA and F16C (Haswell, Zen 1 and later): 8 lanes.

use std::arch::x86_64::*;

use super::{Kernel, Simd};

/// Proof that the processor has AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

const L: usize = 8;

impl Avx2 {
    /// The token, if this processor (and its operating system) has the instructions.
    pub fn detect() -> Option<Avx2> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        found.then_some(Avx2(()))
    }
}

/// The sum of eight lanes: halves, then quarters, then pairs.
///
/// # Safety
/// The processor must have AVX.
#[inline(always)]
pub(super) unsafe fn sum8(a: __m256) -> f32 {
    // SAFETY: the caller's obligation.
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

/// Interleaves 16 bytes of four lines.
///
/// # Safety
/// The processor must have SSE2, and `out` room for 64 bytes.
#[inline(always)]
unsafe fn interleave16(a: __m128i, b: __m128i, c: __m128i, d: __m128i, out: *mut u8) {
    // SAFETY: the caller's obligations.
    unsafe {
        let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
        _mm_storeu_si128(out.cast(), _mm_unpacklo_epi16(ab, cd));
        _mm_storeu_si128(out.add(16).cast(), _mm_unpackhi_epi16(ab, cd));
        let (ab, cd) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
        _mm_storeu_si128(out.add(32).cast(), _mm_unpacklo_epi16(ab, cd));
        _mm_storeu_si128(out.add(48).cast(), _mm_unpackhi_epi16(ab, cd));
    }
}

/// The mask of the first `n` lanes.
#[inline(always)]
fn mask8(n: usize) -> __m256i {
    const TABLE: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let table = &TABLE[L - n.min(L)..][..L];
    // SAFETY: only reached from methods of the token; the table slice is as long as a register.
    unsafe { _mm256_loadu_si256(table.as_ptr().cast()) }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
fn enter<K: Kernel>(token: Avx2, kernel: K) -> K::Out {
    kernel.run(token)
}

impl Simd for Avx2 {
    type F = __m256;
    type I = __m256i;
    type M = __m256;
    const LANES: usize = L;
    const TILE_ROWS: usize = 6;
    const TILE_VECS: usize = 2;

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: the token proves that the processor has the features of `enter`.
        unsafe { enter(self, kernel) }
    }

    super::with_rows!(1 2 3 4 5 6);

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, x: &[f32]) -> Self::F {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn load_part(self, x: &[f32]) -> Self::F {
        // SAFETY: as above, and the mask leaves out what is past the slice.
        unsafe { _mm256_maskload_ps(x.as_ptr(), mask8(x.len())) }
    }
    #[inline(always)]
    fn store(self, v: Self::F, out: &mut [f32]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn store_part(self, v: Self::F, out: &mut [f32]) {
        let n = out.len();
        if n >= L {
            return self.store(v, out);
        }
        // In pieces, since masked stores are slow on some processors.
        let mut p = out.as_mut_ptr();
        // SAFETY: the token proves that the processor has the instructions; the pieces are 4, 2 and 1 elements as
        // the bits of `n` say, so together they are the `n` elements of the slice.
        unsafe {
            let mut rest = _mm256_castps256_ps128(v);
            if n & 4 != 0 {
                _mm_storeu_ps(p, rest);
                rest = _mm256_extractf128_ps::<1>(v);
                p = p.add(4);
            }
            if n & 2 != 0 {
                _mm_storel_epi64(p.cast(), _mm_castps_si128(rest));
                rest = _mm_movehl_ps(rest, rest);
                p = p.add(2);
            }
            if n & 1 != 0 {
                _mm_store_ss(p, rest);
            }
        }
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_blendv_ps(b, a, m) }
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_castps_si256(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_castsi256_ps(a) }
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_cvtps_epi32(a) }
    }
    #[inline(always)]
    fn from_int(self, a: Self::I) -> Self::F {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { sum8(a) }
    }
    #[inline(always)]
    fn deinterleave(self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        // SAFETY: as above.
        unsafe {
            let even = _mm256_shuffle_ps::<0b10_00_10_00>(a, b);
            let odd = _mm256_shuffle_ps::<0b11_01_11_01>(a, b);
            let fix = |v| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(v)));
            (fix(even), fix(odd))
        }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_set1_epi32(x) }
    }
    #[inline(always)]
    fn load_i(self, x: &[i32]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
    }
    #[inline(always)]
    fn store_i(self, v: Self::I, out: &mut [i32]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), v) }
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn mul_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_mullo_epi32(a, b) }
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_and_si256(a, b) }
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_or_si256(a, b) }
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_xor_si256(a, b) }
    }
    #[inline(always)]
    fn shl<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_sll_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn shr<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_sra_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn shr_u<const N: i32>(self, a: Self::I) -> Self::I {
        // SAFETY: the token proves that the processor has the instructions.
        unsafe { _mm256_srl_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    fn load_u8(self, x: &[u8]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load_i8(self, x: &[i8]) -> Self::I {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_cvtepi8_epi32(_mm_loadl_epi64(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load_bytes(self, x: &[u8]) -> Self::I {
        assert!(x.len() >= 4 * L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::I, a: Self::I, b: Self::I) -> Self::I {
        // Widened to 16 bits first, since the byte instruction of AVX2 saturates its pair sums.
        // SAFETY: as above.
        unsafe {
            let a_even = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
            let a_odd = _mm256_srli_epi16::<8>(a);
            let b_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b));
            let b_odd = _mm256_srai_epi16::<8>(b);
            let even = _mm256_madd_epi16(a_even, b_even);
            let odd = _mm256_madd_epi16(a_odd, b_odd);
            _mm256_add_epi32(acc, _mm256_add_epi32(even, odd))
        }
    }
    #[inline(always)]
    fn windows<const STEP: usize>(self, line: &[u8], at: isize, padding: u8) -> Self::I {
        const { assert!(STEP == 1 || STEP == 2) };
        let mut edge = [padding; 4 * L];
        let whole = usize::try_from(at).ok().and_then(|at| line.get(at..)?.first_chunk());
        let x: &[u8; 4 * L] = match whole {
            Some(x) => x,
            None => {
                for (i, byte) in edge.iter_mut().enumerate() {
                    *byte = line.get(at.wrapping_add_unsigned(i) as usize).copied().unwrap_or(padding);
                }
                &edge
            }
        };
        let half = STEP as i32;
        // SAFETY: the token proves that the processor has the instructions; the array is as long as a register.
        unsafe {
            let x = _mm256_loadu_si256(x.as_ptr().cast());
            let words = _mm256_setr_epi32(0, 1, 2, 3, half, half + 1, half + 2, half + 3);
            let lane = |i: i32| (STEP as i32 * i) * 0x0101_0101 + 0x0302_0100;
            let bytes = _mm_setr_epi32(lane(0), lane(1), lane(2), lane(3));
            _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(x, words), _mm256_broadcastsi128_si256(bytes))
        }
    }
    #[inline(always)]
    fn store_low_bytes(self, v: Self::I, out: &mut [u8]) {
        // SAFETY: the token proves that the processor has the instructions.
        let eight = unsafe {
            let low = _mm256_shuffle_epi8(v, _mm256_set1_epi32(0x0c08_0400));
            let pair = _mm256_permutevar8x32_epi32(low, _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4));
            _mm_cvtsi128_si64(_mm256_castsi256_si128(pair)).to_le_bytes()
        };
        let n = out.len().min(L);
        out[..n].copy_from_slice(&eight[..n]);
    }
    #[inline(always)]
    fn load_f16(self, x: &[u16]) -> Self::F {
        assert!(x.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(x.as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_f16(self, v: Self::F, out: &mut [u16]) {
        assert!(out.len() >= L);
        // SAFETY: as above, and the assertion keeps the access inside the slice.
        unsafe {
            let half = _mm256_cvtps_ph::<{ _MM_FROUND_TO_NEAREST_INT }>(v);
            _mm_storeu_si128(out.as_mut_ptr().cast(), half);
        }
    }
    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        let mut lanes = [0.0; L];
        self.store(a, &mut lanes);
        lanes.into_iter().fold(f32::NEG_INFINITY, |m, x| if m.is_nan() || x <= m { m } else { x })
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
    fn interleave4(self, lines: [&[u8]; 4], out: &mut [u8]) {
        let [a, b, c, d] = lines;
        let n = a.len();
        assert!(b.len() == n && c.len() == n && d.len() == n && out.len() / 4 >= n);
        let mut i = 0;
        while i + 16 <= n {
            // SAFETY: the token proves that the processor has the instructions; `i + 16 <= n`, the length of each
            // line, and `out` holds `4 n` bytes.
            unsafe {
                let load = |x: &[u8]| _mm_loadu_si128(x.as_ptr().add(i).cast());
                interleave16(load(a), load(b), load(c), load(d), out.as_mut_ptr().add(4 * i));
            }
            i += 16;
        }
        for i in i..n {
            out[4 * i..4 * i + 4].copy_from_slice(&[a[i], b[i], c[i], d[i]]);
        }
    }
}
