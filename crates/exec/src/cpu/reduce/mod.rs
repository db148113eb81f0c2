//! Execution of the reduce family: folds, searches and running sums along axes.

mod arg;
mod cumulative;
mod fold;
mod region;

use dunlin_ir::op::Reduce;
use dunlin_ir::{DType, Shape, Tensor};

use super::arms::built;
use super::elementwise::cast;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Reduce, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Reduce::Fold(op) => fold::run(op, inputs, ctx),
        Reduce::Arg(op) => arg::run(op, inputs, ctx),
        Reduce::Cumulative(op) => cumulative::run(op, inputs, ctx),
    })
}

/// Integers of 8 and 16 bits as 32: what they are folded as, so that no code is compiled for each of them. `None` for all others.
fn widened(x: &Tensor, ctx: &Ctx<'_>) -> Result<Option<Tensor>, OpError> {
    let is_narrow = matches!(x.dtype(), DType::I8 | DType::I16 | DType::U8 | DType::U16);
    is_narrow.then(|| cast::convert(x.clone(), DType::I32, ctx)).transpose()
}

/// Back from 32 bits; the high ones are cut off.
fn narrowed(wide: Tensor, to: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    cast::convert(wide, to, ctx)
}

/// Resolves an axis of `shape`.
pub(crate) fn resolve(axis: i64, shape: &Shape) -> Result<usize, OpError> {
    shape.axis(axis).ok_or_else(|| OpError::value(format!("an axis of shape {shape}"), axis))
}
