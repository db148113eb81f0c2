//! Runs what stands between dequantised inputs and a quantised output in integers.
//!
//! ```text
//! a = DequantizeLinear(qa, sa, za); c = Conv(a, DequantizeLinear(qw, sw, zw), b); q = QuantizeLinear(c, s, z)
//!      =>      q = QLinearConv(qa, sa, za, qw, sw, zw, s, z, b / (sa sw))
//! a = DequantizeLinear(qa, s, z); r = Reshape(a, shape); q = QuantizeLinear(r, s, z)
//!      =>      q = Reshape(qa, shape)
//! ```

use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::linear::Gemm;
use dunlin_ir::op::quantize::{Layout, QGemm, QLinearBinary, QLinearConv, QLinearUnary};
use dunlin_ir::op::{Convolution, Elementwise, Linear, Movement, Quantize};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, Tensor, ValueId};

use super::{output, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target, dead};

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let changed = rewrite_each(graph, fuse);
    if changed {
        // Else the next passes would dequantise weights for nobody.
        dead::run(graph, target)?;
    }
    Ok(changed)
}

/// A quantised tensor, its scale and its zero point.
#[derive(Debug, Clone, Copy)]
struct Quantized {
    value: ValueId,
    scale: ValueId,
    zero: Option<ValueId>,
    dtype: DType,
}

/// Looks at each quantisation: what computes its input may be moved behind it.
fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let quantize = graph.node(id);
    let y = output(quantize)?;
    let (x, result) = quantization(graph, quantize)?;
    let producer = index.producer(x).filter(|_| index.is_private(x))?;
    let (x, producer) = without_relu(graph, index, producer, &result).unwrap_or((x, producer));
    let node = graph.node(producer).clone();
    if output(&node)? != x {
        return None;
    }
    let (op, inputs) = match &node.op {
        Op::Convolution(Convolution::Conv(_)) => convolution(graph, index, &node, result)?,
        Op::Linear(Linear::MatMul) => product(graph, index, &node, result)?,
        Op::Linear(Linear::Gemm(gemm)) => general_product(graph, index, &node, *gemm, result)?,
        Op::Elementwise(Elementwise::Binary(binary)) => sum_or_product(graph, index, &node, *binary, result)?,
        Op::Elementwise(Elementwise::Unary(unary)) => function(graph, index, &node, *unary, result)?,
        Op::Movement(Movement::Concat(concat)) => concatenation(graph, index, &node, concat.axis, result)?,
        Op::Convolution(Convolution::GlobalPool(_)) => global_mean(graph, index, &node, result)?,
        _ => moved(graph, index, &node, result)?,
    };
    let origin = node.origin;
    graph.nodes[id.index()] = Node::new(op, &inputs, &[Some(y)], origin);
    Some(())
}

type Rewritten = (Op, Vec<Option<ValueId>>);

fn convolution(graph: &mut Graph, index: &Index, node: &Node, y: Quantized) -> Option<Rewritten> {
    let Op::Convolution(Convolution::Conv(conv)) = &node.op else { return None };
    if conv.activation.is_some() || node.inputs.get(3).copied().flatten().is_some() {
        return None;
    }
    let x = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    let w = dequantized(graph, index, node.inputs.get(1).copied().flatten()?)?;
    let bias = integer_bias(graph, index, node.inputs.get(2).copied().flatten(), &x, &w)?;
    let mut inputs = Vec::new();
    for part in [x, w] {
        inputs.extend(triple(graph, part)?);
    }
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([scale, zero, bias]);
    let op = QLinearConv { conv: conv.clone(), layout: Layout::ChannelsFirst };
    Some((Op::Quantize(Quantize::QLinearConv(op)), inputs))
}

fn product(graph: &mut Graph, index: &Index, node: &Node, y: Quantized) -> Option<Rewritten> {
    let a = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    let b = dequantized(graph, index, node.inputs.get(1).copied().flatten()?)?;
    let mut inputs = Vec::new();
    for part in [a, b] {
        inputs.extend(triple(graph, part)?);
    }
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([scale, zero]);
    Some((Op::Quantize(Quantize::QLinearMatMul), inputs))
}

