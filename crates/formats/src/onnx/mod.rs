//! ONNX: from the bytes of a model file to decoded messages and tensors.
//!
//! [`scan`] checks the wire format against limits, [`proto`] holds the messages that prost decodes.

mod file;
mod limits;
pub mod proto;
mod scan;
mod schema;
mod source;
mod wire;

pub use file::{OnnxFile, ParseError, looks_like_onnx};
pub use limits::Limits;
pub use scan::{MAX_MESSAGE_DEPTH, ScanError};
pub use source::{NodeSource, SourceMap, TensorSource};
pub use wire::WireType;

#[cfg(test)]
mod tests;
