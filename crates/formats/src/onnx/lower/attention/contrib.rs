//! Attention as ONNX Runtime's own operators have it, in terms of the family's own.

use dunlin_ir::op::attention::{GroupedAttention, Rotary, ScaledAttention, Scores, Window};
use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::index::Axis;
use dunlin_ir::op::movement::{Concat, ConstantOfShape, Reshape, Split};
use dunlin_ir::op::normalize::Layer;
use dunlin_ir::op::reduce::{Fold, FoldKind};
use dunlin_ir::op::{Attention, Elementwise, Index, Linear, Movement, Normalize, Quantize, Reduce};
use dunlin_ir::{DType, NodeOutputs, Shape, Tensor, ValueId};

use super::{bound, cast, size, size_of};
use crate::onnx::lower::{LowerError, Lowered, NodeContext};

type Context<'l, 'f> = NodeContext<'l, 'f>;

/// The sum of input, skip and bias, which is also an output, normalised.
pub(super) fn skip_layer_norm(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let (gamma, beta) = (node.required(2)?, node.input(3));
    let sum = skip_sum(node, 4)?;
    node.inputs = [Some(sum), Some(gamma), beta].into_iter().collect();
    node.outputs.truncate(3);
    Ok(Normalize::Layer(layer(node, 1e-12)?).into())
}

/// As [`skip_layer_norm`], without mean and beta.
pub(super) fn skip_rms_norm(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let gamma = node.required(2)?;
    let sum = skip_sum(node, 3)?;
    node.inputs = [Some(sum), Some(gamma)].into_iter().collect();
    let outputs: NodeOutputs = [output(node, 0), output(node, 2)].into_iter().collect();
    node.outputs = outputs;
    Ok(Normalize::Rms(layer(node, 1e-6)?).into())
}

fn layer(node: &Context<'_, '_>, epsilon: f32) -> Result<Layer, LowerError> {
    Ok(Layer { axis: -1, epsilon: node.float_or("epsilon", epsilon)?, statistics: DType::F32 })
}

fn skip_sum(node: &mut Context<'_, '_>, bias: usize) -> Result<ValueId, LowerError> {
    let (x, skip, bias) = (node.required(0)?, node.required(1)?, node.input(bias));
    let wanted = output(node, 3);
    match bias {
        Some(bias) => {
            let x = add(node, x, bias);
            Ok(add_as(node, x, skip, wanted))
        }
        None => Ok(add_as(node, x, skip, wanted)),
    }
}

/// The sum of the embeddings of words, positions and segments, normalised; and how many words each mask keeps.
pub(super) fn embed_layer_norm(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let ids = node.required(0)?;
    let (words, positions) = (node.required(2)?, node.required(3)?);
    let (gamma, beta) = (node.required(5)?, node.required(6)?);
    let mask = node.input(7);
    let word = gather(node, words, ids);
    let position = match node.input(8) {
        Some(ids) => gather(node, positions, ids),
        None => {
            let (zero, n) = (node.constant_ints(&[0])?, size_of(node, ids, 1));
            slice(node, positions, zero, n, 0)?
        }
    };
    let segment = match (node.input(1), node.input(4)) {
        (Some(ids), Some(segments)) => Some(gather(node, segments, ids)),
        _ => None,
    };
    let total = output(node, 2);
    let sum = match segment {
        Some(segment) => {
            let sum = add(node, word, position);
            add_as(node, sum, segment, total)
        }
        None => add_as(node, word, position, total),
    };
    if let Some(counts) = output(node, 1) {
        mask_counts(node, ids, mask, counts)?;
    }
    node.inputs = [Some(sum), Some(gamma), Some(beta)].into_iter().collect();
    node.outputs.truncate(1);
    Ok(Normalize::Layer(layer(node, 1e-12)?).into())
}

fn mask_counts(
    node: &mut Context<'_, '_>,
    ids: ValueId,
    mask: Option<ValueId>,
    counts: ValueId,
) -> Result<(), LowerError> {
    let outputs = [Some(counts)].into_iter().collect();
    match mask {
        Some(mask) => {
            let axes = node.constant_ints(&[1])?;
            let fold = Fold { kind: FoldKind::Sum, keep_dims: false, noop_with_empty_axes: false };
            node.emit_as(Reduce::Fold(fold), &[Some(mask), Some(axes)], outputs);
        }
        None => {
            let n = size_of(node, ids, 0);
            let value = Tensor::from_slice(Shape::new(&[1]), &[0i32])?;
            node.emit_as(Movement::ConstantOfShape(ConstantOfShape { value }), &[Some(n)], outputs);
        }
    }
    Ok(())
}

