//! Drops nodes whose output is their input.
//!
//! ```text
//! a = Identity(x); y = Relu(a)      =>      y = Relu(x)
//! ```

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::{Fact, Graph, Node, Op, ValueId, infer_graph};

use crate::{OptimizeError, Target};

/// Runs the pass: identities, conversions to the type that is there already.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let facts = infer_graph(graph, &[], Some(target.evaluator), 1024);
    let mut replacement: Vec<ValueId> = (0..graph.values.len() as u32).map(ValueId).collect();
    let mut changed = false;
    for index in 0..graph.nodes.len() {
        for input in graph.nodes[index].inputs.iter_mut().flatten() {
            *input = replacement[input.index()];
        }
        let node = &graph.nodes[index];
        let (Some(Some(input)), [Some(output)]) = (node.inputs.first().copied(), node.outputs.as_slice())
        else {
            continue;
        };
        if is_noop(node, &facts[input.index()]) {
            replacement[output.index()] = input;
            graph.nodes[index].outputs.fill(None);
            changed = true;
        }
    }
    for output in &mut graph.outputs {
        *output = replacement[output.index()];
    }
    graph.nodes.retain(|node| node.outputs.iter().any(Option::is_some));
    Ok(changed)
}

fn is_noop(node: &Node, input: &Fact) -> bool {
    match &node.op {
        Op::Elementwise(Elementwise::Unary(Unary::Identity)) => true,
        Op::Elementwise(Elementwise::Cast(cast)) => input.ty.dtype() == Some(cast.to),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use dunlin_ir::op::elementwise::Unary;

    use crate::testing::{Sketch, check};

    #[test]
    fn identities_go_even_before_an_output() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2]);
        let y = sketch.unary(Unary::Identity, x);
        let z = sketch.unary(Unary::Relu, y);
        let w = sketch.unary(Unary::Identity, z);
        let graph = sketch.finish(&[w]);
        assert_eq!(check(&graph, super::run).nodes.len(), 1);
    }
}
