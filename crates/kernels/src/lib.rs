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
//!
//! Weights may be [`matmul::Elements::Bytes`]: little-endian and unaligned, as a mapped file has them.
//!
//! # How it is made
//! A kernel is written once over the lane operations of [`arch::Simd`] and compiled for each instruction set;
//! [`dispatch::isa`] chooses one for the process (`DUNLIN_ISA` pins it). Unsafe code is in [`arch`] alone.

pub mod activation;
pub mod arch;
pub mod conv;
pub mod dispatch;
pub mod int8;
mod lane_math;
pub mod matmul;
pub mod reference;
#[cfg(test)]
mod testing;
