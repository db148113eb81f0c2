//! Reports: where a model's nodes run, and what a run spent.

use std::time::Duration;

/// Where a model's nodes run.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ModelReport {
    /// Each node of the optimised graph, in the order in which they run.
    pub nodes: Vec<Placement>,
    /// The optimiser's passes that changed something, in order.
    pub passes: Vec<String>,
    /// Bytes of weights in packed layouts.
    pub packed_bytes: u64,
    /// Bytes of constants that are kept as they are.
    pub constant_bytes: u64,
    /// All of it as JSON.
    pub json: String,
}

/// Where one node runs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Placement {
    /// The node's name in the model; its operator's if it has none.
    pub node: String,
    /// The operator.
    pub op: String,
    /// The backend that computes it.
    pub backend: String,
    /// Why it does not run on the device that was asked for, if it does not.
    pub fallback: Option<String>,
}

/// What one run spent. It is only put into records when the host asks.
#[derive(Debug, uniffi::Object)]
pub struct RunReport {
    report: dunlin_core::RunReport,
}

/// What one run spent in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct RunSummary {
    /// The whole run.
    pub nanoseconds: u64,
    /// The most bytes of tensors that were held at a time.
    pub peak_bytes: u64,
    /// How many nodes did not run, since their results follow from input shapes that have been seen before.
    pub n_spared: u64,
}

/// What one node spent.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NodeReport {
    /// The node's name in the model; its operator's if it has none.
    pub node: String,
    /// The operator.
    pub op: String,
    /// The backend that computed it.
    pub backend: String,
    /// The element type of its first output by its number in the standard; 0 if that is no tensor.
    pub dtype: i32,
    /// How long it took.
    pub nanoseconds: u64,
    /// Bytes of its outputs.
    pub output_bytes: u64,
    /// How deeply it is nested in control flow; 0 for the main graph.
    pub depth: u32,
    /// Why it did not run on the device that was asked for, if it did not.
    pub fallback: Option<String>,
}

#[uniffi::export]
impl RunReport {
    /// The run as a whole.
    pub fn summary(&self) -> RunSummary {
        RunSummary {
            nanoseconds: nanoseconds(self.report.time),
            peak_bytes: self.report.peak_bytes as u64,
            n_spared: self.report.n_spared as u64,
        }
    }

    /// Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
    pub fn nodes(&self) -> Vec<NodeReport> {
        self.report.nodes.iter().map(NodeReport::of).collect()
    }

    /// All of it as JSON.
    pub fn json(&self) -> String {
        self.report.to_json()
    }
}

impl RunReport {
    pub(crate) fn new(report: dunlin_core::RunReport) -> RunReport {
        RunReport { report }
    }
}

impl NodeReport {
    fn of(node: &dunlin_core::NodeReport) -> NodeReport {
        NodeReport {
            node: node.node.clone(),
            op: node.op.to_owned(),
            backend: node.backend.to_owned(),
            dtype: node.dtype.map_or(0, |dtype| dtype.onnx_code()),
            nanoseconds: nanoseconds(node.time),
            output_bytes: node.output_bytes as u64,
            depth: u32::try_from(node.depth).unwrap_or(u32::MAX),
            fallback: node.fallback.clone(),
        }
    }
}

impl ModelReport {
    pub(crate) fn of(report: &dunlin_core::Report) -> ModelReport {
        let placement = |node: &dunlin_core::Placement| Placement {
            node: node.node.clone(),
            op: node.op.to_owned(),
            backend: node.backend.to_owned(),
            fallback: node.fallback.clone(),
        };
        ModelReport {
            nodes: report.nodes.iter().map(placement).collect(),
            passes: report.passes.iter().map(|&pass| pass.to_owned()).collect(),
            packed_bytes: report.packed_bytes as u64,
            constant_bytes: report.constant_bytes as u64,
            json: report.to_json(),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
