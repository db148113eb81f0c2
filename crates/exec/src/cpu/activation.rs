//! Activations fused into the operator before them, on the rows that it has just computed.

use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::elementwise::{Approximate, Unary};
use dunlin_kernels::activation::Activation as Kernel;

use super::real::Real;
use crate::OpError;

/// The kernels' name for an activation, if they have it.
pub(crate) fn of_kernel(activation: Option<Activation>) -> Option<Kernel> {
    let Some(activation) = activation else { return Some(Kernel::None) };
    Some(match activation {
        Activation::Clip { min, max } => Kernel::Clip { lo: min, hi: max },
        Activation::Unary(Unary::Elu { alpha }) => Kernel::Elu { alpha },
        Activation::Unary(Unary::Gelu { approximate: Approximate::None }) => Kernel::GeluErf,
        Activation::Unary(Unary::Gelu { approximate: Approximate::Tanh }) => Kernel::GeluTanh,
        Activation::Unary(Unary::HardSigmoid { alpha, beta }) => Kernel::HardSigmoid { alpha, beta },
        Activation::Unary(Unary::HardSwish) => Kernel::HardSwish,
        Activation::Unary(Unary::LeakyRelu { alpha }) => Kernel::LeakyRelu { alpha },
        Activation::Unary(Unary::Mish) => Kernel::Mish,
        Activation::Unary(Unary::Relu) => Kernel::Relu,
        Activation::Unary(Unary::Selu { alpha, gamma }) => Kernel::Selu { alpha, gamma },
        Activation::Unary(Unary::Sigmoid) => Kernel::Sigmoid,
        Activation::Unary(Unary::Softplus) => Kernel::Softplus,
        Activation::Unary(Unary::Softsign) => Kernel::Softsign,
        Activation::Unary(Unary::Swish { alpha }) => Kernel::Swish { alpha },
        Activation::Unary(Unary::Tanh) => Kernel::Tanh,
        Activation::Unary(Unary::ThresholdedRelu { alpha }) => Kernel::ThresholdedRelu { alpha },
        Activation::Unary(_) => return None,
    })
}

/// Applies an activation in place.
///
/// # Errors
/// [`OpError::Unsupported`] for a function that is no activation.
pub(crate) fn activate<T: Real>(activation: Activation, x: &mut [T]) -> Result<(), OpError> {
    let (zero, one) = (T::default(), T::of(1.0));
    let sigmoid = |x: T| T::of(1.0 / (1.0 + (-x.wide()).exp()));
    let each = |x: &mut [T], f: &dyn Fn(T) -> T| x.iter_mut().for_each(|x| *x = f(*x));
    match activation {
        Activation::Clip { min, max } => {
            let (min, max) = (T::of(min.into()), T::of(max.into()));
            x.iter_mut().for_each(|x| {
                *x = if *x < min {
                    min
                } else if *x > max {
                    max
                } else {
                    *x
                }
            });
        }
        Activation::Unary(Unary::Relu) => {
            x.iter_mut().for_each(|x| *x = if *x < zero { zero } else { *x });
        }
        Activation::Unary(Unary::LeakyRelu { alpha }) => {
            let alpha = T::of(alpha.into());
            x.iter_mut().for_each(|x| *x = if *x < zero { alpha * *x } else { *x });
        }
        Activation::Unary(Unary::Sigmoid) => each(x, &sigmoid),
        Activation::Unary(Unary::Tanh) => each(x, &|x| T::of(x.wide().tanh())),
        Activation::Unary(Unary::Swish { alpha }) => each(x, &|x| x * sigmoid(T::of(alpha.into()) * x)),
        Activation::Unary(Unary::HardSigmoid { alpha, beta }) => {
            let (alpha, beta) = (T::of(alpha.into()), T::of(beta.into()));
            each(x, &|x| clamp(alpha * x + beta, zero, one));
        }
        Activation::Unary(Unary::HardSwish) => {
            each(x, &|x| x * clamp(x / T::of(6.0) + T::of(0.5), zero, one));
        }
        Activation::Unary(other) => {
            return Err(OpError::unsupported(format!("the activation {}", other.name())));
        }
    }
    Ok(())
}

fn clamp<T: Real>(x: T, min: T, max: T) -> T {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}
