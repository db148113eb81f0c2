//! Execution of the elementwise family. [`broadcast`] finds the runs, [`zip`] loops over pairs, [`number`] has the
//! arithmetic; the other files hold the operators.

use dunlin_ir::DType;
use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Cast, Unary};

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs, one};

mod binary;
pub(crate) mod broadcast;
pub(crate) mod cast;
mod erf;
pub(crate) mod number;
mod pow;
mod select;
mod text;
mod unary;
mod vector;
pub(crate) mod zip;

/// Computes one step.
pub(crate) fn run(op: &Elementwise, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Elementwise::Unary(Unary::Identity) => inputs.take_value(0).map(one),
        Elementwise::Unary(op) => unary::run(*op, inputs, ctx).map(one),
        Elementwise::Binary(op) => binary::run(*op, inputs, ctx).map(one),
        Elementwise::Compare(op) => binary::compare(*op, inputs, ctx).map(one),
        Elementwise::Variadic(op) => binary::variadic(*op, inputs, ctx).map(one),
        Elementwise::Clip => select::clip(inputs, ctx).map(one),
        Elementwise::Where => select::choose(inputs, ctx).map(one),
        Elementwise::Cast(cast) => cast::run(inputs.take(0)?, *cast, ctx).map(one),
        Elementwise::CastLike(like) => {
            let to = inputs.tensor(1)?.dtype();
            let cast = Cast { to, saturate: like.saturate, rounding: like.rounding };
            cast::run(inputs.take(0)?, cast, ctx).map(one)
        }
        Elementwise::BitCast(to) => bit_cast(*to, inputs).map(one),
        Elementwise::IsInf(op) => select::is_inf(*op, inputs, ctx).map(one),
        Elementwise::IsNan => select::is_nan(inputs, ctx).map(one),
        Elementwise::AlignAxis(axis) => align_axis(*axis, inputs).map(one),
    })
}

fn bit_cast(to: DType, inputs: &mut Inputs<'_>) -> Result<dunlin_ir::Tensor, OpError> {
    Ok(inputs.take(0)?.bit_cast(to)?.to_aligned()?)
}

/// Input 1 with dimensions of 1 at its end, so that its first one stands at `axis` of input 0.
fn align_axis(axis: i64, inputs: &mut Inputs<'_>) -> Result<dunlin_ir::Tensor, OpError> {
    let rank = inputs.tensor(0)?.rank();
    let small = inputs.take(1)?;
    let at = inputs.tensor(0)?.shape().axis(axis).unwrap_or(rank);
    if at + small.rank() >= rank {
        return Ok(small);
    }
    let mut shape = small.shape().clone();
    (at + small.rank()..rank).for_each(|_| shape.push(1));
    Ok(small.reshaped(shape)?)
}
