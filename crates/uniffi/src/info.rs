//! What a model's file says of itself, and what the model takes and gives.

use dunlin_core::{Dim, Type};

/// What a model is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ModelInfo {
    /// What it takes, in order.
    pub inputs: Vec<Port>,
    /// What it gives, in order.
    pub outputs: Vec<Port>,
    /// The version of the file format.
    pub ir_version: i64,
    /// The model's own version.
    pub model_version: i64,
    /// The program that wrote the file, and its version.
    pub producer: String,
    /// Free text.
    pub description: String,
    /// The sets of operators that it uses.
    pub opsets: Vec<Opset>,
    /// Keys and values that its maker attached.
    pub metadata: Vec<Metadata>,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its type as text, such as `float32[n, 3, 224, 224]`.
    pub type_text: String,
    /// The element type by its number in the standard; 0 if it is no tensor or open.
    pub dtype: i32,
    /// The sizes, -1 where one is open; none if even the rank is open, or it is no tensor.
    pub dims: Option<Vec<i64>>,
    /// Whether an input may be left out.
    pub is_optional: bool,
}

/// A set of operators.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Opset {
    /// Its domain; the main one is called `ai.onnx`.
    pub domain: String,
    /// Its version.
    pub version: i64,
}

/// A key and a value that a model's maker attached.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Metadata {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl ModelInfo {
    pub(crate) fn of(model: &dunlin_core::Model) -> ModelInfo {
        let inputs = model.inputs().iter();
        let outputs = model.outputs().iter();
        let told = model.metadata();
        let opset = |(domain, version): &(String, i64)| Opset { domain: domain.clone(), version: *version };
        let pair = |(key, value): &(String, String)| Metadata { key: key.clone(), value: value.clone() };
        ModelInfo {
            inputs: inputs.map(|input| Port::new(&input.name, &input.ty, input.is_optional)).collect(),
            outputs: outputs.map(|output| Port::new(&output.name, &output.ty, false)).collect(),
            ir_version: told.ir_version,
            model_version: told.model_version,
            producer: told.producer.clone(),
            description: told.description.clone(),
            opsets: told.opsets.iter().map(opset).collect(),
            metadata: told.metadata.iter().map(pair).collect(),
        }
    }
}

impl Port {
    fn new(name: &str, ty: &Type, is_optional: bool) -> Port {
        let size = |dim: &Dim| dim.known().and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
        Port {
            name: name.to_owned(),
            type_text: ty.to_string(),
            dtype: ty.dtype().map_or(0, |dtype| dtype.onnx_code()),
            dims: ty.dims().map(|dims| dims.iter().map(size).collect()),
            is_optional,
        }
    }
}
