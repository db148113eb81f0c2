//! Lowering of the attention family.

mod contrib;

use dunlin_ir::op::attention::{LinearAttention, Rotary, ScaledAttention, Scores, Window};
use dunlin_ir::op::elementwise::{Binary, Cast, CastLike, Rounding, Unary};
use dunlin_ir::op::movement::{Concat, Reshape, ShapeOf, Transpose};
use dunlin_ir::op::normalize::{Softmax, SoftmaxKind};
use dunlin_ir::op::{Attention, Elementwise, Linear, Movement, Normalize};
use dunlin_ir::{DType, Dim, ValueId};

use super::table::{MICROSOFT, PREVIEW};
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Attention", 23..=28, attention),
    Row::main("LinearAttention", 27..=28, linear_attention),
    Row::main("RotaryEmbedding", 23..=28, rotary),
    Row::of(MICROSOFT, "Attention", contrib::projected),
    Row::of(MICROSOFT, "EmbedLayerNormalization", contrib::embed_layer_norm),
    Row::of(MICROSOFT, "GroupQueryAttention", contrib::grouped),
    Row::of(MICROSOFT, "MultiHeadAttention", contrib::multi_head),
    Row::of(MICROSOFT, "QAttention", contrib::quantized),
    Row::of(MICROSOFT, "RotaryEmbedding", contrib::rotary),
    Row::of(MICROSOFT, "SkipLayerNormalization", contrib::skip_layer_norm),
    Row::of(MICROSOFT, "SkipSimplifiedLayerNormalization", contrib::skip_rms_norm),
    Row::of(PREVIEW, "FlexAttention", flex_attention),
];

fn linear_attention(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (decays, corrects) = match node.string_or("update_rule", "gated_delta")?.as_str() {
        "linear" => (false, false),
        "gated" => (true, false),
        "delta" => (false, true),
        "gated_delta" => (true, true),
        other => {
            return Err(LowerError::attribute("update_rule", "linear, gated, delta or gated_delta", other));
        }
    };
    for (i, needed) in [(4, decays), (5, corrects)] {
        match node.input(i) {
            None if needed => return Err(LowerError::MissingInput(i)),
            Some(_) if !needed => {
                let rule = node.string("update_rule")?;
                return Err(LowerError::attribute(
                    "update_rule",
                    format!("a rule that takes input {i}"),
                    rule,
                ));
            }
            _ => {}
        }
    }
    let heads = |name: &str| {
        let n = node.required_int(name)?;
        let fits = usize::try_from(n).ok().filter(|&n| n > 0);
        fits.ok_or_else(|| LowerError::attribute(name, "a positive number", n))
    };
    let (n_query_heads, n_heads) = (heads("q_num_heads")?, heads("kv_num_heads")?);
    if !n_query_heads.is_multiple_of(n_heads) {
        return Err(LowerError::attribute("q_num_heads", format!("a multiple of {n_heads}"), n_query_heads));
    }
    let scale = node.float("scale")?.filter(|&scale| scale != 0.0);
    Ok(Attention::Linear(LinearAttention { n_query_heads, n_heads, scale, decays, corrects }).into())
}

/// The softmax is computed in `float32` whatever precision is asked for.
fn attention(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let scores = match node.int_or("qk_matmul_output_mode", 0)? {
        0 => Scores::Products,
        1 => Scores::Capped,
        2 => Scores::Masked,
        3 => Scores::Shares,
        other => return Err(LowerError::attribute("qk_matmul_output_mode", "0, 1, 2 or 3", other)),
    };
    let causal = node.flag("is_causal", false)?;
    let right = bound(node, "right_window_size")?;
    let op = ScaledAttention {
        n_query_heads: size(node, "q_num_heads")?,
        n_heads: size(node, "kv_num_heads")?,
        scale: node.float("scale")?,
        softcap: node.float_or("softcap", 0.0)?,
        window: Window {
            left: bound(node, "left_window_size")?,
            right: if causal { Some(0) } else { right },
        },
        ends_at_length: true,
        scores,
    };
    Ok(Attention::Scaled(op).into())
}

