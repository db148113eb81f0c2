//! Finds GELU in the forms that exporters write.
//!
//! ```text
//! d = Div(x, sqrt(2)); e = Erf(d); a = Add(e, 1); then x * a * 0.5 in any order      =>      y = Gelu(x)
//! ```

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Approximate, Binary, Unary};
use dunlin_ir::{Graph, Node, NodeId, Op, ValueId};

use super::{operands, output, private_producer, rewrite_each, with_scalar};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    let x = gelu_of(graph, index, node)?;
    let origin = node.origin.clone();
    let op = Op::Elementwise(Elementwise::Unary(Unary::Gelu { approximate: Approximate::None }));
    graph.nodes[id.index()] = Node::new(op, &[Some(x)], &[Some(y)], origin);
    Some(())
}

/// The `x` of a product of `x`, `1 + erf(x / sqrt(2))` and a half, whatever the order of the factors.
fn gelu_of(graph: &Graph, index: &Index, node: &Node) -> Option<ValueId> {
    let (a, b) = operands(node, Binary::Mul)?;
    let mut factors = vec![a, b];
    // At most one of the two factors is a product itself.
    for (i, factor) in [a, b].into_iter().enumerate() {
        let inner = private_producer(graph, index, factor).and_then(|(_, node)| operands(node, Binary::Mul));
        if let Some((c, d)) = inner {
            factors = vec![[b, a][i], c, d];
            break;
        }
    }
    let half = factors.iter().position(|&id| graph.scalar(id) == Some(0.5))?;
    factors.remove(half);
    let [a, b] = factors[..] else { return None };
    (one_plus_erf(graph, index, b) == Some(a))
        .then_some(a)
        .or_else(|| (one_plus_erf(graph, index, a) == Some(b)).then_some(b))
}

/// The `x` of `1 + erf(x / sqrt(2))`.
fn one_plus_erf(graph: &Graph, index: &Index, sum: ValueId) -> Option<ValueId> {
    let (_, add) = private_producer(graph, index, sum)?;
    let erf = with_scalar(graph, add, Binary::Add, 1.0)?;
    let (_, erf) = private_producer(graph, index, erf)?;
    if erf.op != Op::Elementwise(Elementwise::Unary(Unary::Erf)) {
        return None;
    }
    let (_, scaled) = private_producer(graph, index, erf.inputs.first().copied().flatten()?)?;
    if let Some((x, divisor)) = operands(scaled, Binary::Div) {
        let near = |value: f32| (value - std::f32::consts::SQRT_2).abs() < 1e-4;
        return graph.scalar(divisor).is_some_and(near).then_some(x);
    }
    with_scalar(graph, scaled, Binary::Mul, std::f32::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Sketch, check};

    #[test]
    fn factors_come_in_any_order() {
        for order in 0..3 {
            let mut sketch = Sketch::new();
            let x = sketch.input("x", &[100]);
            let [root, one, half] = [std::f32::consts::SQRT_2, 1.0, 0.5].map(|v| sketch.floats(&[], &[v]));
            let scaled = sketch.binary(Binary::Div, x, root);
            let erf = sketch.unary(Unary::Erf, scaled);
            let sum = sketch.binary(Binary::Add, erf, one);
            let (a, b, c) = [(x, sum, half), (x, half, sum), (half, sum, x)][order];
            let product = sketch.binary(Binary::Mul, a, b);
            let y = sketch.binary(Binary::Mul, product, c);
            let graph = sketch.finish(&[y]);
            assert_eq!(check(&graph, run).nodes.len(), 1, "order {order}");
        }
    }
}
