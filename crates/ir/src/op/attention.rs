//! Operators of attention: products of queries with remembered keys and values.

use crate::infer::{self, Fact, Facts, Inferred};
use crate::{Dim, Dims};

/// Operators of attention.
#[derive(Debug, Clone, PartialEq)]
pub enum Attention {
    /// Attention without softmax, through a state that each token updates.
    Linear(LinearAttention),
}

/// Linear attention. Inputs: queries `[b, t, h * d]`, keys `[b, t, g * d]`, values `[b, t, g * e]`, a state
/// `[b, g, d, e]`?, decays `[b, t, g]` or `[b, t, g * d]`?, update rates `[b, t, g]` or `[b, t, 1]`?. Outputs:
/// `[b, t, h * e]`, the state after the last token.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        match self {
            Attention::Linear(op) => op.infer(facts),
        }
    }
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
