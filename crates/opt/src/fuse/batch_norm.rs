//! Folds what scales and shifts the channels of a convolution's result into its weights and bias.
//!
//! ```text
//! c = Conv(x, w, b); y = BatchNormalization(c, scale, bias, mean, var)      =>      y = Conv(x, w', b')
//! c = Conv(x, w, b); y = Mul(c, s: [1, m, 1, 1])                            =>      y = Conv(x, w', b')
//! c = Conv(x, w, b); y = Add(c, s: [1, m, 1, 1])                            =>      y = Conv(x, w, b')
//! ```

use dunlin_ir::op::elementwise::Binary;
use dunlin_ir::op::{Convolution, Normalize};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, Tensor, ValueId};

use super::{ordered, output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass. Only for `float32` weights that are constants.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    let (x, scales) = scales_of(graph, node)?;
    let (producer, conv) = private_producer(graph, index, x)?;
    let (weights, bias) = scaled(graph, conv, &scales)?;
    let origin = node.origin.clone();
    let weights = graph.add_constant(weights);
    let bias = graph.add_constant(bias);
    let mut fused = graph.nodes[producer.index()].clone();
    fused.inputs.resize(3, None);
    (fused.inputs[1], fused.inputs[2]) = (Some(weights), Some(bias));
    fused.outputs = [Some(y)].as_slice().into();
    fused.origin = origin;
    graph.nodes[producer.index()].outputs.fill(None);
    graph.nodes[id.index()] = fused;
    Some(())
}

/// What happens to each channel: it is multiplied by the first and the second is added. One entry serves all channels.
struct Scales {
    factor: Vec<f32>,
    offset: Vec<f32>,
}

fn scales_of(graph: &Graph, node: &Node) -> Option<(ValueId, Scales)> {
    match (&node.op, node.inputs.as_slice()) {
        (
            Op::Normalize(Normalize::Batch(batch)),
            [Some(x), Some(scale), Some(bias), Some(mean), Some(variance)],
        ) if !batch.training && !batch.per_place => {
            let [scale, bias, mean, variance] = [*scale, *bias, *mean, *variance]
                .map(|id| floats(graph.constant(id)?).map(|(_, values)| values));
            let (scale, bias, mean, variance) = (scale?, bias?, mean?, variance?);
            let factor: Vec<f32> =
                scale.iter().zip(&variance).map(|(s, v)| s / (v + batch.epsilon).sqrt()).collect();
            let offset = bias.iter().zip(&mean).zip(&factor).map(|((b, m), f)| b - m * f).collect();
            Some((*x, Scales { factor, offset }))
        }
        _ => per_channel(graph, node),
    }
}

/// A product with, or a sum of, one constant per channel.
fn per_channel(graph: &Graph, node: &Node) -> Option<(ValueId, Scales)> {
    for binary in [Binary::Mul, Binary::Add] {
        let Some((constant, x)) = ordered(node, binary, |id| graph.constant(id).is_some()) else { continue };
        let rank = graph.value(x).ty.dims()?.len();
        let (shape, values) = floats(graph.constant(constant)?)?;
        let is_per_channel = match shape.len().checked_sub(rank.checked_sub(1)?) {
            // Without the batch: [m, 1, 1].
            Some(0) => shape.iter().skip(1).all(|&dim| dim == 1),
            Some(1) => shape.iter().enumerate().all(|(axis, &dim)| axis == 1 || dim == 1),
            _ => false,
        };
        if values.len() != 1 && !is_per_channel || shape.len() > rank {
            return None;
        }
        let scales = match binary {
            Binary::Mul => Scales { offset: vec![0.0], factor: values },
            _ => Scales { factor: vec![1.0], offset: values },
        };
        return Some((x, scales));
    }
    None
}

