//! The truth about how a model runs: where each node was placed, and what a run spent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dunlin_exec::{Observer, Plan, Step};
use dunlin_ir::{DType, Value};

/// Where a model's nodes run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Each node of the optimised graph, in the order in which they run.
    pub nodes: Vec<Placement>,
    /// The optimiser's passes that changed something, in order.
    pub passes: Vec<&'static str>,
    /// Bytes of weights in packed layouts.
    pub packed_bytes: usize,
    /// Bytes of constants that are kept as they are.
    pub constant_bytes: usize,
}

/// Where one node runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The node's name in the model; its operator's if it has none.
    pub node: String,
    /// The operator.
    pub op: &'static str,
    /// The backend that computes it.
    pub backend: &'static str,
    /// Why it does not run on the device that was asked for, if it does not.
    pub fallback: Option<String>,
}

/// What one run spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
    pub nodes: Vec<NodeReport>,
    /// The whole run.
    pub time: Duration,
    /// The most bytes of tensors that were held at a time.
    pub peak_bytes: usize,
}

/// What one node spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// The node's name in the model; its operator's if it has none.
    pub node: String,
    /// The operator.
    pub op: &'static str,
    /// The backend that computed it.
    pub backend: &'static str,
    /// The element type of its first output, if that is a tensor.
    pub dtype: Option<DType>,
    /// How long it took.
    pub time: Duration,
    /// Bytes of its outputs.
    pub output_bytes: usize,
    /// How deeply it is nested in control flow; 0 for the main graph.
    pub depth: usize,
    /// Why it did not run on the device that was asked for, if it did not.
    pub fallback: Option<String>,
}

impl Report {
    pub(crate) fn of(plan: &Plan, passes: Vec<&'static str>) -> Report {
        let mut report = Report { passes, ..Report::default() };
        report.add(plan);
        report
    }

    fn add(&mut self, plan: &Plan) {
        self.constant_bytes += plan.constants.iter().map(Value::byte_len).sum::<usize>();
        for step in &plan.steps {
            self.packed_bytes += step.packed.as_deref().map_or(0, |packed| packed.byte_len());
            step.bodies.iter().for_each(|body| self.add(body));
            self.nodes.push(Placement {
                node: step.label().to_owned(),
                op: step.op.name(),
                backend: "cpu",
                fallback: None,
            });
        }
    }

    /// The nodes that do not run on the device that was asked for.
    pub fn fallbacks(&self) -> impl Iterator<Item = &Placement> {
        self.nodes.iter().filter(|node| node.fallback.is_some())
    }
}

/// Collects a run's steps.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    nodes: Mutex<Vec<NodeReport>>,
}

impl Recorder {
    pub fn into_nodes(self) -> Vec<NodeReport> {
        self.nodes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn step(&self, step: &Step, depth: usize, time: Duration, outputs: &[Option<Value>]) {
        let first = outputs.first().and_then(Option::as_ref).and_then(Value::as_tensor);
        let report = NodeReport {
            node: step.label().to_owned(),
            op: step.op.name(),
            backend: "cpu",
            dtype: first.map(|tensor| tensor.dtype()),
            time,
            output_bytes: outputs.iter().flatten().map(Value::byte_len).sum(),
            depth,
            fallback: None,
        };
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }
}
