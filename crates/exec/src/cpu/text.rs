//! Execution of the text family.

use dunlin_ir::op::Text;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Text, _inputs: &mut Inputs<'_>, _ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match *op {}
}
