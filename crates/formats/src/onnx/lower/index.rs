//! Lowering of the index family.

use dunlin_ir::op::Index;
use dunlin_ir::op::index::{
    Axis, GatherNd, NonMaxSuppression, Reduction, ScatterElements, TensorScatter, TopK, Unique,
};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Gather", 1..=28, |node| Ok(Index::Gather(axis(node, 0)?).into())),
    Row::main("GatherElements", 11..=28, |node| Ok(Index::GatherElements(axis(node, 0)?).into())),
    Row::main("GatherND", 11..=28, gather_nd),
    Row::main("NonMaxSuppression", 10..=28, non_max_suppression),
    Row::main("NonZero", 9..=28, |_| Ok(Index::NonZero.into())),
    Row::main("OneHot", 9..=28, |node| Ok(Index::OneHot(axis(node, -1)?).into())),
    // The older name of the same operator.
    Row::main("Scatter", 9..=28, scatter_elements),
    Row::main("ScatterElements", 11..=28, scatter_elements),
    Row::main("ScatterND", 11..=28, |node| Ok(Index::ScatterNd(reduction(node)?).into())),
    Row::main("TensorScatter", 24..=28, tensor_scatter),
    Row::main("TopK", 1..=9, top_k_by_attribute),
    Row::main("TopK", 10..=28, top_k),
    Row::main("Unique", 11..=28, unique),
    Row::of(MICROSOFT, "GatherND", gather_nd),
    Row::of(MICROSOFT, "Unique", unique_in_order),
];

fn axis(node: &NodeContext<'_, '_>, default: i64) -> Result<Axis, LowerError> {
    Ok(Axis { axis: node.int_or("axis", default)? })
}

fn gather_nd(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let given = node.int_or("batch_dims", 0)?;
    let batch_dims = usize::try_from(given);
    let batch_dims = batch_dims.map_err(|_| LowerError::attribute("batch_dims", "at least 0", given))?;
    Ok(Index::GatherNd(GatherNd { batch_dims }).into())
}

fn non_max_suppression(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let center_point_box = node.flag("center_point_box", false)?;
    Ok(Index::NonMaxSuppression(NonMaxSuppression { center_point_box }).into())
}

fn scatter_elements(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let scatter = ScatterElements { axis: node.int_or("axis", 0)?, reduction: reduction(node)? };
    Ok(Index::ScatterElements(scatter).into())
}

fn reduction(node: &NodeContext<'_, '_>) -> Result<Reduction, LowerError> {
    match node.string_or("reduction", "none")?.as_str() {
        "none" => Ok(Reduction::None),
        "add" => Ok(Reduction::Add),
        "mul" => Ok(Reduction::Mul),
        "max" => Ok(Reduction::Max),
        "min" => Ok(Reduction::Min),
        other => Err(LowerError::attribute("reduction", "none, add, mul, max or min", other)),
    }
}

fn tensor_scatter(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let circular = match node.string_or("mode", "linear")?.as_str() {
        "linear" => false,
        "circular" => true,
        other => return Err(LowerError::attribute("mode", "linear or circular", other)),
    };
    Ok(Index::TensorScatter(TensorScatter { axis: node.int_or("axis", -2)?, circular }).into())
}

fn top_k(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let top_k = TopK {
        axis: node.int_or("axis", -1)?,
        largest: node.flag("largest", true)?,
        sorted: node.flag("sorted", true)?,
    };
    Ok(Index::TopK(top_k).into())
}

fn top_k_by_attribute(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let k = node.required_int("k")?;
    let k = node.constant_ints(&[k])?;
    node.set_input(1, Some(k));
    top_k(node)
}

fn unique(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Index::Unique(Unique { axis: node.int("axis")?, sorted: node.flag("sorted", true)? }).into())
}

/// The extension keeps the order of first appearance and has no output of first places.
fn unique_in_order(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.outputs.len() > 1 {
        node.outputs.insert(1, None);
    }
    Ok(Index::Unique(Unique { axis: None, sorted: false }).into())
}
