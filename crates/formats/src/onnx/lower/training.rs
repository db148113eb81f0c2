//! Lowering of the training family.

use dunlin_ir::op::Training;
use dunlin_ir::op::training::{Adagrad, Adam, Loss, Momentum, Optimizer, Reduction};

use super::{LowerError, Lowered, NodeContext, Row};

/// The domain of the optimisers.
const PREVIEW: &str = "ai.onnx.preview.training";

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("NegativeLogLikelihoodLoss", 12..=28, |node| {
        Ok(Training::NegativeLogLikelihoodLoss(loss(node)?).into())
    }),
    Row::main("SoftmaxCrossEntropyLoss", 12..=28, |node| {
        Ok(Training::SoftmaxCrossEntropyLoss(loss(node)?).into())
    }),
    Row::of(PREVIEW, "Adagrad", adagrad),
    Row::of(PREVIEW, "Adam", adam),
    Row::of(PREVIEW, "Momentum", momentum),
];

fn loss(node: &NodeContext<'_, '_>) -> Result<Loss, LowerError> {
    let reduction = match node.string_or("reduction", "mean")?.as_str() {
        "none" => Reduction::None,
        "mean" => Reduction::Mean,
        "sum" => Reduction::Sum,
        other => return Err(LowerError::attribute("reduction", "none, mean or sum", other)),
    };
    Ok(Loss { reduction, ignore_index: node.int("ignore_index")? })
}

fn adagrad(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let adagrad = Adagrad {
        decay_factor: node.float_or("decay_factor", 0.0)?,
        epsilon: node.float_or("epsilon", 1e-6)?,
        norm_coefficient: node.float_or("norm_coefficient", 0.0)?,
    };
    Ok(Training::Step(Optimizer::Adagrad(adagrad)).into())
}

fn adam(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let adam = Adam {
        alpha: node.float_or("alpha", 0.9)?,
        beta: node.float_or("beta", 0.999)?,
        epsilon: node.float_or("epsilon", 1e-6)?,
        norm_coefficient: node.float_or("norm_coefficient", 0.0)?,
        norm_coefficient_post: node.float_or("norm_coefficient_post", 0.0)?,
    };
    Ok(Training::Step(Optimizer::Adam(adam)).into())
}

fn momentum(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let required = |name: &str| -> Result<f32, LowerError> {
        node.float(name)?.ok_or_else(|| LowerError::MissingAttribute(name.into()))
    };
    let nesterov = match node.string_or("mode", "standard")?.as_str() {
        "standard" => false,
        "nesterov" => true,
        other => return Err(LowerError::attribute("mode", "standard or nesterov", other)),
    };
    let momentum = Momentum {
        alpha: required("alpha")?,
        beta: required("beta")?,
        norm_coefficient: required("norm_coefficient")?,
        nesterov,
    };
    Ok(Training::Step(Optimizer::Momentum(momentum)).into())
}
