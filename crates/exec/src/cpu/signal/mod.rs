//! Execution of the signal family: Fourier transforms, windows, the mel scale. All in double precision.

mod fourier;
mod window;

use dunlin_ir::op::Signal;

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Signal, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Signal::Dft(op) => fourier::dft(op, inputs, ctx),
        Signal::Stft(op) => fourier::stft(op, inputs, ctx),
        Signal::Window(op) => window::window(op, inputs, ctx),
        Signal::MelWeightMatrix(op) => window::mel_weight_matrix(op, inputs, ctx),
    })
}

/// The one integer of input `i`.
fn integer(inputs: &Inputs<'_>, i: usize) -> Result<i64, OpError> {
    match inputs.ints(i)?.as_slice() {
        &[value] => Ok(value),
        _ => Err(OpError::shape(format!("one element in input {i}"), inputs.tensor(i)?.shape())),
    }
}

/// The one integer of input `i`, at least `least`.
fn size(inputs: &Inputs<'_>, i: usize, least: usize) -> Result<usize, OpError> {
    let value = integer(inputs, i)?;
    let size = usize::try_from(value).ok().filter(|&n| n >= least);
    size.ok_or_else(|| OpError::value(format!("an input {i} of {least} or more"), value))
}
