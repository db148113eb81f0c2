//! Elementwise operators, composed of candle's.

use candle_core::{DType as CandleDType, Tensor};
use dunlin_ir::DType;
use dunlin_ir::op::Elementwise;
use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::elementwise::{Approximate, Binary, Compare, Unary, Variadic};

use super::args::Args;
use super::declined;
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Elementwise, args: &Args<'_>) -> Computed {
    match op {
        Elementwise::Unary(Unary::Not) => Ok(args.tensor(0)?.eq(0u8)?),
        Elementwise::Unary(op) => unary(*op, args.tensor(0)?),
        Elementwise::Binary(Binary::Pow) => power(args.tensor(0)?, args.float(1)?),
        Elementwise::Binary(op) => binary(*op, args.tensor(0)?, args.tensor(1)?),
        Elementwise::Compare(op) => compare(*op, args.tensor(0)?, args.tensor(1)?),
        Elementwise::Variadic(op) => variadic(*op, args),
        Elementwise::Clip => clip(args),
        Elementwise::Where => choose(args.tensor(0)?, args.tensor(1)?, args.tensor(2)?),
        Elementwise::Cast(op) => cast(args.tensor(0)?, op.to),
        Elementwise::IsNan => Ok(args.tensor(0)?.ne(args.tensor(0)?)?),
        _ => declined("no such elementwise operator on candle"),
    }
}

/// Applies what was fused into the operator before it.
pub(super) fn activate(x: Tensor, activation: Option<Activation>) -> Computed {
    match activation {
        None => Ok(x),
        Some(Activation::Unary(op)) => unary(op, &x),
        Some(Activation::Clip { min, max }) => Ok(x.maximum(min)?.minimum(max)?),
    }
}

/// Whether [`unary`] has the function.
pub(super) fn has_unary(op: Unary) -> bool {
    !matches!(op, Unary::Acos | Unary::Asin | Unary::Atan | Unary::BitwiseNot)
}

pub(super) fn unary(op: Unary, x: &Tensor) -> Computed {
    Ok(match op {
        Unary::Identity => x.clone(),
        Unary::Abs => x.abs()?,
        Unary::Ceil => x.ceil()?,
        Unary::Cos => x.cos()?,
        Unary::Erf => x.erf()?,
        Unary::Exp => x.exp()?,
        Unary::Floor => x.floor()?,
        Unary::Gelu { approximate: Approximate::None } => x.gelu_erf()?,
        Unary::Gelu { approximate: Approximate::Tanh } => x.gelu()?,
        Unary::Log => x.log()?,
        Unary::Neg => x.neg()?,
        Unary::Reciprocal => x.recip()?,
        Unary::Relu => x.relu()?,
        Unary::Rsqrt => x.sqrt()?.recip()?,
        Unary::Sign => x.sign()?,
        Unary::Sin => x.sin()?,
        Unary::Sqrt => x.sqrt()?,
        Unary::Tan => x.sin()?.div(&x.cos()?)?,
        Unary::Tanh => x.tanh()?,
        Unary::Round => round(x)?,
        Unary::Sigmoid => sigmoid(x)?,
        Unary::Swish { alpha } => x.mul(&sigmoid(&x.affine(alpha.into(), 0.0)?)?)?,
        Unary::HardSigmoid { alpha, beta } => hard_sigmoid(x, alpha, beta)?,
        Unary::HardSwish => x.mul(&hard_sigmoid(x, 1.0 / 6.0, 0.5)?)?,
        Unary::Softplus => softplus(x)?,
        Unary::Softsign => x.div(&x.abs()?.affine(1.0, 1.0)?)?,
        Unary::Mish => x.mul(&softplus(x)?.tanh()?)?,
        Unary::Elu { alpha } => positive_or(x, &exp_m1(x)?.affine(alpha.into(), 0.0)?)?,
        Unary::Celu { alpha } => {
            let scaled = exp_m1(&x.affine(1.0 / f64::from(alpha), 0.0)?)?;
            positive_or(x, &scaled.affine(alpha.into(), 0.0)?)?
        }
        Unary::Selu { alpha, gamma } => {
            let below = exp_m1(x)?.affine(alpha.into(), 0.0)?;
            positive_or(x, &below)?.affine(gamma.into(), 0.0)?
        }
        Unary::LeakyRelu { alpha } => positive_or(x, &x.affine(alpha.into(), 0.0)?)?,
        Unary::ThresholdedRelu { alpha } => x.gt(alpha)?.where_cond(x, &x.zeros_like()?)?,
        Unary::Shrink { bias, lambd } => {
            let above = x.gt(lambd)?.where_cond(&x.affine(1.0, -f64::from(bias))?, &x.zeros_like()?)?;
            x.lt(-lambd)?.where_cond(&x.affine(1.0, bias.into())?, &above)?
        }
        Unary::Sinh => near_zero(x, &sinh(x)?, &[1.0 / 6.0, 1.0 / 120.0])?,
        Unary::Cosh => x.exp()?.add(&x.neg()?.exp()?)?.affine(0.5, 0.0)?,
        Unary::Acosh => x.add(&x.sqr()?.affine(1.0, -1.0)?.sqrt()?)?.log()?,
        Unary::Asinh => {
            let size = x.abs()?;
            let far = size.add(&x.sqr()?.affine(1.0, 1.0)?.sqrt()?)?.log()?.mul(&x.sign()?)?;
            near_zero(x, &far, &[-1.0 / 6.0, 3.0 / 40.0])?
        }
        Unary::Atanh => {
            let ratio = x.affine(1.0, 1.0)?.div(&x.affine(-1.0, 1.0)?)?;
            near_zero(x, &ratio.log()?.affine(0.5, 0.0)?, &[1.0 / 3.0, 1.0 / 5.0])?
        }
        Unary::Acos | Unary::Asin | Unary::Atan | Unary::BitwiseNot | Unary::Not => {
            return declined("candle has no such function");
        }
    })
}

