//! Bytes to graph and weights: ONNX.

#![forbid(unsafe_code)]

pub mod onnx;
