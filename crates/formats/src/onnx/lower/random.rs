//! Lowering of the random family.

use dunlin_ir::op::Random;
use dunlin_ir::op::random::{Bernoulli, Draw, Multinomial};
use dunlin_ir::{DType, Shape};

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Bernoulli", 15..=28, bernoulli),
    Row::main("Multinomial", 7..=28, multinomial),
    Row::main("RandomNormal", 1..=28, |node| Ok(Random::Normal(of_shape(normal(node)?, node)?).into())),
    Row::main("RandomNormalLike", 1..=28, |node| Ok(Random::Normal(normal(node)?).into())),
    Row::main("RandomUniform", 1..=28, |node| Ok(Random::Uniform(of_shape(uniform(node)?, node)?).into())),
    Row::main("RandomUniformLike", 1..=28, |node| Ok(Random::Uniform(uniform(node)?).into())),
];

fn bernoulli(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Random::Bernoulli(Bernoulli { dtype: node.dtype("dtype")?, seed: node.float("seed")? }).into())
}

fn multinomial(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let dtype = node.dtype("dtype")?.unwrap_or(DType::I32);
    if !matches!(dtype, DType::I32 | DType::I64) {
        return Err(LowerError::attribute("dtype", "int32 or int64", dtype));
    }
    let n_samples = size("sample_size", node.int_or("sample_size", 1)?)?;
    Ok(Random::Multinomial(Multinomial { dtype, n_samples, seed: node.float("seed")? }).into())
}

fn normal(node: &NodeContext<'_, '_>) -> Result<Draw, LowerError> {
    draw(node, node.float_or("mean", 0.0)?, node.float_or("scale", 1.0)?)
}

fn uniform(node: &NodeContext<'_, '_>) -> Result<Draw, LowerError> {
    draw(node, node.float_or("low", 0.0)?, node.float_or("high", 1.0)?)
}

fn draw(node: &NodeContext<'_, '_>, a: f32, b: f32) -> Result<Draw, LowerError> {
    Ok(Draw { a, b, dtype: node.dtype("dtype")?, shape: None, seed: node.float("seed")? })
}

fn of_shape(draw: Draw, node: &NodeContext<'_, '_>) -> Result<Draw, LowerError> {
    let sizes = node.ints("shape")?.ok_or_else(|| LowerError::MissingAttribute("shape".into()))?;
    let shape: Shape = sizes.iter().map(|&n| size("shape", n)).collect::<Result<_, _>>()?;
    Ok(Draw { shape: Some(shape), dtype: draw.dtype.or(Some(DType::F32)), ..draw })
}

fn size(name: &str, n: i64) -> Result<usize, LowerError> {
    usize::try_from(n).map_err(|_| LowerError::attribute(name, "sizes of at least 0", n))
}
