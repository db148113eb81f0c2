//! Compute on slices: a plain reference beside every SIMD kernel, run-time dispatch.
