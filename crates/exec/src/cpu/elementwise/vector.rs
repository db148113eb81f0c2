//! Where functions of `float32` go to the vector kernels.

use dunlin_ir::op::elementwise::{Approximate, Unary};
use dunlin_kernels::activation::Activation;
use dunlin_kernels::binary::{Binary, Operand, binary_f32, binary_in_place_f32};
use dunlin_kernels::unary::{self, unary_f32};
use dunlin_sys::Serial;

use super::broadcast::{BLOCK, Lane};
use super::zip::zip_assign;

/// Applies a function in place with its vector kernel; false if it has none.
pub(super) fn apply(op: Unary, x: &mut [f32]) -> bool {
    if let Some(activation) = activation(op) {
        activation.apply(x);
        return true;
    }
    let op = match op {
        Unary::Erf => unary::Unary::Erf,
        Unary::Exp => unary::Unary::Exp,
        Unary::Log => unary::Unary::Log,
        Unary::Reciprocal => unary::Unary::Reciprocal,
        Unary::Round => unary::Unary::Round,
        Unary::Sqrt => unary::Unary::Sqrt,
        _ => return false,
    };
    let mut copy = [0.0; BLOCK];
    for x in x.chunks_mut(BLOCK) {
        let copy = &mut copy[..x.len()];
        copy.copy_from_slice(x);
        unary_f32(&Serial, op, copy, x);
    }
    true
}

fn activation(op: Unary) -> Option<Activation> {
    Some(match op {
        Unary::Elu { alpha } => Activation::Elu { alpha },
        Unary::Gelu { approximate: Approximate::None } => Activation::GeluErf,
        Unary::Gelu { approximate: Approximate::Tanh } => Activation::GeluTanh,
        Unary::HardSigmoid { alpha, beta } => Activation::HardSigmoid { alpha, beta },
        Unary::HardSwish => Activation::HardSwish,
        Unary::LeakyRelu { alpha } => Activation::LeakyRelu { alpha },
        Unary::Mish => Activation::Mish,
        Unary::Relu => Activation::Relu,
        Unary::Selu { alpha, gamma } => Activation::Selu { alpha, gamma },
        Unary::Sigmoid => Activation::Sigmoid,
        Unary::Softplus => Activation::Softplus,
        Unary::Softsign => Activation::Softsign,
        Unary::Swish { alpha: 1.0 } => Activation::Silu,
        Unary::Swish { alpha } => Activation::Swish { alpha },
        Unary::Tanh => Activation::Tanh,
        Unary::ThresholdedRelu { alpha } => Activation::ThresholdedRelu { alpha },
        _ => return None,
    })
}

/// Writes a function of two runs.
pub(super) fn zip_into(op: Binary, out: &mut [f32], a: Lane<'_, f32>, b: Lane<'_, f32>) {
    let n = out.len();
    match (a, b) {
        (Lane::Slice(a), Lane::Slice(b)) => {
            binary_f32(&Serial, op, Operand::Rows(a), Operand::Rows(b), out, n);
        }
        (Lane::Slice(a), Lane::Scalar(b)) => {
            binary_f32(&Serial, op, Operand::Rows(a), Operand::Columns(&[b]), out, n);
        }
        (Lane::Scalar(a), Lane::Slice(b)) => {
            binary_f32(&Serial, op, Operand::Columns(&[a]), Operand::Rows(b), out, n);
        }
        (Lane::Scalar(a), Lane::Scalar(b)) => out.fill(op.reference(a, b)),
    }
}

/// Writes a function of two runs over the first; `f` is the same function.
pub(super) fn assign(op: Binary, out: &mut [f32], b: Lane<'_, f32>, f: impl Fn(f32, f32) -> f32) {
    match b {
        Lane::Slice(b) => binary_in_place_f32(&Serial, op, out, b),
        // One of the operands stays in a register, so the plain loop keeps up with memory.
        Lane::Scalar(_) => zip_assign(out, b, f),
    }
}
