//! Why a node could not be translated.

use dunlin_ir::{GraphError, TensorError};

use super::table::operators;

/// Why a node or graph could not be translated. The facts; [`super::super::ReadError`] adds the place, and puts the operator before them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// No memory for the graph.
    #[error(transparent)]
    OutOfMemory(#[from] dunlin_sys::OutOfMemory),
    /// The operator is not known.
    #[error(
        "of domain {:?} is not supported{}",
        if domain.is_empty() { "ai.onnx" } else { domain },
        advice(domain, name)
    )]
    UnknownOperator {
        /// Its domain.
        domain: String,
        /// Its name.
        name: String,
    },
    /// The operator is known, but not in this build.
    #[error(transparent)]
    LeftOut(#[from] dunlin_ir::built::LeftOut),
    /// The operator is known, but not in this version.
    #[error("is not supported in opset {opset} (known: {})", known.join(", "))]
    UnknownVersion {
        /// Its name.
        name: String,
        /// The version that the model imports.
        opset: u32,
        /// The versions that are known.
        known: Vec<String>,
    },
    /// The model does not say which version of a domain it uses.
    #[error("the model imports no version of domain {0:?}")]
    NoOpset(String),
    /// An attribute that must be there is missing.
    #[error("attribute {0:?} is required and missing")]
    MissingAttribute(String),
    /// An attribute is of another type.
    #[error("attribute {name:?} needs to be {expected}")]
    AttributeType {
        /// Its name.
        name: String,
        /// The type needed.
        expected: &'static str,
    },
    /// An attribute has a value that is not allowed, or not supported.
    #[error("attribute {name:?} needs {expected}, got {got}")]
    AttributeValue {
        /// Its name.
        name: String,
        /// What is allowed.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A required input is missing.
    #[error("input {0} is required and missing")]
    MissingInput(usize),
    /// An input must be a constant of the model and is not.
    #[error("input {index} ({name}) needs to be a constant of the model")]
    NotConstant {
        /// Which input.
        index: usize,
        /// What it is called.
        name: &'static str,
    },
    /// There are too many inputs or outputs.
    #[error("takes at most {limit} {what}, got {got}")]
    TooMany {
        /// Inputs or outputs.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        got: usize,
    },
    /// A name that nothing defines.
    #[error("reads {0:?}, which nothing defines")]
    UnknownName(String),
    /// Two definitions of a name.
    #[error("defines {0:?}, which is defined already")]
    DefinedTwice(String),
    /// Nodes depend on each other in a circle.
    #[error("depends on its own output {0:?}")]
    Cycle(String),
    /// Functions call each other too deeply.
    #[error("functions nest more than {0} deep")]
    FunctionDepth(usize),
    /// More nodes than the limit, after functions were inlined.
    #[error("the graph has more than {0} nodes")]
    TooManyNodes(usize),
    /// An element type that the standard does not define.
    #[error("element type {0} is not known")]
    UnknownDType(i64),
    /// A tensor of an attribute or initializer could not be decoded.
    #[error(transparent)]
    Decode(#[from] super::super::TensorReadError),
    /// A constant could not be made.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The resulting graph is not well formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A node of a nested graph or function.
    #[error(transparent)]
    Nested(Box<super::super::ReadError>),
}

impl LowerError {
    /// An attribute has a value that is not allowed.
    pub fn attribute(name: &str, expected: impl Into<String>, got: impl std::fmt::Debug) -> LowerError {
        LowerError::AttributeValue { name: name.into(), expected: expected.into(), got: format!("{got:?}") }
    }
}

/// What to do about an unknown operator.
fn advice(domain: &str, name: &str) -> String {
    let elsewhere = operators().find(|&(other, known, _)| known == name && other != domain);
    match (domain, elsewhere) {
        ("com.microsoft.nchwc", _) => {
            "; ONNX Runtime saved this graph for one kind of processor: save it at the extended level of optimisation \
             or below (ORT_ENABLE_EXTENDED)"
                .into()
        }
        (_, Some(("", ..))) => "; it is known in the standard's own domain".into(),
        (_, Some((other, ..))) => format!("; it is known in domain {other:?}"),
        (_, None) => "; a function of that name in the model would be run".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_operators_come_with_advice() {
        let cases = [
            ("com.microsoft.nchwc", "Conv", "ORT_ENABLE_EXTENDED"),
            ("my.domain", "Conv", "known in the standard's own domain"),
            ("", "FusedMatMul", r#"known in domain "com.microsoft""#),
            ("my.domain", "Frobnicate", "a function of that name"),
        ];
        for (domain, name, part) in cases {
            let error = LowerError::UnknownOperator { domain: domain.into(), name: name.into() };
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
