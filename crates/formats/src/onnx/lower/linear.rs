//! Lowering of the linear family: matrix products.

use dunlin_ir::op::Linear;
use dunlin_ir::op::linear::Gemm;

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] =
    &[Row::main("Gemm", 7..=28, gemm), Row::main("MatMul", 1..=28, |_| Ok(Linear::MatMul.into()))];

fn gemm(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let gemm = Gemm {
        alpha: node.float_or("alpha", 1.0)?,
        beta: node.float_or("beta", 1.0)?,
        transpose_a: node.flag("transA", false)?,
        transpose_b: node.flag("transB", false)?,
    };
    Ok(Linear::Gemm(gemm).into())
}
