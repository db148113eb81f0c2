//! From the bytes of a model to its graph and what the file says of itself.

use dunlin_ir::Graph;
use dunlin_sys::Bytes;

use super::lower::{LowerError, Lowering};
use super::proto::{ModelProto, StringStringEntryProto, name_text};
use super::{ExternalData, Limits, OnnxFile, ParseError, TensorReader};

/// A model as its file describes it.
#[derive(Debug, Clone)]
pub struct Model {
    /// The computation.
    pub graph: Graph,
    /// What the file says of itself.
    pub info: ModelInfo,
}

/// What a model's file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// The version of the format.
    pub ir_version: i64,
    /// The program that wrote the file, and its version.
    pub producer: String,
    /// The model's own version.
    pub model_version: i64,
    /// Free text.
    pub description: String,
    /// The domains that it uses and their versions; the main one is called `ai.onnx`.
    pub opsets: Vec<(String, i64)>,
    /// Keys and values that its maker attached.
    pub metadata: Vec<(String, String)>,
}

/// Why a model could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is broken.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Something about a graph as a whole.
    #[error("graph {graph:?}: {error}")]
    Graph {
        /// The graph's name.
        graph: String,
        /// What is wrong.
        error: Box<LowerError>,
    },
    /// A node could not be translated.
    #[error("node {node:?}: {op_type} {error}")]
    Node {
        /// The node's name; its operator's if it has none.
        node: String,
        /// Its operator.
        op_type: String,
        /// Its first byte in the file.
        offset: Option<u64>,
        /// What is wrong.
        error: Box<LowerError>,
    },
}

impl ReadError {
    pub(super) fn graph(name: &[u8], error: LowerError) -> ReadError {
        ReadError::Graph { graph: name_text(name).into_owned(), error: Box::new(error) }
    }

    pub(super) fn node(name: &[u8], op_type: &[u8], offset: Option<u64>, error: LowerError) -> ReadError {
        let name = if name.is_empty() { op_type } else { name };
        ReadError::Node {
            node: name_text(name).into_owned(),
            op_type: name_text(op_type).into_owned(),
            offset,
            error: Box::new(error),
        }
    }
}

/// Reads a model. Weights are not copied: constants look into `whole` where their layout permits.
///
/// # Errors
/// [`ReadError`] says what is wrong and where.
pub fn read(whole: Bytes, external: Option<&dyn ExternalData>, limits: &Limits) -> Result<Model, ReadError> {
    let file = OnnxFile::parse(whole, limits)?;
    let mut tensors = TensorReader::new(&file.whole, limits);
    if let Some(external) = external {
        tensors = tensors.with_external(external);
    }
    let graph = Lowering::new(&file, tensors, limits).main_graph()?;
    Ok(Model { graph, info: ModelInfo::of(&file.model) })
}

impl ModelInfo {
    fn of(model: &ModelProto) -> ModelInfo {
        let text = |bytes: &[u8]| name_text(bytes).into_owned();
        let domain = |bytes: &[u8]| if bytes.is_empty() { "ai.onnx".to_owned() } else { text(bytes) };
        let entry = |entry: &StringStringEntryProto| (text(&entry.key), text(&entry.value));
        let producer = [&model.producer_name, &model.producer_version].map(|part| text(part));
        ModelInfo {
            ir_version: model.ir_version,
            producer: producer.join(" ").trim().to_owned(),
            model_version: model.model_version,
            description: text(&model.doc_string),
            opsets: model
                .opset_import
                .iter()
                .map(|import| (domain(&import.domain), import.version))
                .collect(),
            metadata: model.metadata_props.iter().map(entry).collect(),
        }
    }
}
