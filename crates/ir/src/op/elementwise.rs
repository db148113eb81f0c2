//! Operators that compute each output element from the input elements at its place.

use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Dims};

pub use crate::small_float::Rounding;

/// Operators of one output element per input element, with numpy's broadcasting.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Elementwise {
    /// A function of one tensor, with the same element type.
    Unary(Unary),
    /// A function of two tensors of the same element type, which is also the result's.
    Binary(Binary),
    /// A comparison of two tensors; the result is bool.
    Compare(Compare),
    /// A function of any number of tensors.
    Variadic(Variadic),
    /// Limits to `[min, max]`: inputs 1 and 2, each optional.
    Clip,
    /// Chooses from inputs 1 and 2 by the truth of input 0.
    Where,
    /// Converts the element type.
    Cast(Cast),
    /// Converts to the element type of input 1.
    CastLike(CastLike),
    /// Reads the bits as another type of the same width.
    BitCast(DType),
    /// Whether an element is infinite.
    IsInf(IsInf),
    /// Whether an element is not a number.
    IsNan,
    /// Input 1 with dimensions of 1 at its end, so that its first one stands at this axis of input 0: what operators
    /// before opset 7 did instead of broadcasting.
    AlignAxis(i64),
}

/// The functions of one tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Unary {
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    BitwiseNot,
    Ceil,
    /// `max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`
    Celu {
        alpha: f32,
    },
    Cos,
    Cosh,
    /// `x` if positive, else `alpha * (exp(x) - 1)`
    Elu {
        alpha: f32,
    },
    Erf,
    Exp,
    Floor,
    /// `x / 2 * (1 + erf(x / sqrt(2)))`, or its approximation through tanh
    Gelu {
        approximate: Approximate,
    },
    /// `max(0, min(1, alpha * x + beta))`
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    /// `x * max(0, min(1, x / 6 + 1 / 2))`
    HardSwish,
    Identity,
    LeakyRelu {
        alpha: f32,
    },
    Log,
    /// `x * tanh(softplus(x))`
    Mish,
    Neg,
    Not,
    Reciprocal,
    Relu,
    /// To the nearest integer, halves to even.
    Round,
    Rsqrt,
    Selu {
        alpha: f32,
        gamma: f32,
    },
    /// `x + bias` below `-lambd`, `x - bias` above `lambd`, else 0
    Shrink {
        bias: f32,
        lambd: f32,
    },
    Sigmoid,
    Sign,
    Sin,
    Sinh,
    Softplus,
    Softsign,
    Sqrt,
    /// `x * sigmoid(alpha * x)`
    Swish {
        alpha: f32,
    },
    Tan,
    Tanh,
    ThresholdedRelu {
        alpha: f32,
    },
}

/// How GELU is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Approximate {
    /// By the error function.
    None,
    /// Through tanh.
    Tanh,
}

/// The functions of two tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Binary {
    Add,
    And,
    BitShiftLeft,
    BitShiftRight,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    Div,
    /// The remainder with the divisor's sign.
    Mod,
    /// The remainder with the dividend's sign, as C's `fmod`.
    Fmod,
    Mul,
    Or,
    /// The exponent may have another element type.
    Pow,
    /// `x` if not negative, else `slope * x`
    PRelu,
    Sub,
    Xor,
}

/// The comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Compare {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// The functions of any number of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Variadic {
    Max,
    Mean,
    Min,
    Sum,
}

/// A conversion of the element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Cast {
    /// The type to convert to.
    pub to: DType,
    /// Whether values beyond a float8 type's range become its largest, not infinity or NaN.
    pub saturate: bool,
    /// How halves round when converting to `float8e8m0`.
    pub rounding: Rounding,
}

/// A conversion to another tensor's element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct CastLike {
    /// As in [`Cast`].
    pub saturate: bool,
    /// As in [`Cast`].
    pub rounding: Rounding,
}

/// Which infinities count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct IsInf {
    /// Whether negative infinity does.
    pub negative: bool,
    /// Whether positive infinity does.
    pub positive: bool,
}

impl Elementwise {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Elementwise::Unary(unary) => unary.name(),
            Elementwise::Binary(binary) => binary.name(),
            Elementwise::Compare(compare) => compare.name(),
            Elementwise::Variadic(variadic) => variadic.name(),
            Elementwise::Clip => "Clip",
            Elementwise::Where => "Where",
            Elementwise::Cast(_) => "Cast",
            Elementwise::CastLike(_) => "CastLike",
            Elementwise::BitCast(_) => "BitCast",
            Elementwise::IsInf(_) => "IsInf",
            Elementwise::IsNan => "IsNaN",
            Elementwise::AlignAxis(_) => "AlignAxis",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same = || facts.dims(0).map(Into::into);
        match self {
            Elementwise::Unary(Unary::Identity) => facts.fact(0).cloned().into_iter().collect(),
            Elementwise::Unary(_) | Elementwise::Clip => infer::one(facts.dtype(0), same()),
            Elementwise::Binary(_) | Elementwise::Variadic(_) => {
                infer::one(facts.dtype(0), broadcast_all(facts))
            }
            Elementwise::Compare(_) => infer::one(Some(DType::Bool), broadcast_all(facts)),
            Elementwise::Where => infer::one(facts.dtype(1).or(facts.dtype(2)), broadcast_all(facts)),
            Elementwise::Cast(cast) => infer::one(Some(cast.to), same()),
            Elementwise::CastLike(_) => infer::one(facts.dtype(1), same()),
            Elementwise::BitCast(to) => infer::one(Some(*to), same()),
            Elementwise::IsInf(_) | Elementwise::IsNan => infer::one(Some(DType::Bool), same()),
            Elementwise::AlignAxis(axis) => infer::one(facts.dtype(1), aligned_dims(*axis, facts)),
        }
    }
}

