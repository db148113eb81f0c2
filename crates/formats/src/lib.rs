//! Bytes to graph and weights (ONNX), and to tensors and back (numpy's array files).

#![forbid(unsafe_code)]

mod mapping;
pub mod npy;
pub mod onnx;

pub use mapping::Mapping;
