//! Operators of attention: products of queries with remembered keys and values.

use crate::infer::{self, Fact, Facts, Inferred};
use crate::{Dim, Dims};

/// Operators of attention.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Attention {
    /// Attention without softmax, through a state that each token updates.
    Linear(LinearAttention),
    /// `softmax(q * k + mask) * v`, with a cache that comes in and goes out as a whole.
    Scaled(ScaledAttention),
    /// What products, a mask and a softmax make of queries, keys and values, as they broadcast.
    Plain(PlainAttention),
    /// Causal attention of a decoder, with a cache that each batch fills to its own length.
    Grouped(GroupedAttention),
    /// Turns pairs of elements by angles that depend on the token's position.
    Rotary(Rotary),
    /// `x * cos + concat(-x[n..], x[..n]) * sin` along the last axis, which all broadcasts. Inputs: `x`, `cos`, `sin` of
    /// rank 4 at most, `n` `[1]`. Where `n` is half of the axis, that turns pairs of elements of either half.
    PlainRotary,
}

/// Scaled attention. Inputs: queries `[b, h, s, d]`, keys `[b, g, n, d]`, values `[b, g, n, e]` (each may be
/// `[b, s, h * d]` instead), a mask that broadcasts to `[b, h, s, t]`?, past keys `[b, g, p, d]`?, past values?, how many
/// keys each batch has `[b]`? (`[2 * b]`: their ends, then their starts). Outputs: `[b, h, s, e]` or `[b, s, h * e]` as
/// the queries are, the past and new keys `[b, g, t, d]` and values, scores `[b, h, s, t]`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaledAttention {
    /// How many heads queries of rank 3 have, `h`: a multiple of `g`.
    pub n_query_heads: Option<usize>,
    /// How many heads keys and values of rank 3 have, `g`.
    pub n_heads: Option<usize>,
    /// Factor of the products; `1 / sqrt(d)` if absent.
    pub scale: Option<f32>,
    /// Bounds the scores softly; 0 for no bound.
    pub softcap: f32,
    /// Which keys a query sees.
    pub window: Window,
    /// Whether the last query stands at the last of its batch's keys, rather than behind the past.
    pub ends_at_length: bool,
    /// What output 3 holds.
    pub scores: Scores,
}

/// `softmax(scale * q * k + mask) * v`, with the broadcasting and the NaN of the operators that it stands for. Inputs:
/// queries `[.., s, d]`, keys `[.., t, d]`, values `[.., t, e]`, a mask that broadcasts with the scores `[.., s, t]`?:
/// numbers that are added, or truth values that hide keys. Of rank 4 at most, values of 2 at least. Output: `[.., s, e]`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct PlainAttention {
    /// Factor of the products.
    pub scale: f32,
    /// What a mask of truth values does.
    pub hidden: Hidden,
    /// Whether a row of shares that is NaN becomes 0.
    pub zeroes_nan: bool,
    /// How operands and result of rank 4 lie.
    pub tokens_first: TokensFirst,
}

/// How a mask of truth values hides keys.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Hidden {
    /// Which truth value hides a key.
    pub when: bool,
    /// The score that a hidden key gets.
    pub score: f32,
}

/// Which tensors of attention are `[b, tokens, heads, width]`, rather than `[b, heads, tokens, width]`. They have rank 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names say it")]
pub struct TokensFirst {
    pub queries: bool,
    pub keys: bool,
    pub values: bool,
    pub output: bool,
}

/// Which keys a query sees, by their distance from its own position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// How many before its own; all if absent.
    pub left: Option<usize>,
    /// How many behind its own; all if absent.
    pub right: Option<usize>,
}

/// The stage at which scores are put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Scores {
    /// The scaled products.
    Products,
    /// Softly bounded.
    Capped,
    /// With the mask added.
    Masked,
    /// After the softmax.
    Shares,
}

/// Attention of a decoder. Inputs: queries `[b, s, h * d]` (or queries, keys and values side by side), keys
/// `[b, s, g * d]`?, values?, past keys `[b, g, p, d]`?, past values?, each batch's last position `[b]`, the greatest
/// number of keys, cosines `[.., r / 2]`?, sines?, positions `[b, s]`?, a mask that broadcasts to `[b, h, s, t]`?, scores
/// that take their share of each head's softmax `[h]`?. Outputs: `[b, s, h * d]`, the filled caches `[b, g, t, d]`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupedAttention {
    /// How many heads queries have, `h`: a multiple of `g`.
    pub n_query_heads: usize,
    /// How many heads keys and values have, `g`.
    pub n_heads: usize,
    /// Factor of the products; `1 / sqrt(d)` if absent.
    pub scale: Option<f32>,
    /// Bounds the scores softly; 0 for no bound.
    pub softcap: f32,
    /// How many keys before its own a query sees; all if absent.
    pub left: Option<usize>,
    /// Whether queries and keys are turned by their positions first, and how.
    pub rotary: Option<Rotary>,
    /// Whether a score of 0 takes its share of each softmax.
    pub smooth: bool,
}

