//! Finds softmax that was taken apart.
//!
//! ```text
//! m = ReduceMax(x, a); d = Sub(x, m); e = Exp(d); s = ReduceSum(e, a); y = Div(e, s)      =>      y = Softmax(x)
//! ```
//!
//! The maximum may be missing, and the quotient may be a product with `Reciprocal(s)`.

use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::normalize::{Softmax, SoftmaxKind};
use dunlin_ir::op::reduce::{Fold, FoldKind};
use dunlin_ir::op::{Normalize, Reduce};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, ValueId};

use super::{operands, output, private_producer, producer, rewrite_each, unary_input};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass. Only for `float32` along one axis.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    let (exp, sum) = quotient(graph, index, node)?;
    let (of, axis) = folded(graph, index, sum, FoldKind::Sum)?;
    let exp_input = unary_input(producer(graph, index, exp)?, Unary::Exp)?;
    if of != exp || index.consumers(exp).len() != 2 || index.is_output(exp) {
        return None;
    }
    let x = without_maximum(graph, index, exp_input, axis).unwrap_or(exp_input);
    let ty = &graph.value(x).ty;
    if ty.dtype() != Some(DType::F32) || ty.dims().is_none_or(<[_]>::is_empty) {
        return None;
    }
    let softmax = Softmax { kind: SoftmaxKind::Softmax, axis, flatten: false };
    let origin = node.origin.clone();
    graph.nodes[id.index()] =
        Node::new(Op::Normalize(Normalize::Softmax(softmax)), &[Some(x)], &[Some(y)], origin);
    Some(())
}

/// What is divided by what.
fn quotient(graph: &Graph, index: &Index, node: &Node) -> Option<(ValueId, ValueId)> {
    if let Some(operands) = operands(node, Binary::Div) {
        return Some(operands);
    }
    let (a, b) = operands(node, Binary::Mul)?;
    let inverse_of = |value| unary_input(private_producer(graph, index, value)?.1, Unary::Reciprocal);
    inverse_of(b).map(|sum| (a, sum)).or_else(|| inverse_of(a).map(|sum| (b, sum)))
}

/// The `x` of `x - max(x)`.
fn without_maximum(graph: &Graph, index: &Index, difference: ValueId, axis: i64) -> Option<ValueId> {
    let (_, node) = private_producer(graph, index, difference)?;
    let (x, max) = operands(node, Binary::Sub)?;
    (folded(graph, index, max, FoldKind::Max)? == (x, axis)).then_some(x)
}

/// What a fold along one axis, which it keeps with size 1, is of, and the axis, from the end if the rank is known.
fn folded(graph: &Graph, index: &Index, value: ValueId, kind: FoldKind) -> Option<(ValueId, i64)> {
    let (_, node) = private_producer(graph, index, value)?;
    let (Op::Reduce(Reduce::Fold(Fold { kind: own, keep_dims: true, .. })), [Some(x), Some(axes)]) =
        (&node.op, node.inputs.as_slice())
    else {
        return None;
    };
    let [axis] = graph.ints(*axes)?[..] else { return None };
    let rank = graph.value(*x).ty.dims()?.len() as i64;
    (*own == kind).then_some((*x, if axis < 0 { axis } else { axis - rank }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check_nodes};

    fn fold(sketch: &mut Sketch, kind: FoldKind, x: ValueId, axis: i64) -> ValueId {
        let axes = sketch.ints(&[axis]);
        sketch.node(Reduce::Fold(Fold { kind, keep_dims: true, noop_with_empty_axes: false }), &[x, axes])
    }

    /// With the maximum taken out or not, along an axis that is written in two ways, and a quotient or a product.
    fn graph(with_max: bool, axes: [i64; 2], divides: bool) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2, 3, 4]);
        let d = if with_max {
            let max = fold(&mut sketch, FoldKind::Max, x, axes[0]);
            sketch.binary(Binary::Sub, x, max)
        } else {
            x
        };
        let e = sketch.unary(Unary::Exp, d);
        let sum = fold(&mut sketch, FoldKind::Sum, e, axes[1]);
        let y = if divides {
            sketch.binary(Binary::Div, e, sum)
        } else {
            let inverse = sketch.unary(Unary::Reciprocal, sum);
            sketch.binary(Binary::Mul, inverse, e)
        };
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(true, [-1, -1], true)
    }

    #[test]
    fn parts_become_one_node() {
        for with_max in [true, false] {
            for axes in [[-1, -1], [2, -1], [1, 1], [-3, 0]] {
                for divides in [true, false] {
                    assert_eq!(check_nodes(&graph(with_max, axes, divides), run), ["Softmax"]);
                }
            }
        }
    }

    #[test]
    fn a_maximum_along_another_axis_stays() {
        assert_eq!(check_nodes(&graph(true, [1, 2], true), run), ["ReduceMax", "Sub", "Softmax"]);
    }
}
