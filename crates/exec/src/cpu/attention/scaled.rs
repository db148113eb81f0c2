//! Scaled attention, the cache coming in and going out as a whole.

use dunlin_ir::op::attention::ScaledAttention;
use dunlin_ir::{Tensor, Value};

use super::dot::{Batch, Dot, Mask};
use super::heads::{apart, appended, joined, sizes, wide};
use crate::cpu::real::narrowed;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(super) fn run(op: &ScaledAttention, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let part = |i: usize, n_heads| apart(wide(inputs.tensor(i)?, ctx)?, n_heads, ctx);
    let (q, new_k, new_v) = (part(0, op.n_query_heads)?, part(1, op.n_heads)?, part(2, op.n_heads)?);
    let with_past = |i: usize, new: Tensor| match inputs.optional(i)? {
        Some(past) => appended(&wide(past, ctx)?, &new, ctx),
        None => Ok(new),
    };
    let n_new = new_k.shape()[2];
    let (k, v) = (with_past(4, new_k)?, with_past(5, new_v)?);
    let [b, h, s, d] = sizes(&q, None)?;
    let ([k_b, g, t, k_d], [v_b, v_g, v_t, e]) = (sizes(&k, None)?, sizes(&v, None)?);
    if (k_b, k_d, v_b, v_g, v_t) != (b, d, b, g, t) {
        return Err(OpError::shapes(
            format!("keys [{b}, g, t, {d}] and values [{b}, g, t, e]"),
            k.shape(),
            v.shape(),
        ));
    }
    if g == 0 || !h.is_multiple_of(g) {
        return Err(OpError::shapes(
            "heads of queries that are a multiple of those of keys",
            q.shape(),
            k.shape(),
        ));
    }
    let batches = batches(op, inputs, [b, s, t], t - n_new)?;
    let mask = inputs.optional(3)?.map(|mask| Mask::new(mask, [b, h, s, t], ctx)).transpose()?;
    let dot = Dot {
        b,
        g,
        group: h / g,
        s,
        t,
        d,
        e,
        q: q.view()?,
        k: k.view()?,
        v: v.view()?,
        scale: op.scale.unwrap_or(1.0 / (d as f32).sqrt()),
        softcap: op.softcap,
        window: op.window,
        batches: &batches,
        mask: mask.as_ref(),
        sinks: None,
    };
    let (output, scores) = dot.compute(ctx.wants(3).then_some(op.scores), ctx)?;
    let is_joined = inputs.tensor(0)?.rank() == 3;
    let output = if is_joined { joined(output, ctx)? } else { output };
    let narrow = |x: &Tensor, like: usize| {
        Ok::<_, OpError>(Value::Tensor(narrowed(x, inputs.tensor(like)?.dtype(), ctx)?))
    };
    let mut outputs = smallvec::smallvec![Some(narrow(&output, 0)?)];
    for (i, present) in [(1, &k), (2, &v)] {
        outputs.push(if ctx.wants(i) { Some(narrow(present, i)?) } else { None });
    }
    outputs.push(scores.map(|scores| narrow(&scores, 0)).transpose()?);
    outputs.truncate(ctx.n_outputs());
    Ok(outputs)
}

fn batches(
    op: &ScaledAttention,
    inputs: &Inputs<'_>,
    [b, s, t]: [usize; 3],
    n_past: usize,
) -> Result<Vec<Batch>, OpError> {
    let offset = i64::try_from(n_past).unwrap_or(i64::MAX);
    let Some(lengths) = inputs.optional_ints(6)? else {
        return Ok(vec![Batch { offset, start: 0, end: t }; b]);
    };
    if lengths.len() != b && lengths.len() != 2 * b {
        return Err(OpError::shape(format!("[{b}]"), inputs.tensor(6)?.shape()));
    }
    let clamped = |x: i64| usize::try_from(x.max(0)).map_or(t, |x| x.min(t));
    let n_queries = i64::try_from(s).unwrap_or(i64::MAX);
    let batch = |i: usize| {
        let end = lengths[i];
        Batch {
            offset: if op.ends_at_length { end.saturating_sub(n_queries) } else { offset },
            start: lengths.get(b + i).map_or(0, |&start| clamped(start)),
            end: clamped(end),
        }
    };
    Ok((0..b).map(batch).collect())
}
