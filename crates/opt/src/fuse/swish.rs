//! Finds SiLU, its scaled form (which approximates GELU) and hard swish in the forms that exporters write.
//!
//! ```text
//! s = Sigmoid(x); y = Mul(x, s)                                  =>      y = Swish(x)
//! a = Mul(x, 1.702); s = Sigmoid(a); y = Mul(x, s)               =>      y = Swish(x, alpha = 1.702)
//! s = HardSigmoid(x, 1/6, 1/2); y = Mul(x, s)                    =>      y = HardSwish(x)
//! a = Add(x, 3); c = Clip(a, 0, 6); m = Mul(x, c); y = Div(m, 6) =>      y = HardSwish(x)
//! a = Add(x, 3); c = Clip(a, 0, 6); d = Div(c, 6); y = Mul(x, d) =>      y = HardSwish(x)
//! a = Add(x, 3); c = Clip(a, 0, 6); y = Div(c, 6)                =>      y = HardSigmoid(x, 1/6, 1/2)
//! ```

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::{Graph, Node, NodeId, Op, ValueId};

use super::{any_scalar, operands, ordered, output, private_producer, rewrite_each, with_scalar};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    let (x, unary) = gated(graph, index, node)
        .or_else(|| sixth(graph, index, node).map(|x| (x, HARD_SIGMOID)))
        .or_else(|| scaled_hard_swish(graph, index, node).map(|x| (x, Unary::HardSwish)))?;
    let origin = node.origin.clone();
    let op = Op::Elementwise(Elementwise::Unary(unary));
    graph.nodes[id.index()] = Node::new(op, &[Some(x)], &[Some(y)], origin);
    Some(())
}

const HARD_SIGMOID: Unary = Unary::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 };

/// `x * gate(x)` for the gates that make a named function.
fn gated(graph: &Graph, index: &Index, node: &Node) -> Option<(ValueId, Unary)> {
    let (a, b) = operands(node, Binary::Mul)?;
    let gate = |x: ValueId, gate: ValueId| {
        let (_, producer) = private_producer(graph, index, gate)?;
        if let Some(of) = sixth(graph, index, producer) {
            return (of == x).then_some((x, Unary::HardSwish));
        }
        let Op::Elementwise(Elementwise::Unary(unary)) = producer.op else { return None };
        if let Some(alpha) = scaled_by(graph, index, producer, x).filter(|_| unary == Unary::Sigmoid) {
            return Some((x, Unary::Swish { alpha }));
        }
        if producer.inputs.first().copied().flatten() != Some(x) {
            return None;
        }
        match unary {
            Unary::Sigmoid => Some((x, Unary::Swish { alpha: 1.0 })),
            Unary::HardSigmoid { alpha, beta } if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 => {
                Some((x, Unary::HardSwish))
            }
            _ => None,
        }
    };
    gate(a, b).or_else(|| gate(b, a))
}

/// The factor of `x` in what a node reads.
fn scaled_by(graph: &Graph, index: &Index, node: &Node, x: ValueId) -> Option<f32> {
    let (_, scaled) = private_producer(graph, index, node.inputs.first().copied().flatten()?)?;
    any_scalar(graph, scaled, Binary::Mul).filter(|(of, _)| *of == x).map(|(_, alpha)| alpha)
}

/// The `x` of `clip(x + 3, 0, 6) / 6`.
fn sixth(graph: &Graph, index: &Index, node: &Node) -> Option<ValueId> {
    let clipped = divided_by_six(graph, node)?;
    relu6_of_shifted(graph, index, clipped)
}

/// The `x` of `x * clip(x + 3, 0, 6) / 6`.
fn scaled_hard_swish(graph: &Graph, index: &Index, node: &Node) -> Option<ValueId> {
    let product = divided_by_six(graph, node)?;
    let (_, mul) = private_producer(graph, index, product)?;
    let (a, b) = operands(mul, Binary::Mul)?;
    let is_gate = |gate| relu6_of_shifted(graph, index, gate);
    (is_gate(b) == Some(a)).then_some(a).or_else(|| (is_gate(a) == Some(b)).then_some(b))
}

fn divided_by_six(graph: &Graph, node: &Node) -> Option<ValueId> {
    if let Some((value, six)) = operands(node, Binary::Div) {
        return (graph.scalar(six) == Some(6.0)).then_some(value);
    }
    with_scalar(graph, node, Binary::Mul, 1.0 / 6.0)
}

/// The `x` of `clip(x + 3, 0, 6)`.
fn relu6_of_shifted(graph: &Graph, index: &Index, clipped: ValueId) -> Option<ValueId> {
    let (_, clip) = private_producer(graph, index, clipped)?;
    let (Op::Elementwise(Elementwise::Clip), [Some(shifted), Some(low), Some(high)]) =
        (&clip.op, clip.inputs.as_slice())
    else {
        return None;
    };
    if graph.scalar(*low) != Some(0.0) || graph.scalar(*high) != Some(6.0) {
        return None;
    }
    let (_, add) = private_producer(graph, index, *shifted)?;
    let (_, x) = ordered(add, Binary::Add, |id| graph.scalar(id) == Some(3.0))?;
    Some(x)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check};

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[64]);
        let s = sketch.unary(Unary::Sigmoid, x);
        let y = sketch.binary(Binary::Mul, s, x);
        sketch.finish(&[y])
    }

    #[test]
    fn the_forms_of_exporters_are_found() {
        assert_eq!(check(&example(), run).nodes.len(), 1);

        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[64]);
        let alpha = sketch.floats(&[], &[1.702]);
        let scaled = sketch.binary(Binary::Mul, alpha, x);
        let s = sketch.unary(Unary::Sigmoid, scaled);
        let y = sketch.binary(Binary::Mul, x, s);
        let after = check(&sketch.finish(&[y]), run);
        let swish = Op::Elementwise(Elementwise::Unary(Unary::Swish { alpha: 1.702 }));
        assert_eq!((after.nodes.len(), &after.nodes[0].op), (1, &swish));

        for divide_first in [true, false] {
            let mut sketch = Sketch::new();
            let x = sketch.input("x", &[64]);
            let [three, zero, six] = [3.0, 0.0, 6.0].map(|value| sketch.floats(&[], &[value]));
            let shifted = sketch.binary(Binary::Add, x, three);
            let clipped = sketch.node(Elementwise::Clip, &[shifted, zero, six]);
            let y = if divide_first {
                let gate = sketch.binary(Binary::Div, clipped, six);
                sketch.binary(Binary::Mul, x, gate)
            } else {
                let product = sketch.binary(Binary::Mul, x, clipped);
                sketch.binary(Binary::Div, product, six)
            };
            let graph = sketch.finish(&[y]);
            assert_eq!(check(&graph, run).nodes.last().unwrap().op.name(), "HardSwish");
        }
    }
}
