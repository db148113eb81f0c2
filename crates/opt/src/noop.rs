//! Drops nodes whose output is their input.
//!
//! ```text
//! a = Identity(x); y = Relu(a)      =>      y = Relu(x)
//! ```

use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::op::{Elementwise, Movement};
use dunlin_ir::{Dim, Fact, Graph, MAX_SHAPE_ELEMENTS, Node, Op, Type, ValueId, infer_graph};

use crate::{OptimizeError, Target};

/// Runs the pass: identities, conversions to the type that is there already, and movements
/// that keep both shape and order.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let facts = infer_graph(graph, &[], Some(target.evaluator), MAX_SHAPE_ELEMENTS);
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
        if is_noop(node, &facts[input.index()], &facts[output.index()]) {
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

fn is_noop(node: &Node, input: &Fact, output: &Fact) -> bool {
    match &node.op {
        Op::Elementwise(Elementwise::Unary(Unary::Identity)) => true,
        Op::Elementwise(Elementwise::Cast(cast)) => input.ty.dtype() == Some(cast.to),
        Op::Movement(movement) => keeps_order(movement) && same_shape(&input.ty, &output.ty),
        _ => false,
    }
}

/// Whether the elements stay in their order as long as their number does.
fn keeps_order(movement: &Movement) -> bool {
    match movement {
        Movement::Expand | Movement::Flatten(_) | Movement::Reshape(_) => true,
        Movement::Concat(_) | Movement::Squeeze | Movement::Tile | Movement::Unsqueeze => true,
        Movement::Transpose(transpose) => transpose.perm.as_ref().is_some_and(|perm| perm.is_sorted()),
        _ => false,
    }
}

/// Whether two types are tensors of one known shape, symbols included.
fn same_shape(a: &Type, b: &Type) -> bool {
    match (a.dims(), b.dims()) {
        (Some(a), Some(b)) => a == b && !a.contains(&Dim::Unknown),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::Graph;
    use dunlin_ir::op::elementwise::Unary;

    use crate::testing::{Sketch, check};

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2]);
        let y = sketch.unary(Unary::Identity, x);
        let z = sketch.unary(Unary::Relu, y);
        let w = sketch.unary(Unary::Identity, z);
        sketch.finish(&[w])
    }

    #[test]
    fn identities_go_even_before_an_output() {
        assert_eq!(check(&example(), super::run).nodes.len(), 1);
    }
}
