//! Bytes to graph and weights: ONNX.

#![forbid(unsafe_code)]

mod mapping;
pub mod onnx;

pub use mapping::Mapping;
