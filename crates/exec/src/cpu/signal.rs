//! Execution of the signal family.

use dunlin_ir::op::Signal;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Signal, _inputs: &mut Inputs<'_>, _ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match *op {}
}
