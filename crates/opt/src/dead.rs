//! Drops nodes that nobody reads, and outputs that nobody wants.
//!
//! ```text
//! a = Exp(x); b = Relu(x); return b      =>      b = Relu(x); return b
//! ```

use dunlin_ir::Graph;

use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let is_read = read_values(graph);
    let mut changed = false;
    graph.nodes.retain_mut(|node| {
        for output in &mut node.outputs {
            if output.is_some_and(|id| !is_read[id.index()]) {
                *output = None;
                changed = true;
            }
        }
        let keeps = node.outputs.iter().any(Option::is_some);
        changed |= !keeps;
        keeps
    });
    // Contents that nothing reads any more need not stay in memory.
    for (value, is_read) in graph.values.iter_mut().zip(&is_read) {
        if !is_read {
            value.constant = None;
        }
    }
    Ok(changed)
}

/// For each value, whether the caller reads it or a node does of which something is read.
pub(crate) fn read_values(graph: &Graph) -> Vec<bool> {
    let mut is_read = vec![false; graph.values.len()];
    for output in &graph.outputs {
        is_read[output.index()] = true;
    }
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().flatten().any(|output| is_read[output.index()]) {
            for input in node.inputs.iter().flatten() {
                is_read[input.index()] = true;
            }
        }
    }
    is_read
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::Graph;

    use crate::testing::{Sketch, check};

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3]);
        sketch.unary(dunlin_ir::op::elementwise::Unary::Relu, x);
        let y = sketch.unary(dunlin_ir::op::elementwise::Unary::Relu, x);
        sketch.finish(&[y])
    }

    #[test]
    fn unread_nodes_go() {
        let after = check(&example(), super::run);
        assert_eq!(after.nodes.len(), 1);
    }
}
