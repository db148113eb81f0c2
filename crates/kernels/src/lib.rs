//! Compute on slices: a plain reference beside every SIMD kernel, run-time dispatch.
//!
//! # How to call
//! Public functions are safe doors: they check lengths and panic only where the caller has broken its promise about
//! shapes. They return nothing, allocate nothing (packing does, and can fail), and give the same bits whatever the
//! number of threads and the alignment of their operands. Loops go through a [`dunlin_sys::Parallel`].
//!
//! | to compute | pack once | then call |
//! |---|---|---|
//! | `A x constant B`, with bias, activation, residual | [`matmul::PackedB::pack`] | [`matmul::matmul_f32`] |
//! | a batch of products, `B` made at run time | [`matmul::PackedRef::pack_into`] scratch of [`matmul::packed_len`] | [`matmul::matmul_batch_f32`] |
//! | convolution 2-D (1-D: height 1), grouped and depthwise | [`conv::PackedConv::pack`] | [`conv::conv2d_f32`] |
//! | transposed convolution | [`conv::PackedConvTranspose::pack`] | [`conv::conv_transpose2d_f32`] |
//! | 8-bit `A x constant B`, exact; kept, as `f32`, or quantised again | [`int8::PackedInt8B::pack`] | [`int8::matmul_int8`] |
//! | 8-bit convolution, exact | [`int8::PackedInt8Conv::pack`] | [`int8::conv2d_int8`] |
//! | `A x` constant `B` of 2, 4 or 8 bits in blocks | [`nbits::PackedNBits::pack`] | [`nbits::matmul_nbits_f32`] |
//! | pooling (global: a reduction) | | [`pool::pool2d_f32`] |
//! | f16, bf16 and 8-bit to and from `f32` | | [`convert`] |
//! | transpose, slice, broadcast, tile | | [`strided::copy_strided`] |
//! | the leaves that rows reach in trees | [`tree::Trees::new`] | [`tree::Trees::leaves_of_rows`] |
//! | a vector against rows: products, distances | | [`vector::dots`], [`vector::squared_distances`] |
//! | rows by index | | [`gather::gather_rows`] |
//! | transposes of matrices | | [`transpose::transpose_f32`] |
//! | functions of one element | | [`unary::unary_f32`], [`activation::Activation::apply`] |
//! | functions of two, rows and columns broadcast | | [`binary::binary_f32`] |
//! | a reduction over one axis | | [`reduce::reduce_f32`] |
//! | Fourier transforms | [`fft::Fft::new`] | [`fft::Fft::transform`] |
//! | attention: scores, mask, softmax, weighted sum | | [`attention::attention_f32`] |
//! | softmax, layer, RMS and instance norm | | [`norm::softmax_f32`], [`norm::norm_rows_f32`] |
//!
//! Weights may be [`matmul::Elements::Bytes`]: little-endian and unaligned, as a mapped file has them.
//!
//! # How it is made
//! A kernel is written once over the lane operations of [`arch::Simd`] and compiled for each instruction set;
//! [`dispatch::isa`] chooses one for the process (`DUNLIN_ISA` pins it). Unsafe code is in [`arch`] alone.

#![allow(
    clippy::needless_range_loop,
    clippy::type_complexity,
    reason = "counted loops over several arrays become straight vector code; the types of a few callbacks are long"
)]

pub mod activation;
pub mod arch;
pub mod attention;
pub mod binary;
pub mod conv;
pub mod convert;
pub mod dispatch;
pub mod fft;
pub mod gather;
pub mod int8;
mod lane_math;
pub mod matmul;
pub mod nbits;
pub mod norm;
pub mod pool;
pub mod reduce;
pub mod reference;
mod slice;
pub mod strided;
#[cfg(test)]
mod testing;
pub mod transpose;
pub mod tree;
pub mod unary;
pub mod vector;
