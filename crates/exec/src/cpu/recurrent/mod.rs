//! Execution of the recurrent family. The product of weights and inputs is one matrix product over all of time; then
//! each step is a product of recurrent weights and state, and the gates.

mod cell;
mod quantized;
mod sequence;
mod weights;

use std::sync::Arc;

use dunlin_ir::op::Recurrent;
use dunlin_ir::{Tensor, built};

use super::arms::left_out;
use super::dispatch::dispatch;
use super::real::{is_narrow, widened};
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Packs constant weights.
pub(crate) fn pack(
    op: &Recurrent,
    constants: &[Option<&Tensor>],
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    weights::pack(op, constants)
}

/// Computes one step.
pub(crate) fn run(op: &Recurrent, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    if !const { built::has_family("Recurrent") } {
        return Err(left_out("Recurrent"));
    }
    let dtype = inputs.tensor(0)?.dtype();
    if is_narrow(dtype) {
        return widened(inputs, ctx, |inputs| sequence::run::<f32>(op, inputs, ctx));
    }
    dispatch!(dtype, T in [f32, f64], sequence::run::<T>(op, inputs, ctx))
}