fn general_product(
    graph: &mut Graph,
    index: &Index,
    node: &Node,
    gemm: Gemm,
    y: Quantized,
) -> Option<Rewritten> {
    if gemm.alpha != 1.0 || gemm.beta != 1.0 || gemm.activation.is_some() {
        return None;
    }
    let a = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    let b = dequantized(graph, index, node.inputs.get(1).copied().flatten()?)?;
    let bias = integer_bias(graph, index, node.inputs.get(2).copied().flatten(), &a, &b)?;
    let mut inputs = Vec::new();
    for part in [a, b] {
        inputs.extend(triple(graph, part)?);
    }
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([bias, scale, zero]);
    let op = QGemm { alpha: 1.0, transpose_a: gemm.transpose_a, transpose_b: gemm.transpose_b };
    Some((Op::Quantize(Quantize::QGemm(op)), inputs))
}

fn sum_or_product(
    graph: &mut Graph,
    index: &Index,
    node: &Node,
    binary: Binary,
    y: Quantized,
) -> Option<Rewritten> {
    let op = match binary {
        Binary::Add => QLinearBinary::Add,
        Binary::Mul => QLinearBinary::Mul,
        _ => return None,
    };
    let mut inputs = Vec::new();
    for i in 0..2 {
        let part = dequantized(graph, index, node.inputs.get(i).copied().flatten()?)?;
        inputs.extend(triple(graph, part)?);
    }
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([scale, zero]);
    Some((Op::Quantize(Quantize::QLinearBinary(op)), inputs))
}

fn function(graph: &mut Graph, index: &Index, node: &Node, unary: Unary, y: Quantized) -> Option<Rewritten> {
    let op = match unary {
        Unary::Sigmoid => QLinearUnary::Sigmoid,
        Unary::LeakyRelu { alpha } => QLinearUnary::LeakyRelu { alpha },
        _ => return None,
    };
    let x = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    let mut inputs = triple(graph, x)?.to_vec();
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([scale, zero]);
    Some((Op::Quantize(Quantize::QLinearUnary(op)), inputs))
}

fn concatenation(
    graph: &mut Graph,
    index: &Index,
    node: &Node,
    axis: i64,
    y: Quantized,
) -> Option<Rewritten> {
    let [_, scale, zero] = triple(graph, y)?;
    let mut inputs = vec![scale, zero];
    for input in &node.inputs {
        let part = dequantized(graph, index, (*input)?)?;
        inputs.extend(triple(graph, part)?);
    }
    Some((Op::Quantize(Quantize::QLinearConcat { axis }), inputs))
}

fn global_mean(graph: &mut Graph, index: &Index, node: &Node, y: Quantized) -> Option<Rewritten> {
    if node.op.name() != "GlobalAveragePool" {
        return None;
    }
    let x = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    let mut inputs = triple(graph, x)?.to_vec();
    let [_, scale, zero] = triple(graph, y)?;
    inputs.extend([scale, zero]);
    Some((Op::Quantize(Quantize::QLinearGlobalAveragePool { layout: Layout::ChannelsFirst }), inputs))
}

/// What only moves elements works on the quantised ones, if scale and zero point stay.
fn moved(graph: &mut Graph, index: &Index, node: &Node, y: Quantized) -> Option<Rewritten> {
    let only_moves = match &node.op {
        Op::Convolution(Convolution::MaxPool(_)) => true,
        Op::Movement(movement) => !matches!(movement, Movement::Pad(_) | Movement::Concat(_)),
        _ => false,
    };
    let x = dequantized(graph, index, node.inputs.first().copied().flatten()?)?;
    if !only_moves || !same_parameters(graph, &x, &y) {
        return None;
    }
    let mut inputs: Vec<_> = node.inputs.to_vec();
    inputs[0] = Some(x.value);
    Some((node.op.clone(), inputs))
}

/// Skips a ReLU whose effect the quantisation has anyhow: its zero point is the smallest integer.
fn without_relu(
    graph: &Graph,
    index: &Index,
    producer: NodeId,
    result: &Quantized,
) -> Option<(ValueId, NodeId)> {
    let node = graph.node(producer);
    if node.op != Op::Elementwise(Elementwise::Unary(Unary::Relu)) {
        return None;
    }
    let zero = match result.zero {
        Some(zero) => graph.constant(zero)?.bytes().first().copied()?,
        None => 0,
    };
    let smallest = if result.dtype == DType::I8 { i8::MIN as u8 } else { 0 };
    let x = node.inputs.first().copied().flatten().filter(|&x| zero == smallest && index.is_private(x))?;
    Some((x, index.producer(x)?))
}

