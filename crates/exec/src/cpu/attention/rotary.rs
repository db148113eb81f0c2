//! Rotary embedding: pairs of elements turned by angles whose cosines and sines are given.

use dunlin_ir::op::attention::Rotary;
use dunlin_ir::{DType, Tensor};
use dunlin_sys::for_each_chunk_mut;

use super::heads::wide;
use crate::cpu::real::narrowed;
use crate::input::one;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(super) fn run(op: Rotary, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (cos, sin) = (wide(inputs.tensor(1)?, ctx)?, wide(inputs.tensor(2)?, ctx)?);
    let half = cos.shape().dims().last().copied().unwrap_or(0);
    let layout = Layout::new(op, x, half)?;
    let Layout { b, s, .. } = layout;
    let positions = match inputs.optional_ints(3)? {
        Some(positions) => Some(
            all_positions(&positions, b, s)
                .ok_or_else(|| OpError::shape(format!("positions [{b}, {s}] or [1]"), cos.shape()))?,
        ),
        None => None,
    };
    let turn = Turn::new(op, &cos, &sin, [b, s], positions.as_deref())?;
    let wide_x = wide(x, ctx)?;
    let out = turn.apply(&wide_x, layout, ctx)?;
    Ok(one(narrowed(&out, x.dtype(), ctx)?))
}

/// A position for each token; a single one is that of the first token.
fn all_positions(given: &[i64], b: usize, s: usize) -> Option<Vec<i64>> {
    match given {
        [first] if b.checked_mul(s)? != 1 => {
            let row: Option<Vec<i64>> = (0..s).map(|i| first.checked_add(i64::try_from(i).ok()?)).collect();
            Some(row?.repeat(b))
        }
        all => (all.len() == b.checked_mul(s)?).then(|| all.to_vec()),
    }
}

/// How the heads of `[b, s, h * d]` or `[b, h, s, d]` lie.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    b: usize,
    s: usize,
    h: usize,
    d: usize,
    is_joined: bool,
}

impl Layout {
    /// That of `x`, of which `half` pairs turn in each head.
    pub fn new(op: Rotary, x: &Tensor, half: usize) -> Result<Layout, OpError> {
        match *x.shape().dims() {
            [b, h, s, d] => Ok(Layout { b, s, h, d, is_joined: false }),
            [b, s, width] => {
                let n_heads = op.n_heads.or_else(|| width.checked_div(2 * half));
                let n_heads = n_heads.filter(|&n| n > 0 && width.is_multiple_of(n));
                let h = n_heads.ok_or_else(|| OpError::shape("[b, s, h * d] of whole heads", x.shape()))?;
                Ok(Layout { b, s, h, d: width / h, is_joined: true })
            }
            _ => Err(OpError::shape("[b, s, h * d] or [b, h, s, d]", x.shape())),
        }
    }
}

/// The turns of all tokens.
pub(super) struct Turn<'a> {
    cos: &'a [f32],
    sin: &'a [f32],
    half: usize,
    interleaved: bool,
    /// Which row of cosines is a token's, `[b, s]`; its own number if absent.
    rows: Option<Vec<usize>>,
}

impl<'a> Turn<'a> {
    /// From cosines and sines in rows, and the positions of `[b, s]` tokens; without, there is a row per token.
    pub fn new(
        op: Rotary,
        cos: &'a Tensor,
        sin: &'a Tensor,
        [b, s]: [usize; 2],
        positions: Option<&[i64]>,
    ) -> Result<Turn<'a>, OpError> {
        let half = cos.shape().dims().last().copied().unwrap_or(0);
        if cos.shape() != sin.shape() {
            return Err(OpError::shapes("cosines and sines of one shape", cos.shape(), sin.shape()));
        }
        if op.width.is_some_and(|width| width != 2 * half) {
            return Err(OpError::shape(format!("[.., {} / 2]", op.width.unwrap_or(0)), cos.shape()));
        }
        let n_rows = cos.len() / half.max(1);
        let rows = match positions {
            Some(positions) => {
                let row = |&at: &i64| usize::try_from(at).ok().filter(|&at| at < n_rows || half == 0);
                let row = |at: &i64| {
                    row(at).ok_or_else(|| OpError::value(format!("a position below {n_rows}"), at))
                };
                Some(positions.iter().map(row).collect::<Result<Vec<usize>, OpError>>()?)
            }
            None if half > 0 && n_rows != b * s => {
                return Err(OpError::shape(format!("[{b}, {s}, r / 2]"), cos.shape()));
            }
            None => None,
        };
        Ok(Turn { cos: cos.view()?, sin: sin.view()?, half, interleaved: op.interleaved, rows })
    }

    /// All heads of `x` turned. It must hold `float32`.
    pub fn apply(&self, x: &Tensor, layout: Layout, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let Layout { s, h, d, is_joined, .. } = layout;
        if 2 * self.half > d {
            return Err(OpError::shape(format!("heads of {} elements at least", 2 * self.half), x.shape()));
        }
        let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
        let from = x.view::<f32>()?;
        if out.is_empty() {
            return Ok(out);
        }
        let rows_per_task = (4096 / d).max(1);
        for_each_chunk_mut(ctx.pool(), out.view_mut()?, rows_per_task * d, &|task, out| {
            for (i, out) in out.chunks_exact_mut(d).enumerate() {
                let at = task * rows_per_task + i;
                let token = if is_joined { at / h } else { at / (h * s) * s + at % s };
                let row = self.rows.as_ref().map_or(token, |rows| rows[token]);
                self.row(&from[at * d..][..d], row, out);
            }
        });
        Ok(out)
    }

    fn row(&self, x: &[f32], row: usize, out: &mut [f32]) {
        let half = self.half;
        let (cos, sin) = (&self.cos[row * half..][..half], &self.sin[row * half..][..half]);
        out[2 * half..].copy_from_slice(&x[2 * half..]);
        if self.interleaved {
            for (i, (x, out)) in x.chunks_exact(2).zip(out.chunks_exact_mut(2)).take(half).enumerate() {
                out[0] = cos[i] * x[0] - sin[i] * x[1];
                out[1] = sin[i] * x[0] + cos[i] * x[1];
            }
            return;
        }
        let (x, y) = x[..2 * half].split_at(half);
        let (out_x, out_y) = out[..2 * half].split_at_mut(half);
        for i in 0..half {
            out_x[i] = cos[i] * x[i] - sin[i] * y[i];
            out_y[i] = sin[i] * x[i] + cos[i] * y[i];
        }
    }
}
