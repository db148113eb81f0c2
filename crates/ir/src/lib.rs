//! What a model is: tensors and values, typed operators, the graph, its shape inference and its printed form.

#![forbid(unsafe_code)]

pub mod built;
mod dtype;
#[cfg(feature = "encode")]
mod encode;
mod graph;
pub mod infer;
pub mod op;
pub mod packed;
mod print;
mod shape;
pub mod small_float;
mod tensor;
mod value;

pub use dtype::{Bool, Class, DType, Element};
#[cfg(feature = "encode")]
pub use encode::ENCODING;
pub use graph::{Graph, GraphError, Node, NodeId, NodeInputs, NodeOutputs, Origin, Type, ValueId, ValueInfo};
pub use infer::{Evaluate, Fact, Facts, MAX_SHAPE_ELEMENTS, infer_graph, infer_undeclared};
pub use op::Op;
pub use shape::{Dim, Dims, Shape, resolve_axis};
pub use tensor::{Tensor, TensorError};
pub use value::{Map, Value};