/// The convolution's weights and bias with the scales applied.
fn scaled(graph: &Graph, conv: &Node, scales: &Scales) -> Option<(Tensor, Tensor)> {
    // Output channels are the first dimension of the weights, or for a transposed convolution the second, of each
    // group.
    let groups = match &conv.op {
        Op::Convolution(Convolution::Conv(conv)) if conv.activation.is_none() => None,
        Op::Convolution(Convolution::ConvTranspose(conv)) if conv.activation.is_none() => {
            Some(conv.groups.max(1))
        }
        _ => return None,
    };
    if conv.inputs.get(3).copied().flatten().is_some() {
        return None;
    }
    let (shape, mut weights) = floats(graph.constant(conv.inputs.get(1).copied().flatten()?)?)?;
    if shape.len() < 3 || weights.is_empty() {
        return None;
    }
    let n_channels = groups.map_or(shape[0], |groups| shape[1] * groups);
    let at = |list: &[f32], channel: usize| if list.len() == 1 { list[0] } else { list[channel] };
    let fits = |list: &[f32]| list.len() == 1 || list.len() == n_channels;
    if !fits(&scales.factor) || !fits(&scales.offset) {
        return None;
    }
    let kernel_len: usize = shape[2..].iter().product();
    let channel_of = |i: usize| match groups {
        None => i / (shape[1] * kernel_len),
        Some(groups) => {
            let input_channel = i / (shape[1] * kernel_len);
            input_channel / (shape[0] / groups).max(1) * shape[1] + i / kernel_len % shape[1]
        }
    };
    for (i, weight) in weights.iter_mut().enumerate() {
        *weight *= at(&scales.factor, channel_of(i));
    }
    let mut bias = match conv.inputs.get(2).copied().flatten() {
        Some(id) => floats(graph.constant(id)?)?.1,
        None => vec![0.0; n_channels],
    };
    if bias.len() != n_channels {
        return None;
    }
    for (channel, bias) in bias.iter_mut().enumerate() {
        *bias = *bias * at(&scales.factor, channel) + at(&scales.offset, channel);
    }
    Some((Tensor::from_slice(shape, &weights).ok()?, Tensor::from_slice([n_channels], &bias).ok()?))
}

/// Shape and elements of a `float32` constant.
fn floats(tensor: &Tensor) -> Option<(Vec<usize>, Vec<f32>)> {
    if tensor.dtype() != DType::F32 {
        return None;
    }
    let aligned = tensor.to_aligned().ok()?;
    Some((tensor.shape().to_vec(), aligned.view::<f32>().ok()?.to_vec()))
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::convolution::{Conv, ConvTranspose};
    use dunlin_ir::op::normalize::Batch;

    use super::*;
    use crate::testing::{Sketch, check_nodes};

    fn values(n: usize) -> Vec<f32> {
        (0..n).map(|i| 0.3 + (i * 7 % 11) as f32 * 0.17).collect()
    }

    fn graph(op: Op, w_shape: [usize; 4], m: usize) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[1, 2, 4, 4]);
        let w = sketch.floats(&w_shape, &values(w_shape.iter().product()));
        let c = sketch.node(op, &[x, w]);
        let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|k| {
            let values: Vec<f32> = values(m).iter().map(|v| v * k as f32).collect();
            sketch.floats(&[m], &values)
        });
        let batch = Batch { epsilon: 1e-5, momentum: 0.9, training: false, per_place: false };
        let y = sketch.node(Normalize::Batch(batch), &[c, scale, bias, mean, variance]);
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        let conv = Conv { groups: 1, ..Conv::default() };
        graph(Op::Convolution(Convolution::Conv(conv)), [3, 2, 2, 2], 3)
    }

    #[test]
    fn scales_and_shifts_go_into_convolutions() {
        for (binary, shape) in
            [(Binary::Mul, &[1, 3, 1, 1][..]), (Binary::Add, &[3, 1, 1]), (Binary::Mul, &[])]
        {
            let mut sketch = Sketch::new();
            let x = sketch.input("x", &[1, 2, 4, 4]);
            let w = sketch.floats(&[3, 2, 2, 2], &values(24));
            let c = sketch.node(Convolution::Conv(Conv { groups: 1, ..Conv::default() }), &[x, w]);
            let s = sketch.floats(shape, &values(shape.iter().product()));
            let y = sketch.binary(binary, c, s);
            assert_eq!(check_nodes(&sketch.finish(&[y]), run), ["Conv"]);
        }
    }

    #[test]
    fn batch_norm_goes_into_convolutions() {
        let conv = Conv { groups: 1, ..Conv::default() };
        let transposed = ConvTranspose { groups: 2, ..ConvTranspose::default() };
        let cases: [(Op, [usize; 4], usize); 2] = [
            (Op::Convolution(Convolution::Conv(conv)), [3, 2, 2, 2], 3),
            (Op::Convolution(Convolution::ConvTranspose(transposed)), [2, 2, 2, 2], 4),
        ];
        for (op, w_shape, m) in cases {
            assert_eq!(check_nodes(&graph(op, w_shape, m), run).len(), 1);
        }
    }
}
