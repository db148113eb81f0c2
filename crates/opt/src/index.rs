//! Who writes and who reads each value, for passes that look for patterns.

use dunlin_ir::{Graph, Node, NodeId, Op, Tensor, ValueId};
use smallvec::SmallVec;

/// Writers and readers of a graph's values, as they were when it was made.
///
/// A pass that rewrites a node makes the index anew, or looks only at nodes that it has not touched.
#[derive(Debug)]
pub struct Index {
    producers: Vec<Option<NodeId>>,
    consumers: Vec<SmallVec<[NodeId; 2]>>,
    is_output: Vec<bool>,
}

impl Index {
    /// The index of a graph.
    pub fn new(graph: &Graph) -> Index {
        let mut is_output = vec![false; graph.values.len()];
        for output in &graph.outputs {
            is_output[output.index()] = true;
        }
        Index { producers: graph.producers(), consumers: graph.consumers(), is_output }
    }

    /// The node that writes a value.
    pub fn producer(&self, value: ValueId) -> Option<NodeId> {
        self.producers.get(value.index()).copied().flatten()
    }

    /// The nodes that read a value, once per reading input.
    pub fn consumers(&self, value: ValueId) -> &[NodeId] {
        self.consumers.get(value.index()).map_or(&[], SmallVec::as_slice)
    }

    /// Whether the graph's caller sees a value.
    pub fn is_output(&self, value: ValueId) -> bool {
        self.is_output.get(value.index()).copied().unwrap_or(false)
    }

    /// The one node that reads a value, if it is read once and the graph's caller does not see it.
    pub fn sole_consumer(&self, value: ValueId) -> Option<NodeId> {
        match self.consumers(value) {
            [consumer] if !self.is_output(value) => Some(*consumer),
            _ => None,
        }
    }

    /// Whether nothing but one input of one node reads a value.
    pub fn is_private(&self, value: ValueId) -> bool {
        self.sole_consumer(value).is_some()
    }
}

/// What patterns ask of a node or value.
pub(crate) trait Look {
    /// The node of this id.
    fn node(&self, id: NodeId) -> &Node;
    /// The one element of a constant, as `f32`.
    fn scalar(&self, value: ValueId) -> Option<f32>;
    /// The constant's elements as integers.
    fn ints(&self, value: ValueId) -> Option<Vec<i64>>;
}

impl Look for Graph {
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn scalar(&self, value: ValueId) -> Option<f32> {
        scalar_of(self.constant(value)?)
    }

    fn ints(&self, value: ValueId) -> Option<Vec<i64>> {
        let tensor = self.constant(value)?.to_aligned().ok()?;
        if let Ok(ints) = tensor.view::<i64>() {
            return Some(ints.to_vec());
        }
        Some(tensor.view::<i32>().ok()?.iter().map(|&x| i64::from(x)).collect())
    }
}

/// The one element of a float tensor.
pub(crate) fn scalar_of(tensor: &Tensor) -> Option<f32> {
    if tensor.len() != 1 {
        return None;
    }
    let tensor = tensor.to_aligned().ok()?;
    if let Ok(values) = tensor.view::<f32>() {
        return values.first().copied();
    }
    if let Ok(values) = tensor.view::<half::f16>() {
        return values.first().map(|x| x.to_f32());
    }
    tensor.view::<f64>().ok()?.first().map(|&x| x as f32)
}

/// Whether a node is one that nothing but its outputs tells of, so that it may be moved, merged or dropped.
pub(crate) fn is_pure(op: &Op) -> bool {
    !op.is_random()
}
