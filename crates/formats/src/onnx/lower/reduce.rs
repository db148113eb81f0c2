//! Lowering of the reduce family.

use dunlin_ir::op::Reduce;
use dunlin_ir::op::reduce::{Arg, Cumulative, CumulativeKind, Extreme, Fold, FoldKind};

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("ArgMax", 1..=28, |node| arg(node, Extreme::Max)),
    Row::main("ArgMin", 1..=28, |node| arg(node, Extreme::Min)),
    Row::main("CumProd", 26..=28, |node| cumulative(node, CumulativeKind::Prod)),
    Row::main("CumSum", 11..=28, |node| cumulative(node, CumulativeKind::Sum)),
    Row::main("ReduceL1", 1..=28, |node| fold(node, FoldKind::L1)),
    Row::main("ReduceL2", 1..=28, |node| fold(node, FoldKind::L2)),
    Row::main("ReduceLogSum", 1..=28, |node| fold(node, FoldKind::LogSum)),
    Row::main("ReduceLogSumExp", 1..=28, |node| fold(node, FoldKind::LogSumExp)),
    Row::main("ReduceMax", 1..=28, |node| fold(node, FoldKind::Max)),
    Row::main("ReduceMean", 1..=28, |node| fold(node, FoldKind::Mean)),
    Row::main("ReduceMin", 1..=28, |node| fold(node, FoldKind::Min)),
    Row::main("ReduceProd", 1..=28, |node| fold(node, FoldKind::Prod)),
    Row::main("ReduceSum", 1..=28, |node| fold(node, FoldKind::Sum)),
    Row::main("ReduceSumSquare", 1..=28, |node| fold(node, FoldKind::SumSquare)),
];

/// Axes were an attribute up to opset 17 (12 for sums) and are an input since.
fn fold(node: &mut NodeContext<'_, '_>, kind: FoldKind) -> Result<Lowered, LowerError> {
    if let Some(axes) = node.ints("axes")?
        && node.input(1).is_none()
    {
        let axes = node.constant_ints(axes)?;
        node.set_input(1, Some(axes));
    }
    let keep_dims = node.flag("keepdims", true)?;
    let noop_with_empty_axes = node.flag("noop_with_empty_axes", false)?;
    Ok(Reduce::Fold(Fold { kind, keep_dims, noop_with_empty_axes }).into())
}

fn arg(node: &mut NodeContext<'_, '_>, extreme: Extreme) -> Result<Lowered, LowerError> {
    let arg = Arg {
        extreme,
        axis: node.int_or("axis", 0)?,
        keep_dims: node.flag("keepdims", true)?,
        select_last: node.flag("select_last_index", false)?,
    };
    Ok(Reduce::Arg(arg).into())
}

fn cumulative(node: &mut NodeContext<'_, '_>, kind: CumulativeKind) -> Result<Lowered, LowerError> {
    let (exclusive, reverse) = (node.flag("exclusive", false)?, node.flag("reverse", false)?);
    Ok(Reduce::Cumulative(Cumulative { kind, exclusive, reverse }).into())
}
