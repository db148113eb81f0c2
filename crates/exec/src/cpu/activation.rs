//! Activations fused into the operator before them.

use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::elementwise::{Approximate, Unary};
use dunlin_kernels::activation::Activation as Kernel;

use super::real::Real;
use crate::OpError;

/// Applies an activation in place.
///
/// # Errors
/// As [`kernel`].
pub(crate) fn activate<T: Real>(activation: Activation, x: &mut [T]) -> Result<(), OpError> {
    T::activate(kernel(Some(activation))?, x);
    Ok(())
}

/// The kernels' name for an activation.
///
/// # Errors
/// [`OpError::Unsupported`] for a function that is no activation.
pub(crate) fn kernel(activation: Option<Activation>) -> Result<Kernel, OpError> {
    let unary = match activation {
        None => return Ok(Kernel::None),
        Some(Activation::Clip { min, max }) => return Ok(Kernel::Clip { lo: min, hi: max }),
        Some(Activation::Unary(unary)) => unary,
    };
    Ok(match unary {
        Unary::Identity => Kernel::None,
        Unary::Relu => Kernel::Relu,
        Unary::LeakyRelu { alpha } => Kernel::LeakyRelu { alpha },
        Unary::Elu { alpha } => Kernel::Elu { alpha },
        Unary::Selu { alpha, gamma } => Kernel::Selu { alpha, gamma },
        Unary::Sigmoid => Kernel::Sigmoid,
        Unary::HardSigmoid { alpha, beta } => Kernel::HardSigmoid { alpha, beta },
        Unary::HardSwish => Kernel::HardSwish,
        Unary::Swish { alpha: 1.0 } => Kernel::Silu,
        Unary::Swish { alpha } => Kernel::Swish { alpha },
        Unary::Tanh => Kernel::Tanh,
        Unary::Gelu { approximate: Approximate::None } => Kernel::GeluErf,
        Unary::Gelu { approximate: Approximate::Tanh } => Kernel::GeluTanh,
        Unary::Softplus => Kernel::Softplus,
        Unary::Softsign => Kernel::Softsign,
        Unary::Mish => Kernel::Mish,
        Unary::ThresholdedRelu { alpha } => Kernel::ThresholdedRelu { alpha },
        other => return Err(OpError::unsupported(format!("the activation {}", other.name()))),
    })
}
