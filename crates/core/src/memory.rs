//! How much memory a run will take, before it runs.

use dunlin_exec::Evaluator;
use dunlin_ir::{Fact, Graph, MAX_SHAPE_ELEMENTS, Shape, Type, infer_graph};

/// The peak bytes of tensors of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Every shape is known: so many bytes, weights not counted.
    Exact(usize),
    /// Some shapes depend on the inputs' contents: at least so many bytes.
    AtLeast(usize),
}

impl Memory {
    /// The number.
    pub fn bytes(self) -> usize {
        match self {
            Memory::Exact(bytes) | Memory::AtLeast(bytes) => bytes,
        }
    }
}

/// What is known of every value when the inputs have these shapes.
pub(crate) fn facts(graph: &Graph, shapes: &[Option<Shape>], evaluator: &Evaluator) -> Vec<Fact> {
    let inputs: Vec<Fact> = graph
        .inputs
        .iter()
        .zip(shapes)
        .map(|(&id, shape)| {
            let ty = &graph.value(id).ty;
            match (shape, ty.dtype()) {
                (Some(shape), Some(dtype)) => Fact::known(dtype, shape),
                _ => Fact::of(ty.clone()),
            }
        })
        .collect();
    infer_graph(graph, &inputs, Some(evaluator), MAX_SHAPE_ELEMENTS)
}

/// Follows the lives of the values through the graph.
pub(crate) fn peak(graph: &Graph, facts: &[Fact]) -> Memory {
    let mut reads: Vec<usize> = vec![0; graph.values.len()];
    for id in graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten()).chain(&graph.outputs) {
        reads[id.index()] += 1;
    }
    let mut is_exact = true;
    let mut bytes_of = |fact: &Fact| match &fact.ty {
        Type::Tensor { dtype: Some(dtype), .. } => match fact.ty.shape() {
            Some(shape) => dtype.byte_len(shape.n_elements()).unwrap_or(usize::MAX),
            None => {
                is_exact = false;
                0
            }
        },
        _ => {
            is_exact = false;
            0
        }
    };
    let sizes: Vec<usize> = facts
        .iter()
        .zip(&graph.values)
        .map(|(fact, value)| if value.constant.is_some() { 0 } else { bytes_of(fact) })
        .collect();
    let mut live: usize = 0;
    let mut peak: usize = 0;
    for node in &graph.nodes {
        for id in node.outputs.iter().flatten().filter(|id| reads[id.index()] > 0) {
            live = live.saturating_add(sizes[id.index()]);
        }
        peak = peak.max(live);
        for id in node.inputs.iter().flatten() {
            reads[id.index()] -= 1;
            if reads[id.index()] == 0 && !graph.inputs.contains(id) {
                live = live.saturating_sub(sizes[id.index()]);
            }
        }
    }
    if is_exact { Memory::Exact(peak) } else { Memory::AtLeast(peak) }
}
