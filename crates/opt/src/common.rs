//! Computes equal nodes once.
//!
//! ```text
//! a = Exp(x); b = Exp(x); c = Add(a, b)      =>      a = Exp(x); c = Add(a, a)
//! ```

use std::collections::HashMap;

use dunlin_ir::{Graph, NodeId, NodeInputs};

use crate::index::is_pure;
use crate::{OptimizeError, Target};

/// Runs the pass. Nodes compare equal if operator, attributes and inputs are the same; random ones never.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let mut seen: HashMap<(&'static str, NodeInputs), Vec<NodeId>> = HashMap::new();
    let mut replacement: Vec<u32> = (0..graph.values.len() as u32).collect();
    let mut dead = Vec::new();
    for index in 0..graph.nodes.len() {
        for input in graph.nodes[index].inputs.iter_mut().flatten() {
            input.0 = replacement[input.index()];
        }
        let node = &graph.nodes[index];
        if !is_pure(&node.op) {
            continue;
        }
        let equals = seen.entry((node.op.name(), node.inputs.clone())).or_default();
        let first = equals.iter().copied().find(|id| covers(graph, *id, index));
        match first {
            Some(first) => {
                let pairs = graph.nodes[first.index()].outputs.iter().zip(&node.outputs);
                for (kept, dropped) in pairs.filter_map(|(kept, dropped)| Some(((*kept)?, (*dropped)?))) {
                    replacement[dropped.index()] = kept.0;
                }
                dead.push(index);
            }
            None => equals.push(NodeId(index as u32)),
        }
    }
    for output in &mut graph.outputs {
        output.0 = replacement[output.index()];
    }
    let mut index = 0;
    graph.nodes.retain(|_| {
        index += 1;
        dead.binary_search(&(index - 1)).is_err()
    });
    Ok(!dead.is_empty())
}

/// Whether the first node computes all that the second does.
fn covers(graph: &Graph, first: NodeId, second: usize) -> bool {
    let (first, second) = (&graph.nodes[first.index()], &graph.nodes[second]);
    let has = |i: usize| first.outputs.get(i).is_some_and(Option::is_some);
    first.op == second.op
        && first.outputs.len() >= second.outputs.len()
        && second.outputs.iter().enumerate().all(|(i, output)| output.is_none() || has(i))
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::Graph;
    use dunlin_ir::op::elementwise::{Binary, Unary};

    use crate::testing::{Sketch, check};

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[4]);
        let (a, b) = (sketch.unary(Unary::Relu, x), sketch.unary(Unary::Relu, x));
        let y = sketch.binary(Binary::Add, a, b);
        sketch.finish(&[y])
    }

    #[test]
    fn equal_nodes_become_one() {
        assert_eq!(check(&example(), super::run).nodes.len(), 2);
    }
}
