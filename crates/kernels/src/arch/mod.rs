//! Instruction sets: the lane operations that kernels are written in, and one token type per set.
//!
//! A token can only be had from its `detect`, so holding one proves that the processor has the instructions and
//! every method on it is safe. All `unsafe` of this crate lives below this module.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
mod tile;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use portable::Portable;
pub use tile::{Grid, TileMut, for_each_tile_mut};

/// Lanes of the widest vectors.
pub const MAX_LANES: usize = 16;

/// A computation written once for all instruction sets; `Isa::run` compiles it for each.
///
/// `run` and everything generic below it must be `#[inline(always)]`: code that is left out of line is compiled
/// without the instruction set's features.
pub trait Kernel {
    /// What the computation returns.
    type Out;
    /// The computation, in the lane operations of `S`.
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

/// A computation with the row count of a matmul tile as a constant.
pub trait RowsKernel {
    /// The computation for `ROWS` rows.
    fn run<S: Simd, const ROWS: usize>(self, s: S);
}

/// A [`RowsKernel`] with its count chosen.
struct FixedRows<K, const ROWS: usize>(K);

impl<K: RowsKernel, const ROWS: usize> Kernel for FixedRows<K, ROWS> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.0.run::<S, ROWS>(s);
    }
}

/// Implements `Simd::with_rows` for the counts listed.
macro_rules! with_rows {
    ($($n:literal)*) => {
        #[inline(always)]
        fn with_rows<K: super::RowsKernel>(self, n_rows: usize, kernel: K) {
            match n_rows {
                $($n => self.vectorize(super::FixedRows::<K, $n>(kernel)),)*
                n => unreachable!("a tile of {n} rows"),
            }
        }
    };
}
use with_rows;

