//! The functions that producers of a tensor can apply to their result before they write it.

use super::elementwise::{Approximate, Unary};

/// A function applied to each element of a result as it is written: a fused elementwise operator.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Activation {
    /// A function of one tensor.
    Unary(Unary),
    /// Limits to `[min, max]`.
    Clip {
        /// Lower bound.
        min: f32,
        /// Upper bound.
        max: f32,
    },
}

impl Activation {
    /// The activation that fused operators of other dialects call `name`, with up to two parameters.
    ///
    /// `None` for a name that is not known.
    pub fn from_name(name: &str, params: &[f32]) -> Option<Activation> {
        let param = |i: usize, default: f32| params.get(i).copied().unwrap_or(default);
        Some(Activation::Unary(match name {
            "Clip" => return Some(Activation::Clip { min: param(0, f32::MIN), max: param(1, f32::MAX) }),
            "Relu" => Unary::Relu,
            "Tanh" => Unary::Tanh,
            "Sigmoid" => Unary::Sigmoid,
            "LeakyRelu" => Unary::LeakyRelu { alpha: param(0, 0.01) },
            "HardSigmoid" => Unary::HardSigmoid { alpha: param(0, 0.2), beta: param(1, 0.5) },
            "HardSwish" => Unary::HardSwish,
            "Elu" => Unary::Elu { alpha: param(0, 1.0) },
            "Selu" => Unary::Selu { alpha: param(0, 1.673_263_2), gamma: param(1, 1.050_701) },
            "ThresholdedRelu" => Unary::ThresholdedRelu { alpha: param(0, 1.0) },
            "Softplus" => Unary::Softplus,
            "Softsign" => Unary::Softsign,
            "Gelu" => Unary::Gelu { approximate: Approximate::None },
            "QuickGelu" | "Swish" => Unary::Swish { alpha: param(0, 1.0) },
            _ => return None,
        }))
    }

    /// The function's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Unary(unary) => unary.name(),
            Activation::Clip { .. } => "Clip",
        }
    }
}