/// A size of which 0 means none.
fn size(node: &NodeContext<'_, '_>, name: &str) -> Result<Option<usize>, LowerError> {
    let size = node.int_or(name, 0)?;
    let fits = usize::try_from(size).map_err(|_| LowerError::attribute(name, "a size", size))?;
    Ok(Some(fits).filter(|&size| size > 0))
}

/// A bound of which -1 means none.
fn bound(node: &NodeContext<'_, '_>, name: &str) -> Result<Option<usize>, LowerError> {
    match node.int_or(name, -1)? {
        -1 => Ok(None),
        bound => {
            let fits = usize::try_from(bound);
            fits.map(Some).map_err(|_| LowerError::attribute(name, "a size or -1", bound))
        }
    }
}

fn rotary(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let op = Rotary {
        n_heads: size(node, "num_heads")?,
        width: size(node, "rotary_embedding_dim")?,
        interleaved: node.flag("interleaved", false)?,
    };
    Ok(Attention::Rotary(op).into())
}

/// `softmax(mod(q * k)) * v` with the model's own graphs in between, as the standard's function body does it: the
/// square root of the scale goes to either side of the first product.
fn flex_attention(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let [q, k, v] = [node.required(0)?, node.required(1)?, node.required(2)?];
    let precision = match (node.dtype("softmax_precision")?, node.input_type(0).and_then(|ty| ty.dtype())) {
        (Some(dtype), _) => dtype,
        (None, Some(DType::F64)) => DType::F64,
        (None, _) => DType::F32,
    };
    let factor = root_of_scale(node, q)?;
    let scaled_q = node.emit(Elementwise::Binary(Binary::Mul), &[Some(q), Some(factor)]);
    let scaled_k = node.emit(Elementwise::Binary(Binary::Mul), &[Some(k), Some(factor)]);
    let groups = Groups::new(node, q, k, v)?;
    let perm = Some(if groups.is_one { vec![0, 1, 3, 2] } else { vec![0, 1, 2, 4, 3] });
    let grouped_q = groups.split(node, scaled_q, &[(q, 2), (q, 3)])?;
    let grouped_k = groups.unsqueezed(node, scaled_k)?;
    let transposed = node.emit(Movement::Transpose(Transpose { perm }), &[Some(grouped_k)]);
    let scores = node.emit(Linear::MatMul, &[Some(grouped_q), Some(transposed)]);
    let scores = groups.merge(node, scores, (k, 2))?;
    let mut scores = cast(node, scores, precision);
    if node.has("score_mod") {
        scores = node.inline_graph("score_mod", scores)?;
    }
    let softmax = Softmax { kind: SoftmaxKind::Softmax, axis: -1, flatten: false };
    let mut shares = node.emit(Normalize::Softmax(softmax), &[Some(scores)]);
    if node.has("prob_mod") {
        shares = node.inline_graph("prob_mod", shares)?;
    }
    let shares = groups.split(node, shares, &[(q, 2), (k, 2)])?;
    let values = cast(node, v, precision);
    let values = groups.unsqueezed(node, values)?;
    let output = node.emit(Linear::MatMul, &[Some(shares), Some(values)]);
    let output = groups.merge(node, output, (v, 3))?;
    node.inputs = [Some(output), Some(v)].into_iter().collect();
    Ok(Elementwise::CastLike(CastLike { saturate: true, rounding: Rounding::Up }).into())
}

fn cast(node: &mut NodeContext<'_, '_>, x: ValueId, to: DType) -> ValueId {
    node.emit(Elementwise::Cast(Cast { to, saturate: true, rounding: Rounding::Up }), &[Some(x)])
}

