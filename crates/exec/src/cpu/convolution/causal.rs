//! Causal depthwise convolution that carries the end of its input to the next call.

use dunlin_ir::Tensor;
use dunlin_ir::op::convolution::CausalConv;

use super::conv::checked_bias;
use crate::cpu::activation::activate;
use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes a causal convolution and its next state.
pub(super) fn run<T: Real>(op: &CausalConv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let (x, weights) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let (&[n, c, t], &[w_c, 1, k]) = (x.shape().dims(), weights.shape().dims()) else {
        return Err(OpError::shapes("[b, c, t] and [c, 1, k]", x.shape(), weights.shape()));
    };
    if w_c != c || k == 0 {
        return Err(OpError::shapes("[b, c, t] and [c, 1, k]", x.shape(), weights.shape()));
    }
    let past = inputs.optional(3)?;
    if let Some(past) = past.filter(|past| past.shape().dims() != [n, c, k - 1]) {
        return Err(OpError::shape(format!("a state of [{n}, {c}, {}]", k - 1), past.shape()));
    }
    let past = past.map(Tensor::view::<T>).transpose()?;
    let bias = checked_bias::<T>(inputs, 2, c)?;
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    let (x, weights) = (x.view::<T>()?, weights.view::<T>()?);
    let rows = items_per_task(ctx.pool(), n * c, t.saturating_mul(k));
    if t > 0 {
        try_chunks(ctx.pool(), out.view_mut::<T>()?, rows * t, &|i, chunk| {
            for (j, out) in chunk.chunks_exact_mut(t).enumerate() {
                let (row, channel) = (i * rows + j, (i * rows + j) % c);
                out.fill(bias.map_or(T::default(), |bias| bias[channel]));
                let past = past.map_or(&[][..], |past| &past[row * (k - 1)..][..k - 1]);
                convolve(&x[row * t..][..t], past, &weights[channel * k..][..k], out);
                op.activation.map_or(Ok(()), |activation| activate(activation, out))?;
            }
            Ok(())
        })?;
    }
    let mut state = ctx.alloc(T::DTYPE, [n, c, k - 1].into())?;
    next_state(x, past, t, k - 1, state.view_mut::<T>()?);
    Ok(smallvec::smallvec![Some(out.into()), Some(state.into())])
}

/// Adds the convolution of one channel to `out`. `past` precedes `x`; it may be empty for zeros.
fn convolve<T: Real>(x: &[T], past: &[T], weights: &[T], out: &mut [T]) {
    let before = weights.len() - 1;
    for (j, &weight) in weights.iter().enumerate() {
        let shift = before - j;
        let (early, late) = out.split_at_mut(shift.min(x.len()));
        // Output i needs element i + j of `past` followed by `x`.
        early.iter_mut().zip(past.iter().skip(j)).for_each(|(out, &x)| *out += weight * x);
        late.iter_mut().zip(x).for_each(|(out, &x)| *out += weight * x);
    }
}

/// The last `k` elements of past and input, channel by channel.
fn next_state<T: Real>(x: &[T], past: Option<&[T]>, t: usize, k: usize, state: &mut [T]) {
    if k == 0 {
        return;
    }
    for (row, state) in state.chunks_exact_mut(k).enumerate() {
        let kept = k.saturating_sub(t);
        let (old, new) = state.split_at_mut(kept);
        match past {
            Some(past) => old.copy_from_slice(&past[row * k + k - kept..][..kept]),
            None => old.fill(T::default()),
        }
        new.copy_from_slice(&x[row * t..][..t][t - (k - kept)..]);
    }
}
