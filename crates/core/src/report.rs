//! The truth about how a model runs: where each node was placed, and what a run spent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dunlin_exec::{Observer, Place, Plan, StepRun, Target};
use dunlin_ir::{DType, Value};
use serde_json::json;

use crate::{Device, Error, ErrorKind};

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
    /// How many nodes did not run, since their results follow from input shapes that have been seen before.
    pub n_spared: usize,
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
    pub(crate) fn of(plan: &Plan, passes: Vec<&'static str>, target: &Target) -> Report {
        let mut report = Report { passes, ..Report::default() };
        report.add(plan, target.device.as_deref().map_or("cpu", |device| device.name()));
        report
    }

    fn add(&mut self, plan: &Plan, device: &'static str) {
        self.constant_bytes += plan.constants.iter().map(Value::byte_len).sum::<usize>();
        self.packed_bytes += plan.packed_bytes();
        for step in &plan.steps {
            step.bodies.iter().for_each(|body| self.add(body, device));
            self.nodes.push(Placement {
                node: step.label().to_owned(),
                op: step.op.name(),
                backend: match step.place {
                    Place::Device(_) => device,
                    _ => "cpu",
                },
                fallback: match &step.place {
                    Place::Fallback(reason) => Some(reason.to_string()),
                    _ => None,
                },
            });
        }
    }

    /// An error that lists the nodes that `device` cannot run, if there are any.
    pub(crate) fn check_none_fell_back(&self, device: Device) -> Result<(), Error> {
        let refused: Vec<String> = self.fallbacks().map(Placement::refusal).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let listed = refused[..refused.len().min(MAX_LISTED)].join("; ");
        let more = match refused.len().saturating_sub(MAX_LISTED) {
            0 => String::new(),
            n => format!("; and {n} more"),
        };
        let message = format!("{} nodes cannot run on {device}: {listed}{more}", refused.len());
        Err(Error::new(ErrorKind::Placement, message).with_hint("allow falling back to the CPU"))
    }

    /// All of it as JSON.
    pub fn to_json(&self) -> String {
        let node = |node: &Placement| json!({ "node": node.node, "op": node.op, "backend": node.backend, "fallback": node.fallback });
        let nodes: Vec<_> = self.nodes.iter().map(node).collect();
        json!({
            "passes": self.passes, "packed_bytes": self.packed_bytes, "constant_bytes": self.constant_bytes,
            "nodes": nodes,
        })
        .to_string()
    }

    /// The nodes that do not run on the device that was asked for.
    pub fn fallbacks(&self) -> impl Iterator<Item = &Placement> {
        self.nodes.iter().filter(|node| node.fallback.is_some())
    }
}

impl RunReport {
    /// All of it as JSON.
    pub fn to_json(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(NodeReport::to_json).collect();
        json!({
            "seconds": self.time.as_secs_f64(), "peak_bytes": self.peak_bytes, "spared_nodes": self.n_spared,
            "nodes": nodes,
        })
        .to_string()
    }
}

impl NodeReport {
    fn to_json(&self) -> serde_json::Value {
        json!({
            "node": self.node, "op": self.op, "backend": self.backend, "depth": self.depth,
            "dtype": self.dtype.map(|dtype| dtype.name()), "seconds": self.time.as_secs_f64(),
            "output_bytes": self.output_bytes, "fallback": self.fallback,
        })
    }
}

/// An error lists at most so many nodes.
const MAX_LISTED: usize = 20;

impl Placement {
    fn refusal(&self) -> String {
        format!("{:?} ({}): {}", self.node, self.op, self.fallback.as_deref().unwrap_or_default())
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
    fn step(&self, run: &StepRun<'_>) {
        let report = NodeReport {
            node: run.step.label().to_owned(),
            op: run.step.op.name(),
            backend: run.backend,
            dtype: run.dtype,
            time: run.time,
            output_bytes: run.output_bytes,
            depth: run.depth,
            fallback: run.fallback.map(str::to_owned),
        };
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }
}
