//! Execution of the attention family.

mod dot;
mod grouped;
mod heads;
mod linear;
mod plain;
mod plain_rotary;
mod rotary;
mod scaled;

use dunlin_ir::op::Attention;

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Attention, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Attention::Linear(op) => linear::run(op, inputs, ctx),
        Attention::Scaled(op) => scaled::run(op, inputs, ctx),
        Attention::Plain(op) => plain::run(op, inputs, ctx),
        Attention::Grouped(op) => grouped::run(op, inputs, ctx),
        Attention::Rotary(op) => rotary::run(*op, inputs, ctx),
        Attention::PlainRotary => plain_rotary::run(inputs, ctx),
    })
}