/// Rotary embedding, its positions before its cosines.
pub(super) fn rotary(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    reject_flag(node, "is_packed_batching")?;
    if let Some(scale) = node.float("scale")?.filter(|&scale| scale != 1.0) {
        return Err(LowerError::attribute("scale", "1", scale));
    }
    let (x, positions) = (node.required(0)?, node.required(1)?);
    let (cos, sin) = (node.required(2)?, node.required(3)?);
    node.inputs = [x, cos, sin, positions].into_iter().map(Some).collect();
    super::rotary(node)
}

/// Attention whose queries, keys and values come as up to three inputs, perhaps interleaved, and with a bias.
pub(super) fn multi_head(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let n_heads = heads(node, "num_heads")?;
    for i in [8, 9] {
        if node.input(i).is_some() {
            return Err(LowerError::attribute("inputs", "none for shared buffers of the past", i));
        }
    }
    let [q, k, v] = separated(node)?;
    let [q, k, v] = biased(node, [q, k, v])?;
    let (bias, lengths) = masks(node, node.input(4), node.input(5))?;
    let op = scaled(node, n_heads)?;
    let (past_k, past_v) = (node.input(6), node.input(7));
    node.inputs = [Some(q), Some(k), Some(v), bias, past_k, past_v, lengths].into_iter().collect();
    Ok(Attention::Scaled(op).into())
}

fn scaled(node: &Context<'_, '_>, n_heads: usize) -> Result<ScaledAttention, LowerError> {
    let right = node.flag("unidirectional", false)?.then_some(0);
    Ok(ScaledAttention {
        n_query_heads: Some(n_heads),
        n_heads: Some(n_heads),
        scale: node.float("scale")?.filter(|&scale| scale != 0.0),
        softcap: 0.0,
        window: Window { left: None, right },
        ends_at_length: false,
        scores: Scores::Masked,
    })
}

/// Queries `[b, s, n, 3, d]`, or keys `[b, t, n, 2, d]`, taken apart where values are not given.
fn separated(node: &mut Context<'_, '_>) -> Result<[ValueId; 3], LowerError> {
    let x = node.required(0)?;
    match (node.input(1), node.input(2)) {
        (Some(k), Some(v)) => Ok([x, k, v]),
        (Some(k), None) => {
            let parts = unstacked(node, k, 2)?;
            Ok([x, parts[0], parts[1]])
        }
        (None, _) => {
            let parts = unstacked(node, x, 3)?;
            Ok([parts[0], parts[1], parts[2]])
        }
    }
}

/// `[b, s, h, n, d]` as `n` times `[b, s, h * d]`.
fn unstacked(node: &mut Context<'_, '_>, x: ValueId, n: usize) -> Result<Vec<ValueId>, LowerError> {
    let parts = node.emit_many(Movement::Split(Split { axis: 3, n_parts: n }), &[Some(x)], n);
    let shape = node.constant_ints(&[0, 0, -1])?;
    let reshape = Reshape { allow_zero: false };
    Ok(parts.into_iter().map(|x| node.emit(Movement::Reshape(reshape), &[Some(x), Some(shape)])).collect())
}

/// With the bias in input 3 added: to queries, and to keys and values unless they have their heads apart, as those of
/// another sequence do.
fn biased(node: &mut Context<'_, '_>, [q, k, v]: [ValueId; 3]) -> Result<[ValueId; 3], LowerError> {
    let Some(bias) = node.input(3) else { return Ok([q, k, v]) };
    let is_apart = node.input(2).is_some() && node.input_rank(1) == Some(4);
    let width = size_of(node, q, 2);
    let two = node.constant_ints(&[2])?;
    let (zero, end) = (node.constant_ints(&[0])?, node.constant_ints(&[i64::MAX])?);
    let twice = node.emit(Elementwise::Binary(Binary::Mul), &[Some(width), Some(two)]);
    let with = |node: &mut Context<'_, '_>, x, from, to| -> Result<ValueId, LowerError> {
        let part = slice(node, bias, from, to, 0)?;
        Ok(add(node, x, part))
    };
    let q = with(node, q, zero, width)?;
    if is_apart {
        return Ok([q, k, v]);
    }
    Ok([q, with(node, k, width, twice)?, with(node, v, twice, end)?])
}

