//! Computes nodes whose inputs are all constants.
//!
//! ```text
//! s = Add(1, 2); y = Mul(x, s)      =>      y = Mul(x, 3)
//! ```

use dunlin_ir::{Graph, Op, Tensor, Type};

use crate::dead::read_values;
use crate::index::is_pure;
use crate::{OptimizeError, Target};

/// Runs the pass. Dequantised weights stay as they are, since quantised kernels want them so; results larger than the
/// target allows, unless they are no larger than what they were made of, are left to the run.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    fold_all(graph, target, is_kept)
}

/// Computes what is left of dequantised weights: those that no quantised kernel took.
pub(crate) fn run_dequantized(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    fold_all(graph, &Target { max_folded_bytes: usize::MAX, ..*target }, |op| !matches!(op, Op::Quantize(_)))
}

fn fold_all(graph: &mut Graph, target: &Target<'_>, is_kept: fn(&Op) -> bool) -> Result<bool, OptimizeError> {
    // Weights that a quantised kernel took would be dequantised only to be dropped.
    let is_read = read_values(graph);
    let mut changed = false;
    for index in 0..graph.nodes.len() {
        if !graph.nodes[index].outputs.iter().flatten().any(|output| is_read[output.index()]) {
            continue;
        }
        let Some(outputs) = fold(graph, index, target, is_kept) else { continue };
        let ids = graph.nodes[index].outputs.clone();
        for (id, tensor) in ids.into_iter().zip(outputs) {
            if let (Some(id), Some(tensor)) = (id, tensor) {
                let value = &mut graph.values[id.index()];
                value.ty = Type::tensor(tensor.dtype(), tensor.shape());
                value.constant = Some(tensor);
            }
        }
        graph.nodes[index].outputs.fill(None);
        changed = true;
    }
    graph.nodes.retain(|node| node.outputs.iter().any(Option::is_some));
    Ok(changed)
}

fn fold(
    graph: &Graph,
    index: usize,
    target: &Target<'_>,
    is_kept: fn(&Op) -> bool,
) -> Option<Vec<Option<Tensor>>> {
    let node = &graph.nodes[index];
    if !is_pure(&node.op) || is_kept(&node.op) || node.outputs.iter().all(Option::is_none) {
        return None;
    }
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for input in &node.inputs {
        inputs.push(match input {
            Some(id) => Some(graph.constant(*id)?.clone()),
            None => None,
        });
    }
    let source_bytes: usize = inputs.iter().flatten().map(Tensor::byte_len).sum();
    let outputs = target.evaluator.evaluate(&node.op, &inputs, node.outputs.len());
    inputs.iter().flatten().for_each(Tensor::release_pages);
    let outputs = outputs?;
    let folded_bytes: usize = outputs.iter().flatten().map(Tensor::byte_len).sum();
    let is_complete = node.outputs.iter().zip(&outputs).all(|(id, tensor)| id.is_none() || tensor.is_some());
    (is_complete && folded_bytes <= target.max_folded_bytes.max(source_bytes)).then_some(outputs)
}

fn is_kept(op: &Op) -> bool {
    matches!(op, Op::Quantize(_) | Op::Sequence(_))
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::Graph;
    use dunlin_ir::op::Quantize;
    use dunlin_ir::op::elementwise::Binary;
    use dunlin_ir::op::quantize::DequantizeLinear;

    use crate::testing::{Sketch, apply, check};

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2]);
        let (a, b) = (sketch.floats(&[2], &[1.0, 2.0]), sketch.floats(&[2], &[3.0, 4.0]));
        let sum = sketch.binary(Binary::Add, a, b);
        let y = sketch.binary(Binary::Add, x, sum);
        sketch.finish(&[y])
    }

    /// Weights of bytes.
    pub(crate) fn dequantized() -> Graph {
        let mut sketch = Sketch::new();
        let (x, w) = (sketch.input("x", &[4]), sketch.bytes(&[4], &[0, 100, 128, 255]));
        let (scale, zero) = (sketch.floats(&[], &[0.1]), sketch.bytes(&[], &[128]));
        let op = DequantizeLinear { axis: 0, block_size: 0, output: None };
        let w = sketch.node(Quantize::DequantizeLinear(op), &[w, scale, zero]);
        let y = sketch.binary(Binary::Add, x, w);
        sketch.finish(&[y])
    }

    #[test]
    fn constants_are_computed_once() {
        assert_eq!(check(&example(), super::run).nodes.len(), 1);
    }

    #[test]
    fn weights_of_bytes_wait_for_quantised_kernels() {
        assert!(!apply(&mut dequantized(), super::run));
        assert_eq!(check(&dequantized(), super::run_dequantized).nodes.len(), 1);
    }

    #[test]
    fn what_nobody_reads_is_not_computed() {
        let mut sketch = Sketch::new();
        let (x, a) = (sketch.input("x", &[2]), sketch.floats(&[2], &[1.0, 2.0]));
        let unread = sketch.binary(Binary::Add, a, a);
        sketch.binary(Binary::Mul, unread, x);
        let y = sketch.binary(Binary::Add, x, a);
        assert!(!apply(&mut sketch.finish(&[y]), super::run));
    }
}
