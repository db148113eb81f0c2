//! Lowering of the sequence family.

use dunlin_ir::DType;
use dunlin_ir::op::Sequence;
use dunlin_ir::op::sequence::{ConcatFromSequence, SplitToSequence};

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("SequenceConstruct", 11..=28, |_| Ok(Sequence::SequenceConstruct.into())),
    Row::main("SequenceEmpty", 11..=28, sequence_empty),
    Row::main("SequenceInsert", 11..=28, |_| Ok(Sequence::SequenceInsert.into())),
    Row::main("SequenceErase", 11..=28, |_| Ok(Sequence::SequenceErase.into())),
    Row::main("SequenceAt", 11..=28, |_| Ok(Sequence::SequenceAt.into())),
    Row::main("SequenceLength", 11..=28, |_| Ok(Sequence::SequenceLength.into())),
    Row::main("SplitToSequence", 11..=28, split_to_sequence),
    Row::main("ConcatFromSequence", 11..=28, concat_from_sequence),
    Row::main("Optional", 15..=28, optional),
    Row::main("OptionalGetElement", 15..=28, |_| Ok(Sequence::OptionalGetElement.into())),
    Row::main("OptionalHasElement", 15..=28, |_| Ok(Sequence::OptionalHasElement.into())),
];

fn sequence_empty(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Sequence::SequenceEmpty(node.dtype("dtype")?.unwrap_or(DType::F32)).into())
}

fn split_to_sequence(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let split = SplitToSequence { axis: node.int_or("axis", 0)?, keep_dims: node.flag("keepdims", true)? };
    Ok(Sequence::SplitToSequence(split).into())
}

fn concat_from_sequence(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let concat =
        ConcatFromSequence { axis: node.required_int("axis")?, new_axis: node.flag("new_axis", false)? };
    Ok(Sequence::ConcatFromSequence(concat).into())
}

fn optional(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let ty = node.type_attribute("type")?;
    if ty.is_none() {
        node.required(0)?;
    }
    Ok(Sequence::Optional(ty).into())
}