/// What is added to scores, and how many keys there are: from a mask of either kind and a bias.
fn masks(
    node: &mut Context<'_, '_>,
    mask: Option<ValueId>,
    bias: Option<ValueId>,
) -> Result<(Option<ValueId>, Option<ValueId>), LowerError> {
    let Some(mask) = mask else { return Ok((bias, None)) };
    let rank = node.graph().value(mask).ty.dims().map(<[_]>::len);
    let axes: &[i64] = match rank {
        Some(1) => return Ok((bias, Some(mask))),
        None | Some(2) => &[1, 2],
        Some(3) => &[1],
        Some(rank) => return Err(LowerError::attribute("mask", "1, 2 or 3 dimensions", rank)),
    };
    let filter = node.constant_scalar(node.float_or("mask_filter_value", -10000.0)?)?;
    let zero = node.constant_scalar(0.0f32)?;
    let seen = cast(node, mask, DType::Bool);
    let filtered = node.emit(Elementwise::Where, &[Some(seen), Some(zero), Some(filter)]);
    let axes = node.constant_ints(axes)?;
    let filtered = node.emit(Movement::Unsqueeze, &[Some(filtered), Some(axes)]);
    match bias {
        Some(bias) => {
            let bias = cast(node, bias, DType::F32);
            Ok((Some(add(node, filtered, bias)), None))
        }
        None => Ok((Some(filtered), None)),
    }
}

/// Attention with its projection.
pub(super) fn projected(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let (x, weights, bias) = (node.required(0)?, node.required(1)?, node.input(2));
    if node.input(6).is_some() {
        return Err(LowerError::attribute("inputs", "none for shared buffers of the past", 6));
    }
    let mut x = node.emit(Linear::MatMul, &[Some(x), Some(weights)]);
    if let Some(bias) = bias {
        x = add(node, x, bias);
    }
    let (mask, past, bias) = (node.input(3), node.input(4), node.input(5));
    self_attention(node, x, mask, past, bias)
}

/// As [`projected`], the projection in 8 bits.
pub(super) fn quantized(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let operands = [0, 1, 3, 4, 6, 7, 2].map(|i| node.input(i));
    let x = node.emit(Quantize::MatMulIntegerToFloat, &operands);
    let (mask, past) = (node.input(5), node.input(8));
    self_attention(node, x, mask, past, None)
}

/// Attention of `[b, s, queries, keys and values side by side]`, whose past `[2, b, h, p, d]` holds keys and values.
fn self_attention(
    node: &mut Context<'_, '_>,
    x: ValueId,
    mask: Option<ValueId>,
    past: Option<ValueId>,
    bias: Option<ValueId>,
) -> Result<Lowered, LowerError> {
    for name in ["do_rotary", "past_present_share_buffer"] {
        reject_flag(node, name)?;
    }
    let op = scaled(node, heads(node, "num_heads")?)?;
    let widths = match node.ints("qkv_hidden_sizes")? {
        Some(widths) if widths.len() == 3 => Some(node.constant_ints(widths)?),
        Some(widths) if !widths.is_empty() => {
            return Err(LowerError::attribute("qkv_hidden_sizes", "three sizes", widths));
        }
        _ => None,
    };
    let parts = node.emit_many(Movement::Split(Split { axis: -1, n_parts: 3 }), &[Some(x), widths], 3);
    let (bias, lengths) = masks(node, mask, bias)?;
    let axis = node.constant_ints(&[0])?;
    let pasts = match past {
        Some(past) => {
            let halves = node.emit_many(Movement::Split(Split { axis: 0, n_parts: 2 }), &[Some(past)], 2);
            let squeeze = |half| node.emit(Movement::Squeeze, &[Some(half), Some(axis)]);
            halves.into_iter().map(squeeze).map(Some).collect()
        }
        None => vec![None, None],
    };
    let inputs = [Some(parts[0]), Some(parts[1]), Some(parts[2]), bias, pasts[0], pasts[1], lengths];
    let Some(present) = output(node, 1) else {
        node.inputs = inputs.into_iter().collect();
        return Ok(Attention::Scaled(op).into());
    };
    let outputs = node.emit_many(Attention::Scaled(op), &inputs, 3);
    if let Some(attended) = output(node, 0) {
        let attended = [Some(attended)].into_iter().collect();
        node.emit_as(Elementwise::Unary(Unary::Identity), &[Some(outputs[0])], attended);
    }
    node.inputs = outputs[1..]
        .iter()
        .map(|&half| Some(node.emit(Movement::Unsqueeze, &[Some(half), Some(axis)])))
        .collect();
    node.outputs = [Some(present)].into_iter().collect();
    Ok(Movement::Concat(Concat { axis: 0 }).into())
}

