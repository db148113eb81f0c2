//! Execution of the training family: losses, and steps of optimisers.

mod loss;
mod step;

use dunlin_ir::op::Training;

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Training, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Training::NegativeLogLikelihoodLoss(op) => loss::negative_log_likelihood(op, inputs, ctx),
        Training::SoftmaxCrossEntropyLoss(op) => loss::softmax_cross_entropy(op, inputs, ctx),
        Training::Step(op) => step::step(op, inputs, ctx),
    })
}
