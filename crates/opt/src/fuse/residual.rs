//! Lets convolutions and layers add another tensor of their result's shape before they write it.
//!
//! ```text
//! c = Conv(x, w, b); y = Add(c, z)      =>      y = Conv(x, w, b, z)
//! ```

use dunlin_ir::op::elementwise::Binary;
use dunlin_ir::op::{Convolution, Linear};
use dunlin_ir::{DType, Dim, Graph, Node, NodeId, Op, ValueId};

use super::{operands, output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let y = output(add)?;
    let (a, b) = operands(add, Binary::Add)?;
    if a == b || !same_known_shape(graph, a, b) {
        return None;
    }
    let candidate = |value| private_producer(graph, index, value).filter(|(_, node)| takes_residual(node));
    // The later of the two producers can add the other, which is there by then.
    let (producer, residual) = match (candidate(a), candidate(b)) {
        (Some((first, _)), Some((second, _))) if first > second => (first, b),
        (Some((first, _)), None) => (first, b),
        (_, Some((second, _))) => (second, a),
        (None, None) => return None,
    };
    let origin = add.origin.clone();
    let mut fused = graph.nodes[producer.index()].clone();
    fused.inputs.resize(4, None);
    fused.inputs[3] = Some(residual);
    fused.outputs = [Some(y)].as_slice().into();
    fused.origin = origin;
    graph.nodes[producer.index()].outputs.fill(None);
    graph.nodes[id.index()] = fused;
    Some(())
}

fn takes_residual(node: &Node) -> bool {
    let is_free = node.inputs.get(3).copied().flatten().is_none();
    let has_room = match &node.op {
        Op::Convolution(Convolution::Conv(conv)) => conv.activation.is_none(),
        Op::Linear(Linear::Dense(dense)) => dense.activation.is_none(),
        _ => false,
    };
    is_free && has_room
}

fn same_known_shape(graph: &Graph, a: ValueId, b: ValueId) -> bool {
    let (a, b) = (&graph.value(a).ty, &graph.value(b).ty);
    let is_single = a.dtype() == Some(DType::F32) && b.dtype() == Some(DType::F32);
    match (a.dims(), b.dims()) {
        (Some(a), Some(b)) => is_single && a == b && !a.contains(&Dim::Unknown),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::convolution::Conv;
    use dunlin_ir::op::linear::Dense;

    use super::*;
    use crate::testing::{Sketch, apply, check_nodes};

    fn layer(sketch: &mut Sketch, x: ValueId) -> ValueId {
        let w = sketch.floats(&[2, 2], &[1.0, -2.0, 0.5, 3.0]);
        let b = sketch.floats(&[2], &[0.5, -0.5]);
        sketch.node(Linear::Dense(Dense { activation: None }), &[x, w, b])
    }

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let (x, z) = (sketch.input("x", &[3, 2]), sketch.input("z", &[3, 2]));
        let h = layer(&mut sketch, x);
        let y = sketch.binary(Binary::Add, z, h);
        sketch.finish(&[y])
    }

    #[test]
    fn layers_add_another_tensor() {
        assert_eq!(check_nodes(&example(), run), ["Dense"]);
    }

    #[test]
    fn convolutions_add_what_comes_later() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[1, 2, 4, 4]);
        let w = sketch.floats(&[2, 2, 1, 1], &[1.0, -2.0, 0.5, 3.0]);
        let c = sketch.node(Convolution::Conv(Conv { groups: 1, ..Conv::default() }), &[x, w]);
        let z = sketch.unary(dunlin_ir::op::elementwise::Unary::Exp, x);
        let y = sketch.binary(Binary::Add, c, z);
        assert_eq!(check_nodes(&sketch.finish(&[y]), run), ["Exp", "Conv"]);
    }

    #[test]
    fn of_two_layers_the_later_one_adds_the_other() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3, 2]);
        let (a, b) = (layer(&mut sketch, x), layer(&mut sketch, x));
        let y = sketch.binary(Binary::Add, b, a);
        assert_eq!(check_nodes(&sketch.finish(&[y]), run), ["Dense", "Dense"]);
    }

    #[test]
    fn what_would_broadcast_stays() {
        let mut sketch = Sketch::new();
        let (x, z) = (sketch.input("x", &[3, 2]), sketch.input("z", &[1, 2]));
        let h = layer(&mut sketch, x);
        let y = sketch.binary(Binary::Add, h, z);
        assert!(!apply(&mut sketch.finish(&[y]), run));
    }
}
