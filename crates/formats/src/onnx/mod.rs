//! ONNX: from the bytes of a model file to decoded messages and tensors.
//!
//! [`OnnxFile::parse`] holds the wire format against [`Limits`] before prost decodes the messages of [`proto`];
//! [`TensorReader`] turns stored tensors into Dunlin's; [`read`] does all of it and lowers the nodes to typed operators.

mod external;
mod file;
mod limits;
mod lower;
pub mod proto;
mod read;
mod scan;
mod schema;
mod source;
mod tensor;
mod value;
mod wire;

pub use external::{ExternalData, ExternalError, ExternalFolder};
pub use file::{OnnxFile, ParseError, looks_like_onnx};
pub use limits::Limits;
pub use lower::{LowerError, MAX_OPSET, family_of, operators};
pub use read::{Model, ModelInfo, ReadError, read};
pub use scan::{MAX_MESSAGE_DEPTH, ScanError};
pub use source::{NodeSource, SourceMap, TensorSource};
pub use tensor::{TensorProblem, TensorReadError, TensorReader};
pub use value::{ValueKind, ValueReadError, read_value, tensor_proto, write_tensor};
pub use wire::WireType;

#[cfg(test)]
mod tests;
