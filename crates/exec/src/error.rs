//! What can go wrong in an operator, and where it did.

use std::borrow::Cow;

use dunlin_ir::{DType, Shape, TensorError};
use dunlin_sys::OutOfMemory;

/// Why an operator could not compute. The facts; [`NodeError`] adds the place.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// Shapes do not fit.
    #[error("needs {expected}, got {got}")]
    Shape {
        /// What would fit.
        expected: Cow<'static, str>,
        /// What came.
        got: String,
    },
    /// An element type does not fit.
    #[error("needs {expected}, got {got}")]
    DType {
        /// What would fit.
        expected: Cow<'static, str>,
        /// What came.
        got: DType,
    },
    /// A value within an input is out of its range.
    #[error("needs {expected}, got {got}")]
    Value {
        /// What would fit.
        expected: Cow<'static, str>,
        /// What came.
        got: String,
    },
    /// A required input is missing.
    #[error("input {0} is required and missing")]
    MissingInput(usize),
    /// An input is a tensor where a sequence is needed, or the like.
    #[error("input {index} needs to be a {expected}, got a {got}")]
    Kind {
        /// Which input.
        index: usize,
        /// The kind needed.
        expected: &'static str,
        /// The kind that came.
        got: &'static str,
    },
    /// Not available on this backend.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// Not in this build.
    #[error(transparent)]
    LeftOut(#[from] dunlin_ir::built::LeftOut),
    /// A limit of the options.
    #[error("{what} of {got} exceeds the limit of {limit}; raise it in the limits if the model is trusted")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// The value that was needed.
        got: u64,
        /// The limit.
        limit: u64,
    },
    /// The run was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// The run's deadline passed.
    #[error("the run's deadline passed")]
    Deadline,
    /// The device failed, or cannot do what it was asked for.
    #[error("the device cannot: {0}")]
    Device(String),
    /// No memory.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// A tensor could not be made or viewed.
    #[error(transparent)]
    Tensor(TensorError),
    /// A node of a nested graph failed.
    #[error(transparent)]
    Nested(Box<NodeError>),
}

impl OpError {
    /// Shapes do not fit: what would, and what came.
    pub fn shape(expected: impl Into<Cow<'static, str>>, got: impl std::fmt::Display) -> OpError {
        OpError::Shape { expected: expected.into(), got: got.to_string() }
    }

    /// The shapes of two operands do not fit.
    pub fn shapes(expected: impl Into<Cow<'static, str>>, a: &Shape, b: &Shape) -> OpError {
        OpError::Shape { expected: expected.into(), got: format!("{a} and {b}") }
    }

    /// An element type does not fit.
    pub fn dtype(expected: impl Into<Cow<'static, str>>, got: DType) -> OpError {
        OpError::DType { expected: expected.into(), got }
    }

    /// A value is out of its range.
    pub fn value(expected: impl Into<Cow<'static, str>>, got: impl std::fmt::Display) -> OpError {
        OpError::Value { expected: expected.into(), got: got.to_string() }
    }

    /// Something is not available.
    pub fn unsupported(what: impl Into<String>) -> OpError {
        OpError::Unsupported(what.into())
    }
}

impl From<TensorError> for OpError {
    fn from(error: TensorError) -> OpError {
        match error {
            TensorError::OutOfMemory(error) => OpError::OutOfMemory(error),
            error => OpError::Tensor(error),
        }
    }
}

/// A failure and the node that it happened at.
#[derive(Debug, Clone, thiserror::Error)]
#[error("node {node:?}: {op} {error}")]
pub struct NodeError {
    /// The node's name, or its operator's if it has none.
    pub node: String,
    /// The operator's name.
    pub op: String,
    /// The node's first byte in the model's file.
    pub offset: Option<u64>,
    /// What went wrong.
    pub error: OpError,
}