/// Rotary embedding. Inputs: `[b, s, h * d]` or `[b, h, s, d]`, cosines `[n, r / 2]` (`[b, s, r / 2]` without
/// positions), sines, positions `[b, s]`? (a single one is the first token's).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Rotary {
    /// How many heads an input of rank 3 has; as many as the cosines fit if absent.
    pub n_heads: Option<usize>,
    /// How many elements of a head turn, `r`; all if absent.
    pub width: Option<usize>,
    /// Whether neighbours make a pair, rather than elements of either half.
    pub interleaved: bool,
}

/// Linear attention. Inputs: queries `[b, t, h * d]`, keys `[b, t, g * d]`, values `[b, t, g * e]`, a state
/// `[b, g, d, e]`?, decays `[b, t, g]` or `[b, t, g * d]`?, update rates `[b, t, g]` or `[b, t, 1]`?. Outputs:
/// `[b, t, h * e]`, the state after the last token.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct LinearAttention {
    /// How many heads queries have, `h`: a multiple of `g`.
    pub n_query_heads: usize,
    /// How many heads keys and values have, `g`.
    pub n_heads: usize,
    /// Factor of the output; `1 / sqrt(d)` if absent.
    pub scale: Option<f32>,
    /// Whether the state decays by `exp(decay)` before each token.
    pub decays: bool,
    /// Whether a token adds only what the state does not answer to its key, times the update rate.
    pub corrects: bool,
}

impl Attention {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Attention::Linear(_) => "LinearAttention",
            Attention::Scaled(_) | Attention::Plain(_) => "Attention",
            Attention::Grouped(_) => "GroupQueryAttention",
            Attention::Rotary(_) | Attention::PlainRotary => "RotaryEmbedding",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        match self {
            Attention::Linear(op) => op.infer(facts),
            Attention::Scaled(op) => op.infer(facts),
            Attention::Plain(op) => op.infer(facts),
            Attention::Grouped(op) => op.infer(facts),
            Attention::Rotary(_) => infer::one(facts.dtype(0), facts.dims(0).map(Into::into)),
            Attention::PlainRotary => {
                let angles = infer::broadcast_dims(facts.dims(1), facts.dims(2));
                infer::one(facts.dtype(0), infer::broadcast_dims(facts.dims(0), angles.as_deref()))
            }
        }
    }
}

impl ScaledAttention {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        let heads = |i: usize, n_heads| facts.dims(i).and_then(|dims| split_heads(dims, n_heads));
        let (q, k, v) = (heads(0, self.n_query_heads), heads(1, self.n_heads), heads(2, self.n_heads));
        let dim = |dims: &Option<[Dim; 4]>, axis: usize| {
            dims.as_ref().map_or(Dim::Unknown, |dims| dims[axis].clone())
        };
        let (b, h, s, e) = (dim(&q, 0), dim(&q, 1), dim(&q, 2), dim(&v, 3));
        let t = if facts.has(4) {
            let past = facts.dims(4).and_then(|dims| dims.get(2)?.known());
            past.zip(dim(&k, 2).known())
                .map_or(Dim::Unknown, |(past, new)| Dim::Known(past.saturating_add(new)))
        } else {
            dim(&k, 2)
        };
        let output = match facts.dims(0).map(<[Dim]>::len) {
            Some(3) => infer::dims([b.clone(), s.clone(), product(&h, &e)]),
            Some(4) => infer::dims([b.clone(), h.clone(), s.clone(), e.clone()]),
            _ => None,
        };
        let present =
            |dims: &Option<[Dim; 4]>, width: Dim| infer::dims([b.clone(), dim(dims, 1), t.clone(), width]);
        let (present_k, present_v) = (present(&k, dim(&k, 3)), present(&v, e));
        let scores = infer::dims([b, h, s, t]);
        smallvec::smallvec![
            Fact::new(facts.dtype(0), output),
            Fact::new(facts.dtype(1), present_k),
            Fact::new(facts.dtype(2), present_v),
            Fact::new(facts.dtype(0), scores),
        ]
    }
}

