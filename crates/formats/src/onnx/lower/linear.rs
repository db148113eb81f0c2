//! Lowering of the linear family: matrix products.

use dunlin_ir::op::Linear;
use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::linear::{Equation, FusedMatMul, Gemm, Layout};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Det", 11..=28, |_| Ok(Linear::Det.into())),
    Row::main("Einsum", 12..=28, einsum),
    Row::main("Gemm", 1..=28, |node| Ok(Linear::Gemm(gemm(node, None)?).into())),
    Row::main("MatMul", 1..=28, |_| Ok(Linear::MatMul.into())),
    Row::of(MICROSOFT, "FusedGemm", fused_gemm),
    Row::of(MICROSOFT, "FusedMatMul", fused_matmul),
    Row::of(MICROSOFT, "Inverse", |_| Ok(Linear::Inverse.into())),
    Row::of(MICROSOFT, "TransposeMatMul", fused_matmul),
];

fn einsum(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let missing = || LowerError::MissingAttribute("equation".into());
    let text = node.string("equation")?.ok_or_else(missing)?;
    let equation = Equation::parse(&text)
        .map_err(|error| LowerError::attribute("equation", format!("an equation ({error})"), &text))?;
    Ok(Linear::Einsum(equation).into())
}

/// Before opset 7 an attribute said whether the third input is broadcast; that it can be is enough to know.
fn gemm(node: &NodeContext<'_, '_>, activation: Option<Activation>) -> Result<Gemm, LowerError> {
    Ok(Gemm {
        alpha: node.float_or("alpha", 1.0)?,
        beta: node.float_or("beta", 1.0)?,
        transpose_a: node.flag("transA", false)?,
        transpose_b: node.flag("transB", false)?,
        activation,
    })
}

fn fused_gemm(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let name = node.string_or("activation", "")?;
    if name.is_empty() {
        return Ok(Linear::Gemm(gemm(node, None)?).into());
    }
    let mut params = Vec::new();
    for param in ["activation_alpha", "activation_beta", "activation_gamma"] {
        params.extend(node.float(param)?);
    }
    let activation = Activation::from_name(&name, &params)
        .ok_or_else(|| LowerError::attribute("activation", "a known activation function", name))?;
    Ok(Linear::Gemm(gemm(node, Some(activation))?).into())
}

fn fused_matmul(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let layout = |transposed, rows_first| -> Result<Layout, LowerError> {
        Ok(Layout { transposed: node.flag(transposed, false)?, rows_first: node.flag(rows_first, false)? })
    };
    let op = FusedMatMul {
        alpha: node.float_or("alpha", 1.0)?,
        a: layout("transA", "transBatchA")?,
        b: layout("transB", "transBatchB")?,
    };
    Ok(Linear::FusedMatMul(op).into())
}
