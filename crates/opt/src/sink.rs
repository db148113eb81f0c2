//! Hands nested graphs the constants that they capture, so that what they compute of them is folded and packed.
//!
//! ```text
//! w = constant; y = If(c, w; then: (w) -> MatMul(x, w))      =>      y = If(c; then: w = constant; MatMul(x, w))
//! ```

use dunlin_ir::{Graph, MAX_SHAPE_ELEMENTS, Node, Op, Tensor, Type, infer_graph};

use crate::{OptimizeError, Target};

/// Runs the pass. The constants' bytes are shared, not copied. What is left to be captured brings along its element type
/// where the nested graph does not know it.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    if graph.nodes.iter().all(|node| node.op.bodies().is_empty()) {
        return Ok(false);
    }
    let facts = infer_graph(graph, &[], Some(target.evaluator), MAX_SHAPE_ELEMENTS);
    let Graph { nodes, values, .. } = graph;
    let mut changed = false;
    for node in nodes {
        let Op::Control(control) = &node.op else { continue };
        let (first, in_body) = control.n_formal();
        for i in (first..node.inputs.len()).rev() {
            let Some(id) = node.inputs[i] else { continue };
            let at = in_body + i - first;
            match &values[id.index()].constant {
                Some(tensor) => changed |= sink(node, i, at, tensor),
                None => declare(node, at, &facts[id.index()].ty),
            }
        }
    }
    Ok(changed)
}

/// Makes captured input `i`, which is input `at` of the nested graphs, a constant of theirs.
fn sink(node: &mut Node, i: usize, at: usize, tensor: &Tensor) -> bool {
    let mut bodies = node.op.bodies_mut();
    // A malformed graph is left to be refused where it runs.
    if bodies.iter().any(|body| body.inputs.len() <= at) {
        return false;
    }
    for body in &mut bodies {
        let id = body.inputs.remove(at);
        let value = &mut body.values[id.index()];
        value.ty = Type::tensor(tensor.dtype(), tensor.shape());
        value.constant = Some(tensor.clone());
    }
    node.inputs.remove(i);
    true
}

/// Tells the nested graphs the element type of their input `at`.
fn declare(node: &mut Node, at: usize, ty: &Type) {
    for body in &mut node.op.bodies_mut() {
        let Some(&id) = body.inputs.get(at) else { continue };
        let known = &mut body.values[id.index()].ty;
        if let (Type::Unknown, Type::Tensor { dtype: Some(dtype), .. }) = (&*known, ty) {
            *known = Type::partial(Some(*dtype), None);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::control::{Control, Loop};
    use dunlin_ir::op::elementwise::Binary;
    use dunlin_ir::{Bool, DType, Graph, Tensor, Type, ValueInfo};

    use crate::testing::{Sketch, check};

    /// A loop whose body captures a constant.
    pub(crate) fn example() -> Graph {
        // (iteration, condition, x, w, y) -> (true, x * w + y)
        let mut body = Sketch::new();
        let condition = body.constant(Tensor::scalar(Bool::from(true)).unwrap());
        let [x, w, y] = ["x", "w", "y"].map(|name| body.input(name, &[2]));
        let product = body.binary(Binary::Mul, x, w);
        let sum = body.binary(Binary::Add, product, y);
        let mut body: Graph = body.finish(&[condition, sum]);
        for dtype in [DType::Bool, DType::I64] {
            let ty = Type::partial(Some(dtype), None);
            let id = body.add_value(ValueInfo { ty, ..ValueInfo::default() });
            body.inputs.insert(0, id);
        }
        let mut sketch = Sketch::new();
        let (x, y) = (sketch.input("x", &[2]), sketch.input("y", &[2]));
        let (n, w) = (sketch.constant(Tensor::scalar(3i64).unwrap()), sketch.floats(&[2], &[0.5, -2.0]));
        let op = Control::Loop(Box::new(Loop { body, n_carried: 1 }));
        let out = sketch.node_with(op, &[Some(n), None, Some(x), Some(w), Some(y)]);
        sketch.finish(&[out])
    }

    #[test]
    fn captured_constants_move_into_the_body() {
        let after = check(&example(), super::run);
        let bodies = after.nodes[0].op.bodies();
        assert_eq!((after.nodes[0].inputs.len(), bodies[0].inputs.len()), (4, 4));
    }
}
