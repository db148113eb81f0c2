//! Finds layer and RMS normalisation in the forms that exporters write.
//!
//! ```text
//! m = ReduceMean(x, -1); d = Sub(x, m); p = Pow(d, 2); v = ReduceMean(p, -1); e = Add(v, eps); r = Sqrt(e);
//! n = Div(d, r); s = Mul(n, scale); y = Add(s, bias)              =>      y = LayerNormalization(x, scale, bias)
//!
//! p = Pow(x, 2); v = ReduceMean(p, -1); e = Add(v, eps); r = Sqrt(e); n = Div(x, r) (or Mul(x, Reciprocal(r)));
//! y = Mul(n, scale)                                               =>      y = RMSNormalization(x, scale)
//! ```

use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::normalize::Layer;
use dunlin_ir::op::reduce::{Fold, FoldKind};
use dunlin_ir::op::{Elementwise, Normalize, Reduce};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, ValueId};

use super::{any_scalar, operands, ordered, output, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let layers = rewrite_each(graph, fuse_layer);
    let rms = rewrite_each(graph, fuse_rms);
    Ok(layers || rms)
}

fn fuse_layer(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let y = output(add)?;
    let (bias, scaled) = ordered(add, Binary::Add, |value| graph.constant(value).is_some())?;
    let mul = producer(graph, index, scaled)?;
    let (scale, normal) = ordered(mul, Binary::Mul, |value| graph.constant(value).is_some())?;
    if !index.is_private(scaled) || !index.is_private(normal) {
        return None;
    }
    let (difference, epsilon) = over_root(graph, index, normal)?;
    let (x, mean) = operands(producer(graph, index, difference)?, Binary::Sub)?;
    if mean_over_last(graph, index, mean)? != x {
        return None;
    }
    let layer = layer(graph, x, &[scale, bias], epsilon)?;
    let inputs = [Some(x), Some(scale), Some(bias)];
    graph.nodes[id.index()] =
        Node::new(Op::Normalize(Normalize::Layer(layer)), &inputs, &[Some(y)], add.origin.clone());
    Some(())
}

fn fuse_rms(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let mul = graph.node(id);
    let y = output(mul)?;
    let (scale, normal) = ordered(mul, Binary::Mul, |value| graph.constant(value).is_some())?;
    if !index.is_private(normal) {
        return None;
    }
    let (x, epsilon) = over_root(graph, index, normal)?;
    let layer = layer(graph, x, &[scale], epsilon)?;
    let inputs = [Some(x), Some(scale)];
    graph.nodes[id.index()] =
        Node::new(Op::Normalize(Normalize::Rms(layer)), &inputs, &[Some(y)], mul.origin.clone());
    Some(())
}

/// The `d` and `epsilon` of `d / sqrt(mean(d^2) + epsilon)`.
fn over_root(graph: &Graph, index: &Index, normal: ValueId) -> Option<(ValueId, f32)> {
    let node = producer(graph, index, normal)?;
    let (d, root) = match operands(node, Binary::Div) {
        Some((d, root)) => (d, root),
        None => {
            let (a, b) = operands(node, Binary::Mul)?;
            let inverse_of = |value| unary_input(producer(graph, index, value)?, Unary::Reciprocal);
            inverse_of(b).map(|root| (a, root)).or_else(|| inverse_of(a).map(|root| (b, root)))?
        }
    };
    let sum = unary_input(producer(graph, index, root)?, Unary::Sqrt)?;
    let (mean, epsilon) = any_scalar(graph, producer(graph, index, sum)?, Binary::Add)?;
    let square = mean_over_last(graph, index, mean)?;
    let square = producer(graph, index, square)?;
    let squared = match operands(square, Binary::Pow) {
        Some((base, two)) => (graph.scalar(two) == Some(2.0)).then_some(base)?,
        None => operands(square, Binary::Mul).filter(|(a, b)| a == b)?.0,
    };
    (squared == d).then_some((d, epsilon))
}

/// What a mean over the last axis, which it keeps with size 1, is taken of.
fn mean_over_last(graph: &Graph, index: &Index, mean: ValueId) -> Option<ValueId> {
    let node = producer(graph, index, mean)?;
    let (Op::Reduce(Reduce::Fold(Fold { kind: FoldKind::Mean, keep_dims: true, .. })), [Some(x), Some(axes)]) =
        (&node.op, node.inputs.as_slice())
    else {
        return None;
    };
    let [axis] = graph.ints(*axes)?[..] else { return None };
    let is_last = axis == -1 || graph.value(*x).ty.dims().is_some_and(|dims| axis + 1 == dims.len() as i64);
    is_last.then_some(*x)
}

/// The attributes, if scale and bias are rows as long as the last axis.
fn layer(graph: &Graph, x: ValueId, rows: &[ValueId], epsilon: f32) -> Option<Layer> {
    let ty = &graph.value(x).ty;
    let width = ty.dims()?.last()?.known()?;
    let is_row = |id: &ValueId| graph.constant(*id).is_some_and(|t| t.rank() == 1 && t.len() == width);
    let fits = ty.dtype() == Some(DType::F32) && rows.iter().all(is_row);
    fits.then_some(Layer { axis: -1, epsilon, statistics: DType::F32 })
}

fn producer<'g>(graph: &'g Graph, index: &Index, value: ValueId) -> Option<&'g Node> {
    index.producer(value).map(|id| graph.node(id))
}

fn unary_input(node: &Node, unary: Unary) -> Option<ValueId> {
    (node.op == Op::Elementwise(Elementwise::Unary(unary))).then(|| node.inputs.first().copied().flatten())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Sketch, check};

    fn mean(sketch: &mut Sketch, x: ValueId) -> ValueId {
        let axes = sketch.ints(&[-1]);
        let fold = Fold { kind: FoldKind::Mean, keep_dims: true, noop_with_empty_axes: false };
        sketch.node(Reduce::Fold(fold), &[x, axes])
    }

    fn normal(sketch: &mut Sketch, d: ValueId) -> ValueId {
        let (two, epsilon) = (sketch.floats(&[], &[2.0]), sketch.floats(&[], &[1e-5]));
        let square = sketch.binary(Binary::Pow, d, two);
        let mean = mean(sketch, square);
        let sum = sketch.binary(Binary::Add, mean, epsilon);
        let root = sketch.unary(Unary::Sqrt, sum);
        sketch.binary(Binary::Div, d, root)
    }

    #[test]
    fn layer_norm_becomes_one_node() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3, 4]);
        let m = mean(&mut sketch, x);
        let d = sketch.binary(Binary::Sub, x, m);
        let n = normal(&mut sketch, d);
        let scale = sketch.floats(&[4], &[1.0, 2.0, 0.5, -1.0]);
        let bias = sketch.floats(&[4], &[0.1, 0.2, 0.3, 0.4]);
        let s = sketch.binary(Binary::Mul, n, scale);
        let y = sketch.binary(Binary::Add, s, bias);
        let graph = sketch.finish(&[y]);
        assert_eq!(check(&graph, run).nodes.len(), 1);
    }

    #[test]
    fn rms_norm_becomes_one_node() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3, 4]);
        let n = normal(&mut sketch, x);
        let scale = sketch.floats(&[4], &[1.0, 2.0, 0.5, -1.0]);
        let y = sketch.binary(Binary::Mul, scale, n);
        let graph = sketch.finish(&[y]);
        assert_eq!(check(&graph, run).nodes.len(), 1);
    }
}
