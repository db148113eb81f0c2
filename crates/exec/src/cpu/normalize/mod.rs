//! Execution of the normalize family.

mod batch;
mod channel;
mod dropout;
mod layer;
mod rows;
mod softmax;

use dunlin_ir::op::Normalize;

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs, one};

pub(crate) use rows::{doubles, from_doubles};
pub(crate) use softmax::softmax;

/// Computes one step.
pub(crate) fn run(op: &Normalize, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Normalize::Batch(op) => batch::batch(op, inputs, ctx),
        Normalize::Group(op) => channel::group(op, inputs, ctx),
        Normalize::Instance(op) => channel::instance(op, inputs, ctx),
        Normalize::Layer(op) => layer::layer(op, inputs, ctx),
        Normalize::Rms(op) => layer::rms(op, inputs, ctx),
        Normalize::Lrn(op) => channel::lrn(op, inputs, ctx),
        Normalize::MeanVariance(op) => channel::mean_variance(op, inputs, ctx),
        Normalize::Lp(op) => softmax::lp(op, inputs, ctx),
        Normalize::Softmax(op) => softmax(op, inputs.tensor(0)?, ctx).map(one),
        Normalize::Dropout(op) => dropout::dropout(op, inputs, ctx),
    })
}