/// The square root of the scale, in the queries' element type; without the attribute, the scale is one over the
/// square root of the queries' last size.
fn root_of_scale(node: &mut NodeContext<'_, '_>, q: ValueId) -> Result<ValueId, LowerError> {
    let root = match node.float("scale")? {
        Some(scale) => node.constant_scalar(scale.sqrt())?,
        None => {
            let width = size_of(node, q, 3);
            let width = cast(node, width, DType::F32);
            let root = node.emit(Elementwise::Unary(Unary::Sqrt), &[Some(width)]);
            let scale = node.emit(Elementwise::Unary(Unary::Reciprocal), &[Some(root)]);
            node.emit(Elementwise::Unary(Unary::Sqrt), &[Some(scale)])
        }
    };
    let like = CastLike { saturate: true, rounding: Rounding::Up };
    Ok(node.emit(Elementwise::CastLike(like), &[Some(root), Some(q)]))
}

/// Size `axis` of `x`, as a list of one.
fn size_of(node: &mut NodeContext<'_, '_>, x: ValueId, axis: i64) -> ValueId {
    node.emit(Movement::Shape(ShapeOf { start: axis, end: Some(axis + 1) }), &[Some(x)])
}

/// How heads of queries share heads of keys and values: as a fifth axis behind the heads, unless it is known that
/// there are as many of either.
struct Groups {
    q: ValueId,
    k: ValueId,
    is_one: bool,
}

impl Groups {
    fn new(node: &NodeContext<'_, '_>, q: ValueId, k: ValueId, v: ValueId) -> Result<Groups, LowerError> {
        let heads =
            |id: ValueId| node.graph().value(id).ty.dims().and_then(|dims| dims.get(1).and_then(Dim::known));
        let (of_q, of_k) = (heads(q), heads(k));
        let mismatch = match (of_q, of_k, heads(v)) {
            (Some(q), Some(k), _) if k == 0 || !q.is_multiple_of(k) => true,
            (_, Some(k), Some(v)) => k != v,
            _ => false,
        };
        if mismatch {
            let got = format!("{of_q:?}, {of_k:?} and {:?}", heads(v));
            return Err(LowerError::attribute(
                "heads",
                "as many of keys as of values, dividing those of queries",
                got,
            ));
        }
        Ok(Groups { q, k, is_one: of_q.is_some() && of_q == of_k })
    }

    /// `[b, h, .., ..]` to `[b, g, h / g, .., ..]`, the last sizes being those of other values.
    fn split(
        &self,
        node: &mut NodeContext<'_, '_>,
        x: ValueId,
        last: &[(ValueId, i64)],
    ) -> Result<ValueId, LowerError> {
        if self.is_one {
            return Ok(x);
        }
        let open = node.constant_ints(&[-1])?;
        let mut sizes = vec![size_of(node, self.q, 0), size_of(node, self.k, 1), open];
        sizes.extend(last.iter().map(|&(of, axis)| size_of(node, of, axis)));
        Ok(reshaped(node, x, &sizes))
    }

    /// `[b, g, .., ..]` to `[b, g, 1, .., ..]`
    fn unsqueezed(&self, node: &mut NodeContext<'_, '_>, x: ValueId) -> Result<ValueId, LowerError> {
        if self.is_one {
            return Ok(x);
        }
        let axis = node.constant_ints(&[2])?;
        Ok(node.emit(Movement::Unsqueeze, &[Some(x), Some(axis)]))
    }

    /// `[b, g, h / g, t, ..]` to `[b, h, t, ..]`, the last size being that of another value.
    fn merge(
        &self,
        node: &mut NodeContext<'_, '_>,
        x: ValueId,
        (of, axis): (ValueId, i64),
    ) -> Result<ValueId, LowerError> {
        if self.is_one {
            return Ok(x);
        }
        let mut sizes: Vec<ValueId> = (0..3).map(|axis| size_of(node, self.q, axis)).collect();
        sizes.push(size_of(node, of, axis));
        Ok(reshaped(node, x, &sizes))
    }
}

fn reshaped(node: &mut NodeContext<'_, '_>, x: ValueId, sizes: &[ValueId]) -> ValueId {
    let sizes: Vec<Option<ValueId>> = sizes.iter().copied().map(Some).collect();
    let shape = node.emit(Movement::Concat(Concat { axis: 0 }), &sizes);
    node.emit(Movement::Reshape(Reshape { allow_zero: false }), &[Some(x), Some(shape)])
}
