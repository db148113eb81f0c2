//! The `cpu` backend: every operator on plain slices. One file per family; this one only sends each its way.

use dunlin_ir::op::Index;
use dunlin_ir::{Op, Tensor, Type};

use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs};

mod activation;
mod arms;
mod cells;
mod chunk;
pub mod dispatch;
mod number;
mod real;

mod attention;
mod control;
mod convolution;
mod elementwise;
pub(crate) mod image;
mod index;
mod linear;
mod ml;
mod movement;
mod normalize;
mod part;
mod quantize;
mod random;
mod recurrent;
mod reduce;
mod sequence;
mod signal;
mod text;
mod training;

/// Computes one step.
pub(crate) fn run_step(op: &Op, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match op {
        Op::Attention(op) => attention::run(op, inputs, ctx),
        Op::Control(op) => control::run(op, inputs, ctx),
        Op::Convolution(op) => convolution::run(op, inputs, ctx),
        Op::Elementwise(op) => elementwise::run(op, inputs, ctx),
        Op::Image(op) => image::run(op, inputs, ctx),
        Op::Index(op) => index::run(op, inputs, ctx),
        Op::Linear(op) => linear::run(op, inputs, ctx),
        Op::Ml(op) => ml::run(op, inputs, ctx),
        Op::Movement(op) => movement::run(op, inputs, ctx),
        Op::Normalize(op) => normalize::run(op, inputs, ctx),
        Op::Quantize(op) => quantize::run(op, inputs, ctx),
        Op::Random(op) => random::run(op, inputs, ctx),
        Op::Recurrent(op) => recurrent::run(op, inputs, ctx),
        Op::Reduce(op) => reduce::run(op, inputs, ctx),
        Op::Sequence(op) => sequence::run(op, inputs, ctx),
        Op::Signal(op) => signal::run(op, inputs, ctx),
        Op::Text(op) => text::run(op, inputs, ctx),
        Op::Training(op) => training::run(op, inputs, ctx),
    }
}

/// Packs a step's constant inputs (`None` where an input is no constant) for its kernel, where that helps; `types` are what is
/// known of the inputs, and `is_present` tells those that are no constants from those left out. Constants may be
/// unaligned.
pub(crate) fn pack(
    op: &Op,
    constants: &[Option<&Tensor>],
    types: &[Option<&Type>],
    is_present: &dyn Fn(usize) -> bool,
) -> Result<Option<std::sync::Arc<dyn Packed>>, OpError> {
    match op {
        Op::Convolution(op) => convolution::pack(op, constants, types),
        Op::Linear(op) if const { dunlin_ir::built::has_family("Linear") } => linear::pack(op, constants),
        Op::Ml(op) => ml::pack(op),
        Op::Recurrent(op) if const { dunlin_ir::built::has_family("Recurrent") } => {
            recurrent::pack(op, constants)
        }
        Op::Quantize(op) if const { dunlin_ir::built::has_family("Quantize") } => {
            quantize::pack(op, constants, is_present)
        }
        Op::Text(op) => text::pack(op),
        _ => Ok(None),
    }
}

/// Whether a step only copies bytes of input `i`, so that a constant there may be unaligned: a table of embeddings stays
/// in the file, and only the rows that are looked up come into memory.
pub(crate) fn reads_bytes(op: &Op, i: usize) -> bool {
    i == 0 && matches!(op, Op::Index(Index::Gather(_)))
}