fn sigmoid(x: &Tensor) -> Computed {
    Ok(x.neg()?.exp()?.affine(1.0, 1.0)?.recip()?)
}

fn hard_sigmoid(x: &Tensor, alpha: f32, beta: f32) -> Computed {
    Ok(x.affine(alpha.into(), beta.into())?.maximum(0f32)?.minimum(1f32)?)
}

/// `max(x, 0) + log(1 + exp(-|x|))`, which does not overflow.
fn softplus(x: &Tensor) -> Computed {
    Ok(x.relu()?.add(&x.abs()?.neg()?.exp()?.affine(1.0, 1.0)?.log()?)?)
}

fn exp_m1(x: &Tensor) -> Computed {
    Ok(x.exp()?.affine(1.0, -1.0)?)
}

/// `x` where it is not negative, else another value.
fn positive_or(x: &Tensor, below: &Tensor) -> Computed {
    Ok(x.ge(0f32)?.where_cond(x, below)?)
}

fn sinh(x: &Tensor) -> Computed {
    Ok(x.exp()?.sub(&x.neg()?.exp()?)?.affine(0.5, 0.0)?)
}

/// `x + c0 x^3 + c1 x^5` near zero, where the formula for the rest loses digits.
fn near_zero(x: &Tensor, far: &Tensor, series: &[f64; 2]) -> Computed {
    let square = x.sqr()?;
    let near = square.affine(series[1], series[0])?.mul(&square)?.affine(1.0, 1.0)?.mul(x)?;
    Ok(x.abs()?.lt(0.05f32)?.where_cond(&near, far)?)
}

/// To the nearest integer, halves to even: candle rounds them away from zero.
fn round(x: &Tensor) -> Computed {
    let below = x.floor()?;
    let fraction = x.sub(&below)?;
    let is_odd = below.sub(&below.affine(0.5, 0.0)?.floor()?.affine(2.0, 0.0)?)?;
    let above = below.affine(1.0, 1.0)?;
    let at_half = below.add(&is_odd)?;
    let rounded = fraction.gt(0.5f32)?.where_cond(&above, &below)?;
    Ok(fraction.eq(0.5f32)?.where_cond(&at_half, &rounded)?)
}

pub(super) fn power(x: &Tensor, exponent: f32) -> Computed {
    Ok(match exponent {
        2.0 => x.sqr()?,
        0.5 => x.sqrt()?,
        -1.0 => x.recip()?,
        _ => x.powf(exponent.into())?,
    })
}

fn binary(op: Binary, a: &Tensor, b: &Tensor) -> Computed {
    Ok(match op {
        Binary::Add => a.broadcast_add(b)?,
        Binary::Sub => a.broadcast_sub(b)?,
        Binary::Mul | Binary::And => a.broadcast_mul(b)?,
        Binary::Div => a.broadcast_div(b)?,
        Binary::Or => a.broadcast_maximum(b)?,
        Binary::Xor => a.broadcast_ne(b)?,
        Binary::PRelu => positive_or(a, &a.broadcast_mul(b)?)?,
        _ => return declined("candle has no such function"),
    })
}

fn compare(op: Compare, a: &Tensor, b: &Tensor) -> Computed {
    Ok(match op {
        Compare::Equal => a.broadcast_eq(b)?,
        Compare::Greater => a.broadcast_gt(b)?,
        Compare::GreaterOrEqual => a.broadcast_ge(b)?,
        Compare::Less => a.broadcast_lt(b)?,
        Compare::LessOrEqual => a.broadcast_le(b)?,
    })
}

fn variadic(op: Variadic, args: &Args<'_>) -> Computed {
    let tensors = args.tensors()?;
    let Some((&first, rest)) = tensors.split_first() else { return declined("no inputs") };
    let mut folded = first.clone();
    for &x in rest {
        folded = match op {
            Variadic::Max => folded.broadcast_maximum(x)?,
            Variadic::Min => folded.broadcast_minimum(x)?,
            Variadic::Mean | Variadic::Sum => folded.broadcast_add(x)?,
        };
    }
    match op {
        Variadic::Mean => Ok(folded.affine(1.0 / tensors.len() as f64, 0.0)?),
        _ => Ok(folded),
    }
}

fn clip(args: &Args<'_>) -> Computed {
    let mut x = args.tensor(0)?.clone();
    if let Some(min) = args.optional(1)? {
        x = x.broadcast_maximum(&min.reshape(())?)?;
    }
    if let Some(max) = args.optional(2)? {
        x = x.broadcast_minimum(&max.reshape(())?)?;
    }
    Ok(x)
}

fn choose(condition: &Tensor, yes: &Tensor, no: &Tensor) -> Computed {
    let shape = yes.shape().broadcast_shape_binary_op(no.shape(), "where")?;
    let shape = shape.broadcast_shape_binary_op(condition.shape(), "where")?;
    let wide = |x: &Tensor| x.broadcast_as(&shape);
    Ok(wide(condition)?.where_cond(&wide(yes)?, &wide(no)?)?)
}

fn cast(x: &Tensor, to: DType) -> Computed {
    Ok(match to {
        DType::F32 => x.to_dtype(CandleDType::F32)?,
        DType::F16 => x.to_dtype(CandleDType::F16)?,
        DType::BF16 => x.to_dtype(CandleDType::BF16)?,
        DType::Bool => x.ne(&x.zeros_like()?)?,
        other => return declined(format!("a conversion to {other}")),
    })
}
