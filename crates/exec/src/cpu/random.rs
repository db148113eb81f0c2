//! Execution of the random family.

use dunlin_ir::op::Random;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Random, _inputs: &mut Inputs<'_>, _ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match *op {}
}
