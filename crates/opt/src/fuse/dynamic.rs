//! Dynamically quantised products give their floats in one go.
//!
//! ```text
//! m = MatMulInteger(a, b, a0, b0); c = Cast(m); s = Mul(a_scale, b_scale); p = Mul(c, s); y = Add(p, bias)
//!      =>      y = MatMulIntegerToFloat(a, b, a_scale, b_scale, a0, b0, bias)
//! ```

use dunlin_ir::op::elementwise::Binary;
use dunlin_ir::op::{Elementwise, Quantize};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, ValueId};

use super::{operands, ordered, output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass: first without the bias, then with it.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let products = rewrite_each(graph, fuse_product);
    let biases = rewrite_each(graph, fuse_bias);
    Ok(products || biases)
}

fn fuse_product(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    let (left, right) = operands(node, Binary::Mul)?;
    let (product, scales) = integer_product(graph, index, left)
        .map(|product| (product, right))
        .or_else(|| integer_product(graph, index, right).map(|product| (product, left)))?;
    let (_, scales) =
        private_producer(graph, index, scales).or_else(|| shared_producer(graph, index, scales))?;
    let (first, second) = operands(scales, Binary::Mul)?;
    // The weights' scale is a constant; the other belongs to the quantised activations.
    let (a_scale, b_scale) = if graph.constant(first).is_some() { (second, first) } else { (first, second) };
    let is_scalar = |id: ValueId| graph.value(id).ty.dims().is_some_and(<[_]>::is_empty);
    let b_scale_fits = graph.constant(b_scale).is_some_and(|t| t.dtype() == DType::F32 && t.rank() <= 1);
    if !is_scalar(a_scale) || !b_scale_fits {
        return None;
    }
    let product = graph.node(product);
    let input = |i: usize| product.inputs.get(i).copied().flatten();
    let inputs = [input(0), input(1), Some(a_scale), Some(b_scale), input(2), input(3)];
    let origin = node.origin.clone();
    let op = Op::Quantize(Quantize::MatMulIntegerToFloat);
    graph.nodes[id.index()] = Node::new(op, &inputs, &[Some(y)], origin);
    Some(())
}

fn fuse_bias(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let y = output(add)?;
    let (bias, sum) = ordered(add, Binary::Add, |value| graph.constant(value).is_some())?;
    let (producer, node) = private_producer(graph, index, sum)?;
    if node.op != Op::Quantize(Quantize::MatMulIntegerToFloat)
        || node.inputs.get(6).copied().flatten().is_some()
    {
        return None;
    }
    let n = graph.constant(node.inputs.get(1).copied().flatten()?)?.shape().last().copied()?;
    let tensor = graph.constant(bias)?;
    if tensor.dtype() != DType::F32 || tensor.rank() != 1 || tensor.len() != n {
        return None;
    }
    let origin = add.origin.clone();
    let mut fused = graph.nodes[producer.index()].clone();
    fused.inputs.resize(7, None);
    fused.inputs[6] = Some(bias);
    fused.outputs = [Some(y)].as_slice().into();
    fused.origin = origin;
    graph.nodes[producer.index()].outputs.fill(None);
    graph.nodes[id.index()] = fused;
    Some(())
}

/// The `MatMulInteger` behind a value that is its result as `float32`.
fn integer_product(graph: &Graph, index: &Index, value: ValueId) -> Option<NodeId> {
    let (_, cast) = private_producer(graph, index, value)?;
    let Op::Elementwise(Elementwise::Cast(to)) = &cast.op else { return None };
    let (id, product) = private_producer(graph, index, cast.inputs.first().copied().flatten()?)?;
    (to.to == DType::F32 && product.op == Op::Quantize(Quantize::MatMulInteger)).then_some(id)
}

fn shared_producer<'g>(graph: &'g Graph, index: &Index, value: ValueId) -> Option<(NodeId, &'g Node)> {
    let id = index.producer(value)?;
    Some((id, graph.node(id)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check_nodes};

    /// What quantisers make of `x w + bias`, with one scale for all columns or one for each.
    fn graph(scales: &[f32], with_bias: bool) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3, 8]);
        let w: Vec<u8> = (0..8 * 2).map(|i: usize| (i * 37 % 256) as u8).collect();
        let w = sketch.bytes(&[8, 2], &w);
        let shape = if scales.len() == 1 { vec![] } else { vec![scales.len()] };
        let (w_scale, w_zero) = (sketch.floats(&shape, scales), sketch.bytes(&[], &[120]));
        let [x, x_scale, x_zero] = sketch.node_of(Quantize::DynamicQuantizeLinear, &[x]);
        let product = sketch.node(Quantize::MatMulInteger, &[x, w, x_zero, w_zero]);
        let product = sketch.cast(DType::F32, product);
        let scale = sketch.binary(Binary::Mul, x_scale, w_scale);
        let mut y = sketch.binary(Binary::Mul, product, scale);
        if with_bias {
            let bias = sketch.floats(&[2], &[0.5, -2.0]);
            y = sketch.binary(Binary::Add, bias, y);
        }
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(&[0.02], true)
    }

    #[test]
    fn products_give_floats() {
        for scales in [&[0.02][..], &[0.02, 0.5]] {
            for with_bias in [true, false] {
                let names = check_nodes(&graph(scales, with_bias), run);
                assert_eq!(names, ["DynamicQuantizeLinear", "MatMulIntegerToFloat"]);
            }
        }
    }
}
