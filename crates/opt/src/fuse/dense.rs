//! Products with a constant matrix, and the bias added to them, become one layer.
//!
//! ```text
//! m = MatMul(x, w); y = Add(m, b)      =>      y = Dense(x, w, b)
//! ```

use dunlin_ir::op::Linear;
use dunlin_ir::op::elementwise::Binary;
use dunlin_ir::op::linear::Dense;
use dunlin_ir::{DType, Graph, Node, NodeId, Op, Shape};

use super::{ordered, output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass: first a product becomes a layer, then the layer takes its bias.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let y = output(add)?;
    let (bias, product) = ordered(add, Binary::Add, |value| graph.constant(value).is_some())?;
    let (producer, node) = private_producer(graph, index, product)?;
    let (Op::Linear(Linear::MatMul), [Some(x), Some(w)]) = (&node.op, node.inputs.as_slice()) else {
        return None;
    };
    let (x, w) = (*x, *w);
    let (weights, bias_tensor) = (graph.constant(w)?, graph.constant(bias)?);
    let is_layer = weights.rank() == 2 && weights.dtype() == DType::F32 && bias_tensor.dtype() == DType::F32;
    // A bias of higher rank could broadcast the product to more dimensions, as would one of a vector's.
    let x_rank = graph.value(x).ty.dims().map_or(0, <[_]>::len);
    let n = weights.shape().get(1).copied()?;
    let is_row = bias_tensor.shape().last() == Some(&n) && bias_tensor.len() == n;
    if !is_layer || !is_row || x_rank < bias_tensor.rank().max(2) {
        return None;
    }
    let flat = (bias_tensor.rank() > 1).then(|| bias_tensor.clone().reshaped(Shape::new(&[n])));
    let origin = add.origin.clone();
    let bias = match flat {
        Some(flat) => graph.add_constant(flat.ok()?),
        None => bias,
    };
    graph.nodes[producer.index()].outputs.fill(None);
    let op = Op::Linear(Linear::Dense(Dense { activation: None }));
    graph.nodes[id.index()] = Node::new(op, &[Some(x), Some(w), Some(bias)], &[Some(y)], origin);
    Some(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check_nodes};

    fn graph(bias: &[usize]) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2, 3, 4]);
        let w = sketch.floats(&[4, 2], &[1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 2.0, 1.5]);
        let b = sketch.floats(bias, &[0.5, -0.5]);
        let m = sketch.node(Linear::MatMul, &[x, w]);
        let y = sketch.binary(Binary::Add, b, m);
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(&[2])
    }

    #[test]
    fn a_product_takes_its_bias() {
        for bias in [&[2][..], &[1, 2], &[1, 1, 2]] {
            assert_eq!(check_nodes(&graph(bias), run), ["Dense"]);
        }
        assert!(!crate::testing::apply(&mut graph(&[1, 1, 1, 2]), run));
    }
}
