//! Attention of a decoder: each batch's cache is filled to its own length, and queries follow it.

use std::borrow::Cow;

use dunlin_ir::op::attention::{GroupedAttention, Rotary, Window};
use dunlin_ir::{DType, Shape, Tensor, Value};
use dunlin_sys::for_each_chunk_mut;

use super::dot::{Batch, Dot, Mask};
use super::heads::{apart, joined, sizes, wide};
use super::rotary::{Layout, Turn};
use crate::cpu::real::narrowed;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(super) fn run(op: &GroupedAttention, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let [q, k, v] = parts(op, inputs, ctx)?;
    let [b, h, s, d] = sizes(&q, Some(op.n_query_heads))?;
    let kept = Kept::new(inputs, [b, s])?;
    let (q, k) = match op.rotary {
        Some(rotary) => turned(rotary, op, inputs, &kept, [q, k], ctx)?,
        None => (q, k),
    };
    let (q, k, v) =
        (apart(q, Some(h), ctx)?, apart(k, Some(op.n_heads), ctx)?, apart(v, Some(op.n_heads), ctx)?);
    let new = Shape::new(&[b, op.n_heads, s, d]);
    for part in [&k, &v] {
        if *part.shape() != new {
            return Err(OpError::shape(new.to_string(), part.shape()));
        }
    }
    let past = |i: usize| inputs.optional(i)?.map(|past| wide(past, ctx)).transpose();
    let k = kept.extended(past(3)?.as_ref(), &k, ctx)?;
    let v = kept.extended(past(4)?.as_ref(), &v, ctx)?;
    let t = k.shape()[2];
    if v.shape() != k.shape() {
        return Err(OpError::shapes("pasts of keys and values of one shape", k.shape(), v.shape()));
    }
    let mask = inputs.optional(10)?.map(|mask| Mask::new(mask, [b, h, s, t], ctx)).transpose()?;
    let sinks = sinks(op, inputs, h, ctx)?;
    let dot = Dot {
        b,
        g: op.n_heads,
        group: h / op.n_heads,
        s,
        t,
        d,
        e: d,
        q: q.view()?,
        k: k.view()?,
        v: v.view()?,
        scale: op.scale.unwrap_or(1.0 / (d as f32).sqrt()),
        softcap: op.softcap,
        window: Window { left: op.left, right: Some(0) },
        batches: &kept.batches(),
        mask: mask.as_ref(),
        sinks: sinks.as_deref(),
    };
    let output = joined(dot.compute(None, ctx)?.0, ctx)?;
    let dtype = inputs.tensor(0)?.dtype();
    let mut outputs = smallvec::smallvec![Some(Value::Tensor(narrowed(&output, dtype, ctx)?))];
    for (i, present) in [(1, &k), (2, &v)] {
        outputs.push(if ctx.wants(i) { Some(Value::Tensor(narrowed(present, dtype, ctx)?)) } else { None });
    }
    outputs.truncate(ctx.n_outputs());
    Ok(outputs)
}

/// Queries, keys and values of rank 3: three inputs, or one with all side by side.
fn parts(op: &GroupedAttention, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<[Tensor; 3], OpError> {
    let x = wide(inputs.tensor(0)?, ctx)?;
    let [b, s, width] = *x.shape().dims() else {
        return Err(OpError::shape("[b, s, h * d]", x.shape()));
    };
    if inputs.has(1) {
        return Ok([x, wide(inputs.tensor(1)?, ctx)?, wide(inputs.tensor(2)?, ctx)?]);
    }
    let n_all = op.n_query_heads.saturating_add(op.n_heads.saturating_mul(2));
    if n_all == 0 || !width.is_multiple_of(n_all) {
        return Err(OpError::shape(format!("[b, s, {n_all} * d]"), x.shape()));
    }
    let d = width / n_all;
    let from = x.view::<f32>()?;
    let cut = |first: usize, n_heads: usize| {
        let own = n_heads * d;
        let mut out = ctx.alloc(DType::F32, Shape::new(&[b, s, own]))?;
        if own > 0 {
            for (to, from) in out.view_mut::<f32>()?.chunks_exact_mut(own).zip(from.chunks_exact(width)) {
                to.copy_from_slice(&from[first * d..][..own]);
            }
        }
        Ok::<_, OpError>(out)
    };
    let (h, g) = (op.n_query_heads, op.n_heads);
    Ok([cut(0, h)?, cut(h, g)?, cut(h + g, g)?])
}

/// Queries and keys turned by their positions.
fn turned(
    rotary: Rotary,
    op: &GroupedAttention,
    inputs: &Inputs<'_>,
    kept: &Kept,
    [q, k]: [Tensor; 2],
    ctx: &Ctx<'_>,
) -> Result<(Tensor, Tensor), OpError> {
    let (cos, sin) = (wide(inputs.tensor(7)?, ctx)?, wide(inputs.tensor(8)?, ctx)?);
    let (b, s) = (kept.n_past.len(), kept.s);
    let positions: Cow<'_, [i64]> = match inputs.optional_ints(9)? {
        Some(given) => given.to_vec().into(),
        None => kept.positions().into(),
    };
    if positions.len() != b * s {
        return Err(OpError::value(format!("{} positions", b * s), positions.len()));
    }
    let half = cos.shape().dims().last().copied().unwrap_or(0);
    let turn = Turn::new(rotary, &cos, &sin, [b, s], Some(&positions))?;
    let turned = |x: &Tensor, n_heads: usize| {
        turn.apply(x, Layout::new(Rotary { n_heads: Some(n_heads), ..rotary }, x, half)?, ctx)
    };
    Ok((turned(&q, op.n_query_heads)?, turned(&k, op.n_heads)?))
}

