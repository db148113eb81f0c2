//! Drops nodes that nobody reads, and outputs that nobody wants.
//!
//! ```text
//! a = Exp(x); b = Relu(x); return b      =>      b = Relu(x); return b
//! ```

use dunlin_ir::Graph;

use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let mut is_read = vec![false; graph.values.len()];
    for output in &graph.outputs {
        is_read[output.index()] = true;
    }
    let mut keep = vec![false; graph.nodes.len()];
    let mut changed = false;
    for (node, keep) in graph.nodes.iter_mut().zip(&mut keep).rev() {
        *keep = node.outputs.iter().flatten().any(|output| is_read[output.index()]);
        if !*keep {
            changed = true;
            continue;
        }
        for input in node.inputs.iter().flatten() {
            is_read[input.index()] = true;
        }
        for output in &mut node.outputs {
            if output.is_some_and(|id| !is_read[id.index()]) {
                *output = None;
                changed = true;
            }
        }
    }
    let mut keep = keep.into_iter();
    graph.nodes.retain(|_| keep.next().unwrap_or(true));
    // Contents that nothing reads any more need not stay in memory.
    for (value, is_read) in graph.values.iter_mut().zip(&is_read) {
        if !is_read {
            value.constant = None;
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sketch, check};

    #[test]
    fn unread_nodes_go() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3]);
        sketch.unary(dunlin_ir::op::elementwise::Unary::Relu, x);
        let y = sketch.unary(dunlin_ir::op::elementwise::Unary::Relu, x);
        let graph = sketch.finish(&[y]);
        let after = check(&graph, super::run);
        assert_eq!(after.nodes.len(), 1);
    }
}
