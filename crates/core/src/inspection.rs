//! What a file holds, read without planning it or touching its weights.

use dunlin_formats::onnx::ModelInfo;
use dunlin_ir::{Graph, Type};

use crate::{InputInfo, OutputInfo};

/// A model as its file describes it. Weights are ranges of the file that nothing has read.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What the model takes, in order.
    pub inputs: Vec<InputInfo>,
    /// What the model gives, in order.
    pub outputs: Vec<OutputInfo>,
    /// What the file says of itself.
    pub metadata: ModelInfo,
    /// The computation, before the optimiser.
    pub graph: Graph,
}

impl Inspection {
    pub(crate) fn new(graph: Graph, metadata: ModelInfo) -> Inspection {
        Inspection { inputs: inputs_of(&graph), outputs: outputs_of(&graph), metadata, graph }
    }
}

/// The signature's inputs.
pub(crate) fn inputs_of(graph: &Graph) -> Vec<InputInfo> {
    let input = |&id| {
        let info = graph.value(id);
        let has_default = graph.defaults.iter().any(|(default, _)| *default == id);
        InputInfo {
            name: info.name.as_str().into(),
            ty: info.ty.clone(),
            is_optional: has_default || matches!(info.ty, Type::Optional(_)),
        }
    };
    graph.inputs.iter().map(input).collect()
}

/// The signature's outputs.
pub(crate) fn outputs_of(graph: &Graph) -> Vec<OutputInfo> {
    let output =
        |&id| OutputInfo { name: graph.value(id).name.as_str().into(), ty: graph.value(id).ty.clone() };
    graph.outputs.iter().map(output).collect()
}