fn aligned_dims(axis: i64, facts: &Facts<'_>) -> Dims {
    let (rank, small) = (facts.dims(0)?.len(), facts.dims(1)?);
    let at = crate::resolve_axis(axis, rank).unwrap_or(rank);
    let ones = rank.saturating_sub(at + small.len());
    infer::dims(small.iter().cloned().chain(std::iter::repeat_n(Dim::Known(1), ones)))
}

fn broadcast_all(facts: &Facts<'_>) -> Dims {
    let first = facts.dims(0).map(Into::into);
    (1..facts.len()).fold(first, |dims: Dims, i| infer::broadcast_dims(dims.as_deref(), facts.dims(i)))
}

impl Unary {
    /// The operator's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Abs => "Abs",
            Unary::Acos => "Acos",
            Unary::Acosh => "Acosh",
            Unary::Asin => "Asin",
            Unary::Asinh => "Asinh",
            Unary::Atan => "Atan",
            Unary::Atanh => "Atanh",
            Unary::BitwiseNot => "BitwiseNot",
            Unary::Ceil => "Ceil",
            Unary::Celu { .. } => "Celu",
            Unary::Cos => "Cos",
            Unary::Cosh => "Cosh",
            Unary::Elu { .. } => "Elu",
            Unary::Erf => "Erf",
            Unary::Exp => "Exp",
            Unary::Floor => "Floor",
            Unary::Gelu { .. } => "Gelu",
            Unary::HardSigmoid { .. } => "HardSigmoid",
            Unary::HardSwish => "HardSwish",
            Unary::Identity => "Identity",
            Unary::LeakyRelu { .. } => "LeakyRelu",
            Unary::Log => "Log",
            Unary::Mish => "Mish",
            Unary::Neg => "Neg",
            Unary::Not => "Not",
            Unary::Reciprocal => "Reciprocal",
            Unary::Relu => "Relu",
            Unary::Round => "Round",
            Unary::Rsqrt => "Rsqrt",
            Unary::Selu { .. } => "Selu",
            Unary::Shrink { .. } => "Shrink",
            Unary::Sigmoid => "Sigmoid",
            Unary::Sign => "Sign",
            Unary::Sin => "Sin",
            Unary::Sinh => "Sinh",
            Unary::Softplus => "Softplus",
            Unary::Softsign => "Softsign",
            Unary::Sqrt => "Sqrt",
            Unary::Swish { .. } => "Swish",
            Unary::Tan => "Tan",
            Unary::Tanh => "Tanh",
            Unary::ThresholdedRelu { .. } => "ThresholdedRelu",
        }
    }
}

impl Binary {
    /// The operator's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "Add",
            Binary::And => "And",
            Binary::BitShiftLeft | Binary::BitShiftRight => "BitShift",
            Binary::BitwiseAnd => "BitwiseAnd",
            Binary::BitwiseOr => "BitwiseOr",
            Binary::BitwiseXor => "BitwiseXor",
            Binary::Div => "Div",
            Binary::Mod | Binary::Fmod => "Mod",
            Binary::Mul => "Mul",
            Binary::Or => "Or",
            Binary::Pow => "Pow",
            Binary::PRelu => "PRelu",
            Binary::Sub => "Sub",
            Binary::Xor => "Xor",
        }
    }
}

impl Compare {
    /// The operator's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Compare::Equal => "Equal",
            Compare::Greater => "Greater",
            Compare::GreaterOrEqual => "GreaterOrEqual",
            Compare::Less => "Less",
            Compare::LessOrEqual => "LessOrEqual",
        }
    }
}

impl Variadic {
    /// The operator's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Variadic::Max => "Max",
            Variadic::Mean => "Mean",
            Variadic::Min => "Min",
            Variadic::Sum => "Sum",
        }
    }
}

impl From<Unary> for Elementwise {
    fn from(unary: Unary) -> Elementwise {
        Elementwise::Unary(unary)
    }
}

impl From<Binary> for Elementwise {
    fn from(binary: Binary) -> Elementwise {
        Elementwise::Binary(binary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::infer::Fact;

    #[test]
    fn binary_broadcasts_what_is_known() {
        let a = Fact::new(Some(DType::F32), infer::dims([Dim::Symbol("b".into()), Dim::Known(1)]));
        let b = Fact::known(DType::F32, &Shape::new(&[4]));
        let out = Elementwise::Binary(Binary::Add).infer(&Facts::new(&[Some(&a), Some(&b)], 1));
        assert_eq!(out[0].ty.to_string(), "float32[b, 4]");
    }
}
