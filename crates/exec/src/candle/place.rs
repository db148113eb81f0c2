//! Which nodes run on candle, and which of their inputs stay on the host.

use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::attention::ScaledAttention;
use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::image::{Interpolation, Transformation};
use dunlin_ir::op::movement::BlockOrder;
use dunlin_ir::op::{Attention, Convolution, Elementwise, Image, Index, Linear, Movement, Normalize, Reduce};
use dunlin_ir::{DType, Op};

use super::einsum;
use super::elementwise::has_unary;
use crate::device::{Facts, HostInputs};

type Placed = Result<HostInputs, String>;

pub(super) fn place(op: &Op, facts: &Facts<'_>) -> Placed {
    match op {
        Op::Elementwise(op) => elementwise(op, facts),
        Op::Linear(op) => linear(op, facts),
        Op::Convolution(op) => convolution(op, facts),
        Op::Normalize(op) => normalize(op, facts),
        Op::Reduce(Reduce::Arg(_)) => refuse("its result is integers, which candle does not get"),
        Op::Reduce(Reduce::Fold(_)) => floats(facts, HostInputs::from(1)),
        Op::Reduce(Reduce::Cumulative(_)) => floats(facts, HostInputs::from(1)),
        Op::Attention(Attention::Scaled(op)) => attention(op, facts),
        Op::Attention(Attention::Plain(_)) => plain_attention(facts),
        Op::Attention(Attention::PlainRotary) => floats(facts, HostInputs::from(3)),
        Op::Movement(op) => movement(op, facts),
        Op::Index(Index::Gather(_)) => movable(facts, HostInputs::from(1)),
        Op::Image(Image::Resize(op)) => match (op.mode, op.transformation) {
            (
                Interpolation::Nearest(_) | Interpolation::Linear | Interpolation::Cubic { .. },
                transformation,
            ) if transformation != Transformation::TfCropAndResize => floats(facts, HostInputs::from(1)),
            _ => refuse("regions of images are cut on the CPU"),
        },
        _ => refuse("the operator is not among those that run on candle"),
    }
}

fn refuse<T>(reason: &str) -> Result<T, String> {
    Err(reason.to_owned())
}

/// All inputs that go to the device are float32.
fn floats(facts: &Facts<'_>, host: HostInputs) -> Placed {
    on_device(facts, host, |dtype| dtype == DType::F32)
}

/// All inputs that go to the device are of a type that can at least be moved there.
fn movable(facts: &Facts<'_>, host: HostInputs) -> Placed {
    on_device(facts, host, |dtype| matches!(dtype, DType::F32 | DType::F16 | DType::BF16 | DType::Bool))
}

fn on_device(facts: &Facts<'_>, host: HostInputs, fits: impl Fn(DType) -> bool) -> Placed {
    for i in (0..facts.len()).filter(|&i| facts.has(i) && !host.contains(i)) {
        match facts.dtype(i) {
            None => return refuse("an element type is not known before the run"),
            Some(dtype) if !fits(dtype) => return Err(format!("{dtype} is computed on the CPU")),
            Some(_) => {}
        }
    }
    Ok(host)
}

fn elementwise(op: &Elementwise, facts: &Facts<'_>) -> Placed {
    let all = HostInputs::default();
    let truths = |facts| on_device(facts, all, |dtype| dtype == DType::Bool);
    match op {
        Elementwise::Unary(Unary::Identity) => movable(facts, all),
        Elementwise::Unary(Unary::Not) => truths(facts),
        Elementwise::Unary(op) if !has_unary(*op) => refuse("candle has no such function"),
        Elementwise::Binary(Binary::And | Binary::Or | Binary::Xor) => truths(facts),
        Elementwise::Binary(Binary::Pow) => match facts.value(1) {
            Some(exponent) if exponent.dtype() == DType::F32 && exponent.len() == 1 => {
                floats(facts, HostInputs::from(1))
            }
            _ => refuse("candle has powers of constant float32 exponents alone"),
        },
        Elementwise::Binary(Binary::Mod | Binary::Fmod) => refuse("candle has no remainders"),
        Elementwise::Unary(_)
        | Elementwise::Binary(_)
        | Elementwise::Compare(_)
        | Elementwise::Variadic(_)
        | Elementwise::Clip
        | Elementwise::IsNan => floats(facts, all),
        Elementwise::Where => match facts.dtype(1) {
            Some(DType::F32) => movable(facts, all),
            _ => refuse("only float32 is chosen from on candle"),
        },
        Elementwise::Cast(op) => match op.to {
            DType::F32 | DType::F16 | DType::BF16 | DType::Bool => movable(facts, all),
            to => Err(format!("candle gets no {to} tensors")),
        },
        _ => refuse("the operator is not among those that run on candle"),
    }
}

