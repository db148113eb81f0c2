//! Execution of the reduce family.

use dunlin_ir::op::Reduce;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Reduce, _inputs: &mut Inputs<'_>, _ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match *op {}
}
