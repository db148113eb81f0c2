//! Losses of classifiers: scores `[n, c, ..]`, targets `[n, ..]`.

use dunlin_ir::op::normalize::{Softmax, SoftmaxKind};
use dunlin_ir::op::training::{Loss, Reduction};
use dunlin_ir::{Shape, Tensor};
use smallvec::smallvec;

use crate::cpu::dispatch::dispatch_float;
use crate::cpu::normalize::{doubles, from_doubles, softmax};
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// The negative of the log-probabilities at the targets.
pub(super) fn negative_log_likelihood(
    op: &Loss,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    loss(op, inputs.tensor(0)?, inputs, ctx).map(one)
}

/// The same of scores that have not been through a softmax.
pub(super) fn softmax_cross_entropy(
    op: &Loss,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let over_classes = Softmax { kind: SoftmaxKind::LogSoftmax, axis: 1, flatten: false };
    let log_prob = softmax(&over_classes, inputs.tensor(0)?, ctx)?;
    let loss = loss(op, &log_prob, inputs, ctx)?;
    Ok(smallvec![Some(loss.into()), Some(log_prob.into())])
}

fn loss(op: &Loss, log_prob: &Tensor, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let targets = inputs.tensor(1)?;
    let (n_classes, places) = match (log_prob.shape().dims(), targets.shape().dims()) {
        ([n, c, places @ ..], [targets, target_places @ ..]) if n == targets && places == target_places => {
            (*c, places.iter().product::<usize>())
        }
        _ => return Err(OpError::shapes("[n, c, ..] and [n, ..]", log_prob.shape(), targets.shape())),
    };
    let weights = match inputs.optional(2)? {
        Some(weights) if weights.len() == n_classes => Some(doubles(weights)?),
        Some(weights) => return Err(OpError::shape(format!("{n_classes} weights"), weights.shape())),
        None => None,
    };
    let targets_at = inputs.ints(1)?;
    let mut out = ctx.alloc(log_prob.dtype(), targets.shape().clone())?;
    let (mut sum, mut weight_sum) = (0.0, 0.0);
    dispatch_float!(log_prob.dtype(), T, {
        let log_prob = log_prob.view::<T>()?;
        for (i, (&target, out)) in targets_at.iter().zip(out.view_mut::<T>()?).enumerate() {
            if Some(target) == op.ignore_index {
                *out = T::from_f64(0.0);
                continue;
            }
            let class = usize::try_from(target).ok().filter(|&class| class < n_classes);
            let class = class.ok_or_else(|| OpError::value(format!("targets below {n_classes}"), target))?;
            let weight = weights.as_ref().map_or(1.0, |weights| weights[class]);
            let score = log_prob[(i / places * n_classes + class) * places + i % places].to_f64();
            let loss = -score * weight;
            *out = T::from_f64(loss);
            sum += loss;
            weight_sum += weight;
        }
        Ok(())
    })?;
    match op.reduction {
        Reduction::None => Ok(out),
        Reduction::Sum => from_doubles(&[sum], log_prob.dtype(), Shape::scalar(), ctx),
        Reduction::Mean => from_doubles(&[sum / weight_sum], log_prob.dtype(), Shape::scalar(), ctx),
    }
}
