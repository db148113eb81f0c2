//! Lets convolutions and products apply the activation that follows them.
//!
//! ```text
//! c = Conv(x, w); y = Relu(c)      =>      y = Conv(x, w) with Relu
//! ```

use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::op::{Activation, Convolution, Elementwise, Linear};
use dunlin_ir::{Graph, Node, NodeId, Op, ValueId};

use super::{output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let (x, activation) = activation_of(graph, node)?;
    let y = output(node)?;
    let (producer, _) = private_producer(graph, index, x)?;
    *slot(&mut graph.nodes[producer.index()].op)? = Some(activation);
    // The producer now writes the result, at the place of the activation: its other inputs may be written in between.
    let origin = graph.nodes[id.index()].origin.clone();
    let mut fused = graph.nodes[producer.index()].clone();
    fused.outputs = [Some(y)].as_slice().into();
    fused.origin = origin;
    graph.nodes[producer.index()].outputs.fill(None);
    graph.nodes[id.index()] = fused;
    Some(())
}

/// The activation that a node is, and what it is applied to.
fn activation_of(graph: &Graph, node: &Node) -> Option<(ValueId, Activation)> {
    let x = node.inputs.first().copied().flatten()?;
    match &node.op {
        Op::Elementwise(Elementwise::Unary(unary)) if is_activation(*unary) => {
            Some((x, Activation::Unary(*unary)))
        }
        Op::Elementwise(Elementwise::Clip) => {
            let bound = |i: usize, open: f32| match node.inputs.get(i).copied().flatten() {
                Some(id) => graph.scalar(id),
                None => Some(open),
            };
            let (min, max) = (bound(1, f32::NEG_INFINITY)?, bound(2, f32::INFINITY)?);
            Some((x, Activation::Clip { min, max }))
        }
        _ => None,
    }
}

/// Whether the kernels know a function as an activation.
fn is_activation(unary: Unary) -> bool {
    matches!(
        unary,
        Unary::Elu { .. }
            | Unary::Gelu { .. }
            | Unary::HardSigmoid { .. }
            | Unary::HardSwish
            | Unary::LeakyRelu { .. }
            | Unary::Mish
            | Unary::Relu
            | Unary::Selu { .. }
            | Unary::Sigmoid
            | Unary::Softplus
            | Unary::Softsign
            | Unary::Swish { .. }
            | Unary::Tanh
            | Unary::ThresholdedRelu { .. }
    )
}

/// The place for an activation in a producer that has none yet.
fn slot(op: &mut Op) -> Option<&mut Option<Activation>> {
    let slot = match op {
        Op::Convolution(Convolution::Conv(conv)) => &mut conv.activation,
        Op::Convolution(Convolution::ConvTranspose(conv)) => &mut conv.activation,
        Op::Linear(Linear::Gemm(gemm)) => &mut gemm.activation,
        Op::Linear(Linear::Dense(dense)) => &mut dense.activation,
        _ => return None,
    };
    slot.is_none().then_some(slot)
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::linear::Gemm;

    use super::*;
    use crate::testing::{Sketch, check};

    fn graph(unary: Unary) -> Graph {
        let gemm = Gemm { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: false, activation: None };
        let mut sketch = Sketch::new();
        let (x, w) = (sketch.input("x", &[3, 4]), sketch.input("w", &[4, 5]));
        let h = sketch.node(Linear::Gemm(gemm), &[x, w]);
        let y = sketch.unary(unary, h);
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(Unary::Relu)
    }

    #[test]
    fn a_product_applies_what_follows() {
        for unary in [Unary::Relu, Unary::Sigmoid, Unary::HardSwish, Unary::LeakyRelu { alpha: 0.1 }] {
            assert_eq!(check(&graph(unary), run).nodes.len(), 1);
        }
    }
}