/// What a quantisation takes, and how it quantises: with one scale, to 8 bits.
fn quantization(graph: &Graph, node: &Node) -> Option<(ValueId, Quantized)> {
    let Op::Quantize(Quantize::QuantizeLinear(op)) = &node.op else { return None };
    let x = node.inputs.first().copied().flatten()?;
    let scale = node.inputs.get(1).copied().flatten()?;
    let zero = node.inputs.get(2).copied().flatten();
    let dtype = match zero {
        Some(zero) => graph.constant(zero)?.dtype(),
        None => op.output.unwrap_or(DType::U8),
    };
    let scale_tensor = graph.constant(scale)?;
    let fits =
        op.block_size == 0 && scale_tensor.len() == 1 && scale_tensor.dtype() == DType::F32 && is_byte(dtype);
    fits.then_some((x, Quantized { value: x, scale, zero, dtype }))
}

/// The quantised tensor behind a dequantised one: of 8 bits, with constant scales.
fn dequantized(graph: &Graph, index: &Index, value: ValueId) -> Option<Quantized> {
    let node = graph.node(index.producer(value)?);
    let Op::Quantize(Quantize::DequantizeLinear(op)) = &node.op else { return None };
    let quantized = node.inputs.first().copied().flatten()?;
    let scale = node.inputs.get(1).copied().flatten()?;
    let zero = node.inputs.get(2).copied().flatten();
    let dtype = graph.value(quantized).ty.dtype()?;
    let scales = graph.constant(scale)?;
    let is_weight = graph.constant(quantized).is_some();
    let per_channel = is_weight && scales.rank() == 1 && (op.axis == 0 || scales.len() == 1);
    let fits = op.block_size == 0 && scales.dtype() == DType::F32 && is_byte(dtype);
    let known_zero = zero.is_none_or(|zero| graph.constant(zero).is_some());
    (fits && known_zero && (scales.len() == 1 || per_channel)).then_some(Quantized {
        value: quantized,
        scale,
        zero,
        dtype,
    })
}

fn is_byte(dtype: DType) -> bool {
    matches!(dtype, DType::U8 | DType::I8)
}

/// Value, scale and zero point as inputs; a missing zero point becomes 0.
fn triple(graph: &mut Graph, quantized: Quantized) -> Option<[Option<ValueId>; 3]> {
    let zero = match quantized.zero {
        Some(zero) => zero,
        None => {
            let shape = graph.constant(quantized.scale)?.shape().clone();
            let zero = Tensor::zeroed(quantized.dtype, shape).ok()?;
            graph.add_constant(zero)
        }
    };
    Some([Some(quantized.value), Some(quantized.scale), Some(zero)])
}

fn same_parameters(graph: &Graph, a: &Quantized, b: &Quantized) -> bool {
    let zero = |q: &Quantized| q.zero.map_or(Some(0), |zero| graph.constant(zero)?.bytes().first().copied());
    a.dtype == b.dtype && graph.scalar(a.scale) == graph.scalar(b.scale) && zero(a) == zero(b)
}

/// The bias as integers of the product of both scales: dequantised from such, or rounded to such. `Some(None)` where
/// there is none.
#[allow(clippy::option_option, reason = "no bias is not the same as a bias that does not fit")]
fn integer_bias(
    graph: &mut Graph,
    index: &Index,
    bias: Option<ValueId>,
    x: &Quantized,
    w: &Quantized,
) -> Option<Option<ValueId>> {
    let Some(bias) = bias else { return Some(None) };
    if let Some(producer) = index.producer(bias) {
        let node = graph.node(producer);
        let quantized = node.inputs.first().copied().flatten()?;
        let is_integers = graph.constant(quantized).is_some_and(|tensor| tensor.dtype() == DType::I32);
        let is_dequantized = matches!(node.op, Op::Quantize(Quantize::DequantizeLinear(_)));
        // Quantisers give a bias the product of both scales, and zero point 0.
        return (is_integers && is_dequantized).then_some(Some(quantized));
    }
    let floats = graph.constant(bias)?.to_aligned().ok()?;
    let x_scale = graph.scalar(x.scale)?;
    let w_scales = graph.constant(w.scale)?.to_aligned().ok()?;
    let w_scales = w_scales.view::<f32>().ok()?;
    let scale = |channel: usize| x_scale * w_scales[if w_scales.len() == 1 { 0 } else { channel }];
    let values = floats.view::<f32>().ok()?;
    if w_scales.len() != 1 && w_scales.len() != values.len() {
        return None;
    }
    let integers: Vec<i32> =
        values.iter().enumerate().map(|(channel, b)| (b / scale(channel)).round_ties_even() as i32).collect();
    let tensor = Tensor::from_slice([integers.len()], &integers).ok()?;
    Some(Some(graph.add_constant(tensor)))
}

#[cfg(test)]
pub(crate) mod tests;