/// The lane operations of one instruction set, on vectors of `f32` and `i32` of equal lane count.
///
/// Slice arguments must hold at least `LANES` elements (`LANES / k` where so noted) or the method panics; the
/// `_part` forms take any shorter slice and treat missing lanes as zero.
#[allow(
    clippy::wrong_self_convention,
    reason = "the methods are operations of the token, not conversions of it"
)]
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector of `f32`.
    type F: Copy;
    /// A vector of `i32`.
    type I: Copy;
    /// One truth value per lane.
    type M: Copy;
    /// Lanes in a vector.
    const LANES: usize;
    /// Rows of the largest matmul tile whose accumulators fit the registers.
    const TILE_ROWS: usize;
    /// Vectors across the largest matmul tile.
    const TILE_VECS: usize;

    /// Runs `kernel` compiled for this instruction set.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Out;

    /// Runs `kernel` compiled for this instruction set and `n_rows` rows, `1..=TILE_ROWS`.
    fn with_rows<K: RowsKernel>(self, n_rows: usize, kernel: K);

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::F;
    /// The first `LANES` elements.
    fn load(self, x: &[f32]) -> Self::F;
    /// Up to `LANES` elements, zero for the rest.
    fn load_part(self, x: &[f32]) -> Self::F;
    /// Writes all lanes.
    fn store(self, v: Self::F, out: &mut [f32]);
    /// Writes the first `min(out.len(), LANES)` lanes.
    fn store_part(self, v: Self::F, out: &mut [f32]);
    /// `a + b`
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the hardware has it.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`: `b` where either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`: `b` where either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// Square root.
    fn sqrt(self, a: Self::F) -> Self::F;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::F) -> Self::F;
    /// `a < b`, false for NaN.
    fn lt(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a <= b`, false for NaN.
    fn le(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a == b`, false for NaN.
    fn eq(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a` where the mask is set, else `b`.
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F;
    /// The bits of the lanes.
    fn to_bits(self, a: Self::F) -> Self::I;
    /// Lanes from their bits.
    fn from_bits(self, a: Self::I) -> Self::F;
    /// Rounded to the nearest `i32`, ties to even; out of range gives `i32::MIN` or an end of the range.
    fn to_int(self, a: Self::F) -> Self::I;
    /// The nearest `f32`.
    fn from_int(self, a: Self::I) -> Self::F;
    /// Sum of the lanes, in a fixed order.
    fn sum(self, a: Self::F) -> f32;
    /// `(a0, a2, .., b0, b2, ..)` and `(a1, a3, .., b1, b3, ..)`.
    fn deinterleave(self, a: Self::F, b: Self::F) -> (Self::F, Self::F);

    /// All lanes `x`.
    fn splat_i(self, x: i32) -> Self::I;
    /// The first `LANES` elements.
    fn load_i(self, x: &[i32]) -> Self::I;
    /// Writes all lanes.
    fn store_i(self, v: Self::I, out: &mut [i32]);
    /// `a + b`, wrapping.
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// `a - b`, wrapping.
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// `a * b`, the low 32 bits.
    fn mul_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Bitwise and.
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Bitwise or.
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shifts left by `N`.
    fn shl<const N: i32>(self, a: Self::I) -> Self::I;
    /// Shifts right by `N`, copying the sign.
    fn shr<const N: i32>(self, a: Self::I) -> Self::I;
    /// Shifts right by `N`, filling with zero.
    fn shr_u<const N: i32>(self, a: Self::I) -> Self::I;

    /// `LANES` bytes, zero extended.
    fn load_u8(self, x: &[u8]) -> Self::I;
    /// `LANES` bytes, sign extended.
    fn load_i8(self, x: &[i8]) -> Self::I;
    /// `4 * LANES` bytes as they are, four to a lane.
    fn load_bytes(self, x: &[u8]) -> Self::I;
    /// For each lane, `acc` plus the sum of four products of an unsigned byte of `a` and a signed byte of `b`, exact.
    fn dot4(self, acc: Self::I, a: Self::I, b: Self::I) -> Self::I;

    /// Lane `i` is the four bytes of `line` from `at + STEP * i` on, where `padding` surrounds the line; `STEP` is 1
    /// or 2.
    #[inline(always)]
    fn windows<const STEP: usize>(self, line: &[u8], at: isize, padding: u8) -> Self::I {
        let mut lanes = [0; MAX_LANES];
        for (i, lane) in lanes[..Self::LANES].iter_mut().enumerate() {
            let byte = |j: usize| at.wrapping_add_unsigned(STEP * i + j) as usize;
            *lane =
                i32::from_le_bytes(std::array::from_fn(|j| line.get(byte(j)).copied().unwrap_or(padding)));
        }
        self.load_i(&lanes)
    }

    /// Writes the low bytes of the first `min(out.len(), LANES)` lanes.
    #[inline(always)]
    fn store_low_bytes(self, v: Self::I, out: &mut [u8]) {
        let mut lanes = [0; MAX_LANES];
        self.store_i(v, &mut lanes);
        out.iter_mut().zip(&lanes[..Self::LANES]).for_each(|(out, &lane)| *out = lane as u8);
    }

    /// Puts byte `i` of the four lines side by side as bytes `4 i..4 i + 4` of `out`, for each byte of the lines,
    /// which are equally long.
    #[inline(always)]
    fn interleave4(self, lines: [&[u8]; 4], out: &mut [u8]) {
        let n = lines[0].len();
        let [a, b, c, d] = lines;
        let (b, c, d) = (&b[..n], &c[..n], &d[..n]);
        for (i, out) in out[..4 * n].chunks_exact_mut(4).enumerate() {
            out.copy_from_slice(&[a[i], b[i], c[i], d[i]]);
        }
    }

    /// The low four bits of each lane, as a number.
    #[inline(always)]
    fn nibble(self, a: Self::I) -> Self::F {
        self.from_int(self.and_i(a, self.splat_i(15)))
    }

    /// `LANES` half-precision numbers, given as bits.
    fn load_f16(self, x: &[u16]) -> Self::F;
    /// Rounds to half precision, ties to even, and writes the bits.
    fn store_f16(self, v: Self::F, out: &mut [u16]);

    /// Transposes a 4 by 4 block: element `i` of line `j` of `out` (lines `stride` apart) is `rows[i][at + j]`.
    #[inline(always)]
    fn transpose4(self, rows: [&[f32]; 4], at: usize, out: &mut [f32], stride: usize) {
        for j in 0..4 {
            let line = &mut out[j * stride..][..4];
            for i in 0..4 {
                line[i] = rows[i][at + j];
            }
        }
    }
    /// Transposes four lines of at most `LANES` elements: element `i` of line `j` of `out` (lines `stride` apart) is
    /// `lines[i][j]`.
    #[inline(always)]
    fn transpose_lines(self, lines: [&[f32]; 4], out: &mut [f32], stride: usize) {
        let n = lines[0].len();
        for j in (0..n / 4 * 4).step_by(4) {
            self.transpose4(lines, j, &mut out[j * stride..], stride);
        }
        for j in n / 4 * 4..n {
            let line = &mut out[j * stride..][..4];
            for i in 0..4 {
                line[i] = lines[i][j];
            }
        }
    }
    /// `-a`
    #[inline(always)]
    fn neg(self, a: Self::F) -> Self::F {
        self.from_bits(self.xor_i(self.to_bits(a), self.splat_i(i32::MIN)))
    }
    /// The magnitude.
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        self.from_bits(self.and_i(self.to_bits(a), self.splat_i(i32::MAX)))
    }
    /// The magnitude of `a` with the sign of `sign`.
    #[inline(always)]
    fn copysign(self, a: Self::F, sign: Self::F) -> Self::F {
        let sign = self.and_i(self.to_bits(sign), self.splat_i(i32::MIN));
        self.from_bits(self.or_i(self.to_bits(self.abs(a)), sign))
    }
    /// Bitwise exclusive or.
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// The greatest lane, or NaN if any lane is NaN.
    fn max_lane(self, a: Self::F) -> f32;
    /// `max` that gives NaN where either is NaN.
    #[inline(always)]
    fn max_nan(self, a: Self::F, b: Self::F) -> Self::F {
        // `max` gives `b` where either is NaN, so only a NaN in `a` beside a number in `b` needs care.
        self.select(self.eq(a, a), self.max(a, b), a)
    }
    /// `min` that gives NaN where either is NaN.
    #[inline(always)]
    fn min_nan(self, a: Self::F, b: Self::F) -> Self::F {
        self.select(self.eq(a, a), self.min(a, b), a)
    }
}