/// The scores that take a share of each head's softmax.
fn sinks(
    op: &GroupedAttention,
    inputs: &Inputs<'_>,
    h: usize,
    ctx: &Ctx<'_>,
) -> Result<Option<Vec<f32>>, OpError> {
    match inputs.optional(11)? {
        Some(given) if given.len() == h => Ok(Some(wide(given, ctx)?.view::<f32>()?.to_vec())),
        Some(given) => Err(OpError::shape(format!("[{h}]"), given.shape())),
        None => Ok(op.smooth.then(|| vec![0.0; h])),
    }
}

/// What the cache holds before the step, and how long it gets.
struct Kept {
    /// Keys of each batch before the step.
    n_past: Vec<usize>,
    /// New keys of each batch.
    s: usize,
    /// The greatest number of keys after the step.
    total: usize,
}

impl Kept {
    fn new(inputs: &Inputs<'_>, [b, s]: [usize; 2]) -> Result<Kept, OpError> {
        let last = inputs.ints(5)?;
        if last.len() != b {
            return Err(OpError::shape(format!("last positions of {b} batches"), inputs.tensor(5)?.shape()));
        }
        let total = match inputs.ints(6)?[..] {
            [total] => usize::try_from(total).ok().filter(|&total| total >= s),
            _ => None,
        };
        let total = total.ok_or_else(|| {
            OpError::value(format!("one total length of {s} at least"), format!("{:?}", inputs.ints(6)))
        })?;
        // A first prompt may be padded at its end; whatever follows is not.
        let n_past = |&last: &i64| match last.checked_add(1).and_then(|end| usize::try_from(end).ok()) {
            _ if total == s => Ok(0),
            Some(end) if (s..=total).contains(&end) => Ok(end - s),
            _ => Err(OpError::value(format!("a last position from {s} - 1 up to {total} - 1"), last)),
        };
        let n_past = last.iter().map(n_past).collect::<Result<Vec<usize>, OpError>>()?;
        Ok(Kept { n_past, s, total })
    }

    fn positions(&self) -> Vec<i64> {
        let token = |n_past: usize, i: usize| i64::try_from(n_past + i).unwrap_or(i64::MAX);
        self.n_past.iter().flat_map(|&n_past| (0..self.s).map(move |i| token(n_past, i))).collect()
    }

    fn batches(&self) -> Vec<Batch> {
        let batch = |&n_past: &usize| Batch {
            offset: i64::try_from(n_past).unwrap_or(i64::MAX),
            start: 0,
            end: n_past + self.s,
        };
        self.n_past.iter().map(batch).collect()
    }

    /// The cache `[b, g, t, d]` with each batch's new rows behind its old ones, and zeros behind those.
    fn extended(&self, past: Option<&Tensor>, new: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let [b, g, s, d] = sizes(new, None)?;
        let (capacity, old) = match past {
            Some(past) => match *past.shape().dims() {
                [past_b, past_g, p, past_d] if (past_b, past_g, past_d) == (b, g, d) => {
                    (p, past.view::<f32>()?)
                }
                _ => return Err(OpError::shape(format!("a past of [{b}, {g}, p, {d}]"), past.shape())),
            },
            None => (0, &[][..]),
        };
        if let Some(&most) = self.n_past.iter().max().filter(|&&most| most > capacity) {
            return Err(OpError::value(format!("a past of at most {capacity} keys"), most));
        }
        let t = capacity.max(self.total);
        let new = new.view::<f32>()?;
        let mut out = ctx.alloc(DType::F32, Shape::new(&[b, g, t, d]))?;
        for_each_chunk_mut(ctx.pool(), out.view_mut()?, (t * d).max(1), &|at, out| {
            let n_old = self.n_past[at / g] * d;
            let (kept, rest) = out.split_at_mut(n_old);
            let (own, rest) = rest.split_at_mut(s * d);
            if n_old > 0 {
                kept.copy_from_slice(&old[at * capacity * d..][..n_old]);
            }
            own.copy_from_slice(&new[at * s * d..][..s * d]);
            rest.fill(0.0);
        });
        Ok(out)
    }
}