/// Whether candle has the function that was fused into a node.
fn activation(activation: Option<Activation>) -> Result<(), String> {
    match activation {
        Some(Activation::Unary(op)) if !has_unary(op) => refuse("candle has no such activation"),
        _ => Ok(()),
    }
}

fn linear(op: &Linear, facts: &Facts<'_>) -> Placed {
    match op {
        Linear::Gemm(op) => activation(op.activation)?,
        Linear::Dense(op) => activation(op.activation)?,
        Linear::MatMul | Linear::FusedMatMul(_) => {}
        Linear::Einsum(equation) if einsum::has(equation) => {}
        Linear::Einsum(_) | Linear::Det | Linear::Inverse => {
            return refuse("the operator is not among those that run on candle");
        }
    }
    floats(facts, HostInputs::default())
}

fn convolution(op: &Convolution, facts: &Facts<'_>) -> Placed {
    match op {
        Convolution::Conv(op) => activation(op.activation)?,
        Convolution::ConvTranspose(op) => {
            activation(op.activation)?;
            if facts.dims(0).is_some_and(|dims| dims.len() > 4) {
                return refuse("candle has no transposed convolution over volumes");
            }
        }
        Convolution::MaxPool(_) if facts.n_outputs() > 1 => {
            return refuse("candle does not say where maxima are");
        }
        Convolution::MaxPool(_)
        | Convolution::AveragePool(_)
        | Convolution::LpPool(_)
        | Convolution::GlobalPool(_) => {}
        _ => return refuse("the operator is not among those that run on candle"),
    }
    floats(facts, HostInputs::default())
}

fn normalize(op: &Normalize, facts: &Facts<'_>) -> Placed {
    match op {
        Normalize::Batch(op) if op.training || op.per_place => {
            return refuse("statistics of the batch are computed on the CPU");
        }
        Normalize::Dropout(_) => return refuse("random numbers are drawn on the CPU"),
        _ => {}
    }
    floats(facts, HostInputs::default())
}

fn movement(op: &Movement, facts: &Facts<'_>) -> Placed {
    match op {
        Movement::Transpose(_) | Movement::Concat(_) | Movement::DepthToSpace(_) | Movement::Flatten(_) => {
            movable(facts, HostInputs::default())
        }
        Movement::SpaceToDepth(op) if op.order == BlockOrder::BlockFirst => {
            movable(facts, HostInputs::default())
        }
        Movement::Pad(_) => floats(facts, HostInputs::from(1)),
        Movement::Reshape(_)
        | Movement::Squeeze
        | Movement::Unsqueeze
        | Movement::Expand
        | Movement::Slice
        | Movement::Split(_)
        | Movement::Tile => movable(facts, HostInputs::from(1)),
        _ => refuse("the operator is not among those that run on candle"),
    }
}

fn attention(op: &ScaledAttention, facts: &Facts<'_>) -> Placed {
    if facts.has(6) || op.ends_at_length {
        return refuse("sequences of differing lengths are attended to on the CPU");
    }
    if [0, 1, 2, 4, 5].into_iter().any(|i| facts.has(i) && facts.dtype(i) != Some(DType::F32)) {
        return refuse("attention is in float32 alone on candle");
    }
    on_device(facts, HostInputs::default(), |dtype| matches!(dtype, DType::F32 | DType::Bool))
}

fn plain_attention(facts: &Facts<'_>) -> Placed {
    if (0..3).any(|i| facts.dtype(i) != Some(DType::F32)) {
        return refuse("attention is in float32 alone on candle");
    }
    on_device(facts, HostInputs::default(), |dtype| matches!(dtype, DType::F32 | DType::Bool))
}
