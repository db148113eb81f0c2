//! Lowering of the normalize family.

use dunlin_ir::DType;
use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::op::normalize::{
    Batch, Dropout, Group, Instance, Layer, Lp, Lrn, MeanVariance, Norm, Softmax, SoftmaxKind,
};
use dunlin_ir::op::{Elementwise, Normalize};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("BatchNormalization", 1..=28, batch),
    Row::main("Dropout", 1..=28, dropout),
    Row::main("GroupNormalization", 18..=28, group),
    Row::main("Hardmax", 1..=28, |node| softmax(node, SoftmaxKind::Hardmax)),
    Row::main("InstanceNormalization", 1..=28, instance),
    Row::main("LRN", 1..=28, lrn),
    Row::main("LayerNormalization", 1..=28, |node| Ok(Normalize::Layer(layer(node)?).into())),
    Row::main("LogSoftmax", 1..=28, |node| softmax(node, SoftmaxKind::LogSoftmax)),
    Row::main("LpNormalization", 1..=28, lp),
    Row::main("MeanVarianceNormalization", 9..=28, mean_variance),
    Row::main("RMSNormalization", 23..=28, |node| Ok(Normalize::Rms(layer(node)?).into())),
    Row::main("SimplifiedLayerNormalization", 1..=28, |node| Ok(Normalize::Rms(layer(node)?).into())),
    Row::main("Softmax", 1..=28, |node| softmax(node, SoftmaxKind::Softmax)),
    Row::of(MICROSOFT, "LayerNormalization", |node| Ok(Normalize::Layer(layer(node)?).into())),
    Row::of(MICROSOFT, "SimplifiedLayerNormalization", |node| Ok(Normalize::Rms(layer(node)?).into())),
];

/// Up to opset 13, what a node trains or not was said by how many outputs it has.
fn batch(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let is_wanted = |i: usize| node.outputs.get(i).is_some_and(Option::is_some);
    let training = match node.opset {
        ..14 => (1..5).any(is_wanted),
        14.. => node.flag("training_mode", false)?,
    };
    let batch = Batch {
        epsilon: node.float_or("epsilon", 1e-5)?,
        momentum: node.float_or("momentum", 0.9)?,
        training,
        per_place: !node.flag("spatial", true)?,
    };
    Ok(Normalize::Batch(batch).into())
}

/// From opset 12 on, ratio and mode are inputs; before, dropout did nothing in inference, and only that is known here.
fn dropout(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let wants_mask = node.outputs.get(1).is_some_and(Option::is_some);
    if node.opset < 12 {
        node.inputs.truncate(1);
    }
    if node.input(2).is_none() && !wants_mask {
        node.inputs.truncate(1);
        node.outputs.truncate(1);
        return Ok(Elementwise::Unary(Unary::Identity).into());
    }
    let dropout = Dropout { seed: node.int("seed")?, numeric_mask: node.opset < 10 };
    Ok(Normalize::Dropout(dropout).into())
}

fn group(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_groups = node.required_int("num_groups")?;
    let n_groups = usize::try_from(n_groups)
        .ok()
        .filter(|&n| n > 0)
        .ok_or_else(|| LowerError::attribute("num_groups", "a positive number", n_groups))?;
    let epsilon = node.float_or("epsilon", 1e-5)?;
    Ok(Normalize::Group(Group { epsilon, n_groups, affine_per_group: node.opset < 21 }).into())
}

fn instance(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Normalize::Instance(Instance { epsilon: node.float_or("epsilon", 1e-5)? }).into())
}

fn layer(node: &NodeContext<'_, '_>) -> Result<Layer, LowerError> {
    Ok(Layer {
        axis: node.int_or("axis", -1)?,
        epsilon: node.float_or("epsilon", 1e-5)?,
        statistics: node.dtype("stash_type")?.unwrap_or(DType::F32),
    })
}

fn lp(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let norm = match node.int_or("p", 2)? {
        1 => Norm::L1,
        2 => Norm::L2,
        other => return Err(LowerError::attribute("p", "1 or 2", other)),
    };
    Ok(Normalize::Lp(Lp { axis: node.int_or("axis", -1)?, norm }).into())
}

fn lrn(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let size = node.required_int("size")?;
    let size = usize::try_from(size)
        .ok()
        .filter(|&n| n > 0)
        .ok_or_else(|| LowerError::attribute("size", "a positive number", size))?;
    let lrn = Lrn {
        alpha: node.float_or("alpha", 1e-4)?,
        beta: node.float_or("beta", 0.75)?,
        bias: node.float_or("bias", 1.0)?,
        size,
    };
    Ok(Normalize::Lrn(lrn).into())
}

fn mean_variance(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let axes = node.ints("axes")?.unwrap_or(&[0, 2, 3]).to_vec();
    Ok(Normalize::MeanVariance(MeanVariance { axes }).into())
}

/// Before opset 13, all axes from the given one on were taken as one, and the default was 1.
fn softmax(node: &mut NodeContext<'_, '_>, kind: SoftmaxKind) -> Result<Lowered, LowerError> {
    let flatten = node.opset < 13;
    let axis = node.int_or("axis", if flatten { 1 } else { -1 })?;
    Ok(Normalize::Softmax(Softmax { kind, axis, flatten }).into())
}
