//! Execution of the reduce family: folds, searches and running sums along axes.

mod arg;
mod cumulative;
mod fold;
mod region;

use dunlin_ir::Shape;
use dunlin_ir::op::Reduce;

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Reduce, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Reduce::Fold(op) => fold::run(op, inputs, ctx),
        Reduce::Arg(op) => arg::run(op, inputs, ctx),
        Reduce::Cumulative(op) => cumulative::run(op, inputs, ctx),
    })
}

/// Resolves an axis of `shape`.
pub(crate) fn resolve(axis: i64, shape: &Shape) -> Result<usize, OpError> {
    shape.axis(axis).ok_or_else(|| OpError::value(format!("an axis of shape {shape}"), axis))
}