impl PlainAttention {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        infer::one(facts.dtype(0), self.output_dims(facts))
    }

    /// Everything broadcasts but the keys' number, which is summed over.
    fn output_dims(self, facts: &Facts<'_>) -> Dims {
        let order = self.tokens_first;
        let q = heads_first(facts.dims(0)?, order.queries);
        let k = heads_first(facts.dims(1)?, order.keys);
        let v = heads_first(facts.dims(2)?, order.values);
        let queries = with_last(&q, &[Dim::Known(1)]);
        let keys = with_last(&k, &[Dim::Known(1), Dim::Known(1)]);
        let values = with_last(&v, &[Dim::Known(1), v.last()?.clone()]);
        let mut dims = infer::broadcast_dims(Some(&queries), Some(&keys));
        if facts.has(3) {
            dims = infer::broadcast_dims(dims.as_deref(), Some(&with_last(facts.dims(3)?, &[Dim::Known(1)])));
        }
        let dims = infer::broadcast_dims(dims.as_deref(), Some(&values))?;
        Some(heads_first(&dims, order.output).into())
    }
}

/// `[b, h, n, d]` from `[b, n, h, d]`, or the other way round, if asked for.
fn heads_first(dims: &[Dim], swaps: bool) -> Vec<Dim> {
    let mut dims = dims.to_vec();
    if swaps && dims.len() == 4 {
        dims.swap(1, 2);
    }
    dims
}

/// Dimensions with others in place of the last.
fn with_last(dims: &[Dim], last: &[Dim]) -> Vec<Dim> {
    [&dims[..dims.len().saturating_sub(last.len())], last].concat()
}

impl GroupedAttention {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        let dim = |axis: usize| facts.dims(0).and_then(|dims| dims.get(axis).cloned()).unwrap_or_default();
        let n_heads = self.n_query_heads + if facts.has(1) { 0 } else { 2 * self.n_heads };
        let d = dim(2).known().map_or(Dim::Unknown, |width| Dim::Known(width / n_heads.max(1)));
        let output = infer::dims([dim(0), dim(1), product(&d, &Dim::Known(self.n_query_heads))]);
        let past = if facts.has(3) { facts.dims(3).and_then(|dims| dims.get(2)?.known()) } else { Some(0) };
        let total = facts.ints(6).and_then(|total| usize::try_from(*total.first()?).ok());
        let t = past.zip(total).map_or(Dim::Unknown, |(past, total)| Dim::Known(past.max(total)));
        let present = || infer::dims([dim(0), Dim::Known(self.n_heads), t.clone(), d.clone()]);
        let dtype = facts.dtype(0);
        smallvec::smallvec![
            Fact::new(dtype, output),
            Fact::new(dtype, present()),
            Fact::new(dtype, present())
        ]
    }
}

/// `[b, h, s, d]` from itself or `[b, s, h * d]`.
fn split_heads(dims: &[Dim], n_heads: Option<usize>) -> Option<[Dim; 4]> {
    match dims {
        [b, s, width] => {
            let n = n_heads.filter(|&n| n > 0)?;
            let d = width.known().map_or(Dim::Unknown, |width| Dim::Known(width / n));
            Some([b.clone(), Dim::Known(n), s.clone(), d])
        }
        [b, h, s, d] => Some([b.clone(), h.clone(), s.clone(), d.clone()]),
        _ => None,
    }
}

fn product(a: &Dim, b: &Dim) -> Dim {
    a.known().zip(b.known()).and_then(|(a, b)| a.checked_mul(b)).map_or(Dim::Unknown, Dim::Known)
}

impl LinearAttention {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        let part = |i: usize, n_heads: usize| match facts.dims(i).and_then(|dims| dims.last()) {
            Some(Dim::Known(width)) => Dim::Known(width / n_heads.max(1)),
            _ => Dim::Unknown,
        };
        let (d, e) = (part(0, self.n_query_heads), part(2, self.n_heads));
        let width = e.known().map_or(Dim::Unknown, |e| Dim::Known(e * self.n_query_heads));
        let output: Dims = match facts.dims(0) {
            Some([b, t, _]) => infer::dims([b.clone(), t.clone(), width]),
            _ => None,
        };
        let b = facts.dims(0).and_then(|dims| dims.first().cloned()).unwrap_or_default();
        let state = infer::dims([b, Dim::Known(self.n_heads), d, e]);
        let state_dtype = facts.dtype(if facts.has(3) { 3 } else { 0 });
        smallvec::smallvec![Fact::new(facts.dtype(0), output), Fact::new(state_dtype, state)]
    }
}