/// Attention of a decoder.
pub(super) fn grouped(node: &mut Context<'_, '_>) -> Result<Lowered, LowerError> {
    let (n_query_heads, n_heads) = (heads(node, "num_heads")?, heads(node, "kv_num_heads")?);
    if !n_query_heads.is_multiple_of(n_heads) {
        return Err(LowerError::attribute("num_heads", format!("a multiple of {n_heads}"), n_query_heads));
    }
    for name in ["qk_output", "sliding_window_cache", "kv_cache_bit_width"] {
        reject_flag(node, name)?;
    }
    if !node.flag("causal", true)? {
        return Err(LowerError::attribute("causal", "1", 0));
    }
    if let Some(i) = (12..node.inputs.len()).find(|&i| node.input(i).is_some()) {
        return Err(LowerError::attribute("inputs", "at most 12, without scales and norms", i + 1));
    }
    let left = match bound(node, "local_window_size")? {
        Some(0) => return Err(LowerError::attribute("local_window_size", "-1 or a positive number", 0)),
        // Here a window counts the query's own key.
        window => window.map(|window| window - 1),
    };
    let rotary = Rotary { n_heads: None, width: None, interleaved: node.flag("rotary_interleaved", false)? };
    let op = GroupedAttention {
        n_query_heads,
        n_heads,
        scale: node.float("scale")?.filter(|&scale| scale != 0.0),
        softcap: node.float_or("softcap", 0.0)?,
        left,
        rotary: node.flag("do_rotary", false)?.then_some(rotary),
        smooth: node.int_or("smooth_softmax", 0)? > 0,
    };
    Ok(Attention::Grouped(op).into())
}

fn heads(node: &Context<'_, '_>, name: &str) -> Result<usize, LowerError> {
    size(node, name)?.ok_or_else(|| LowerError::attribute(name, "a positive number", 0))
}

fn reject_flag(node: &Context<'_, '_>, name: &str) -> Result<(), LowerError> {
    match node.int_or(name, 0)? {
        0 => Ok(()),
        other => Err(LowerError::attribute(name, "0", other)),
    }
}

fn output(node: &Context<'_, '_>, i: usize) -> Option<ValueId> {
    node.outputs.get(i).copied().flatten()
}

fn add(node: &mut Context<'_, '_>, a: ValueId, b: ValueId) -> ValueId {
    node.emit(Elementwise::Binary(Binary::Add), &[Some(a), Some(b)])
}

/// The sum, which is the value `wanted` if there is one.
fn add_as(node: &mut Context<'_, '_>, a: ValueId, b: ValueId, wanted: Option<ValueId>) -> ValueId {
    let Some(wanted) = wanted else { return add(node, a, b) };
    node.emit_as(Elementwise::Binary(Binary::Add), &[Some(a), Some(b)], [Some(wanted)].into_iter().collect());
    wanted
}

fn gather(node: &mut Context<'_, '_>, table: ValueId, ids: ValueId) -> ValueId {
    node.emit(Index::Gather(Axis { axis: 0 }), &[Some(table), Some(ids)])
}

fn slice(
    node: &mut Context<'_, '_>,
    x: ValueId,
    from: ValueId,
    to: ValueId,
    axis: i64,
) -> Result<ValueId, LowerError> {
    let axes = node.constant_ints(&[axis])?;
    Ok(node.emit(Movement::Slice, &[Some(x), Some(from), Some(to), Some(axes)]))
}
