//! Execution of the attention family.

mod linear;

use dunlin_ir::op::Attention;

use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Attention, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match op {
        Attention::Linear(op) => linear::run(op, inputs, ctx),
    }
}
