//! Fusion: several nodes become one that our kernels compute in one go.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod batch_norm;
pub(crate) mod dense;
pub(crate) mod dynamic;
pub(crate) mod gelu;
pub(crate) mod norm;
pub(crate) mod qdq;
pub(crate) mod residual;
pub(crate) mod rotary;
pub(crate) mod softmax;
pub(crate) mod swish;

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::{Graph, Node, NodeId, Op, ValueId};

use crate::index::{Index, Look};

/// The two inputs of a binary node of this kind.
pub(crate) fn operands(node: &Node, binary: Binary) -> Option<(ValueId, ValueId)> {
    match (&node.op, node.inputs.as_slice()) {
        (Op::Elementwise(Elementwise::Binary(own)), [Some(a), Some(b)]) if *own == binary => Some((*a, *b)),
        _ => None,
    }
}

/// The operands of a commutative node, the one for which `is_first` holds first.
pub(crate) fn ordered(
    node: &Node,
    binary: Binary,
    is_first: impl Fn(ValueId) -> bool,
) -> Option<(ValueId, ValueId)> {
    let (a, b) = operands(node, binary)?;
    if is_first(a) { Some((a, b)) } else { is_first(b).then_some((b, a)) }
}

/// The other operand of a commutative node that has a scalar constant near `value`.
pub(crate) fn with_scalar(graph: &Graph, node: &Node, binary: Binary, value: f32) -> Option<ValueId> {
    any_scalar(graph, node, binary).filter(|&(_, x)| is_near(x, value)).map(|(other, _)| other)
}

/// The other operand of a commutative node that has a scalar constant, and the constant.
pub(crate) fn any_scalar(graph: &Graph, node: &Node, binary: Binary) -> Option<(ValueId, f32)> {
    let (constant, other) = ordered(node, binary, |id| graph.scalar(id).is_some())?;
    Some((other, graph.scalar(constant).filter(|_| keeps_shape(graph, constant, other))?))
}

/// Whether a number is another one but for the rounding of those who wrote it down.
pub(crate) fn is_near(x: f32, value: f32) -> bool {
    (x - value).abs() <= 1e-5 * value.abs().max(1e-3)
}

/// Whether what a constant of one element is combined with keeps its shape.
pub(crate) fn keeps_shape(graph: &Graph, constant: ValueId, other: ValueId) -> bool {
    let rank = |id: ValueId| graph.value(id).ty.dims().map(<[_]>::len);
    rank(constant) == Some(0) || rank(constant).zip(rank(other)).is_some_and(|(constant, x)| constant <= x)
}

/// The node that writes a value which nobody else reads.
pub(crate) fn private_producer<'g>(
    graph: &'g Graph,
    index: &Index,
    value: ValueId,
) -> Option<(NodeId, &'g Node)> {
    let id = index.producer(value).filter(|_| index.is_private(value))?;
    Some((id, graph.node(id)))
}

/// The node that writes a value, whoever else reads it.
pub(crate) fn producer<'g>(graph: &'g Graph, index: &Index, value: ValueId) -> Option<&'g Node> {
    index.producer(value).map(|id| graph.node(id))
}

/// What this function is applied to, if a node does so.
pub(crate) fn unary_input(node: &Node, unary: Unary) -> Option<ValueId> {
    (node.op == Op::Elementwise(Elementwise::Unary(unary))).then(|| node.inputs.first().copied().flatten())?
}

/// The only output of a node.
pub(crate) fn output(node: &Node) -> Option<ValueId> {
    match node.outputs.as_slice() {
        [Some(output)] => Some(*output),
        _ => None,
    }
}

/// Rewrites one place after another until `rewrite` finds none: it gets the graph, its index and a node.
pub(crate) fn rewrite_each(
    graph: &mut Graph,
    mut rewrite: impl FnMut(&mut Graph, &Index, NodeId) -> Option<()>,
) -> bool {
    let mut changed = false;
    let mut index = Index::new(graph);
    for at in 0..graph.nodes.len() {
        if rewrite(graph, &index, NodeId(at as u32)).is_some() {
            changed = true;
            index = Index::new(graph);
        }
    }
    changed
}
