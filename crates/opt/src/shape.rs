//! Computes shape arithmetic whose results follow from the declared shapes alone.
//!
//! ```text
//! s = Shape(x: [2, 3]); n = Gather(s, 0); ..      =>      n = 2; ..
//! ```

use dunlin_ir::{Graph, MAX_SHAPE_ELEMENTS, Op, infer_graph};

use crate::index::is_pure;
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let facts = infer_graph(graph, &[], Some(target.evaluator), MAX_SHAPE_ELEMENTS);
    let mut changed = false;
    for node in &mut graph.nodes {
        let outputs = node.outputs.iter().flatten();
        let known = outputs.clone().all(|id| facts[id.index()].value.is_some());
        // Dequantised weights stay as they are, since quantised kernels want them so.
        let is_kept = matches!(node.op, Op::Quantize(_));
        if !known || is_kept || !is_pure(&node.op) || outputs.clone().next().is_none() {
            continue;
        }
        for id in outputs {
            graph.values[id.index()].constant.clone_from(&facts[id.index()].value);
        }
        node.outputs.fill(None);
        changed = true;
    }
    graph.nodes.retain(|node| node.outputs.iter().any(Option::is_some));
    for (value, fact) in graph.values.iter_mut().zip(facts) {
        value.ty = fact.ty;
    }
    Ok(changed)
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::movement::{Reshape, ShapeOf};
    use dunlin_ir::op::{Index, Movement};

    use super::*;
    use crate::testing::{Sketch, check, check_nodes};

    /// `x` reshaped to what is computed of its own shape.
    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2, 3, 4]);
        let shape = sketch.node(Movement::Shape(ShapeOf { start: 0, end: None }), &[x]);
        let first = sketch.ints(&[0]);
        let n = sketch.node(Index::Gather(dunlin_ir::op::index::Axis { axis: 0 }), &[shape, first]);
        let rest = sketch.ints(&[-1]);
        let to = sketch.node(Movement::Concat(dunlin_ir::op::movement::Concat { axis: 0 }), &[n, rest]);
        let y = sketch.node(Movement::Reshape(Reshape { allow_zero: false }), &[x, to]);
        sketch.finish(&[y])
    }

    #[test]
    fn shapes_that_are_known_are_computed() {
        assert_eq!(check_nodes(&example(), run), ["Reshape"]);
        let after = check(&example(), run);
        let to = after.nodes[0].inputs[1].and_then(|id| after.constant(id)).unwrap();
        assert_eq!(to.view::<i64>().unwrap(), [2, -1]);
    }

    #[test]
    fn unknown_sizes_are_left_to_the_run() {
        let mut graph = example();
        let x = graph.inputs[0];
        graph.values[x.index()].ty = dunlin_ir::Type::partial(
            Some(dunlin_ir::DType::F32),
            Some(
                [dunlin_ir::Dim::Unknown, dunlin_ir::Dim::Known(3), dunlin_ir::Dim::Known(4)]
                    .into_iter()
                    .collect(),
            ),
        );
        assert!(!crate::testing::apply(&mut graph, run));
    }
}
