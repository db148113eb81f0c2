//! Compute on slices: a plain reference beside every SIMD kernel, run-time dispatch.

pub mod activation;
pub mod arch;
pub mod dispatch;
mod lane_math;
pub mod matmul;
pub mod reference;
#[cfg(test)]
mod testing;
