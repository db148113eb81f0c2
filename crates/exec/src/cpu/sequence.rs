//! Execution of the sequence family.

use dunlin_ir::op::Sequence;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Sequence, _inputs: &mut Inputs<'_>, _ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match *op {}
}
