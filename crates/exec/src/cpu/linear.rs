//! Execution of the linear family: matrix products.

use std::sync::Arc;

use dunlin_ir::op::Linear;
use dunlin_ir::op::linear::Gemm;
use dunlin_ir::{DType, Tensor};

use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Packs constant operands.
pub(crate) fn pack(_op: &Linear, _constants: &[Option<&Tensor>]) -> Result<Option<Arc<dyn Packed>>, OpError> {
    Ok(None)
}

/// Computes one step.
pub(crate) fn run(op: &Linear, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match op {
        Linear::Gemm(op) => gemm(op, inputs, ctx),
        Linear::MatMul => Err(OpError::unsupported("MatMul")),
    }
}

fn gemm(op: &Gemm, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let (a, b) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let (&[a0, a1], &[b0, b1]) = (a.shape().dims(), b.shape().dims()) else {
        return Err(OpError::shapes("two matrices", a.shape(), b.shape()));
    };
    let (m, k) = if op.transpose_a { (a1, a0) } else { (a0, a1) };
    let (b_k, n) = if op.transpose_b { (b1, b0) } else { (b0, b1) };
    if k != b_k {
        return Err(OpError::shapes("[m, k] and [k, n]", a.shape(), b.shape()));
    }
    let mut out = ctx.alloc(DType::F32, [m, n].into())?;
    let (a, b) = (a.view::<f32>()?, b.view::<f32>()?);
    for (i, out) in out.view_mut::<f32>()?.iter_mut().enumerate() {
        let (row, column) = (i / n, i % n);
        let a_at = |k_at: usize| if op.transpose_a { a[k_at * m + row] } else { a[row * k + k_at] };
        let b_at = |k_at: usize| if op.transpose_b { b[column * k + k_at] } else { b[k_at * n + column] };
        *out = op.alpha * (0..k).map(|k_at| a_at(k_at) * b_at(k_at)).sum::<f32>();
    }
    Ok(one(out))
}
