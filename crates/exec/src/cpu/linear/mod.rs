//! Execution of the linear family: matrix products, sums of products, determinants and inverses.

mod einsum;
mod gemm;
mod matmul;
mod product;
mod square;
mod strided;
mod weight;

pub(crate) use product::Ring;
pub(crate) use strided::{broadcast, permuted};

use std::sync::Arc;

use dunlin_ir::Tensor;
use dunlin_ir::op::Linear;

use super::arms::built;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Packs constant operands.
pub(crate) fn pack(op: &Linear, constants: &[Option<&Tensor>]) -> Result<Option<Arc<dyn Packed>>, OpError> {
    weight::pack(op, constants)
}

/// Computes one step.
pub(crate) fn run(op: &Linear, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Linear::MatMul => matmul::matmul(inputs, ctx),
        Linear::FusedMatMul(op) => matmul::fused(op, inputs, ctx),
        Linear::Dense(op) => matmul::dense(op, inputs, ctx),
        Linear::Gemm(op) => gemm::gemm(op, inputs, ctx),
        Linear::Einsum(op) => einsum::einsum(op, inputs, ctx),
        Linear::Det => square::det(inputs, ctx),
        Linear::Inverse => square::inverse(inputs, ctx),
    })
}
