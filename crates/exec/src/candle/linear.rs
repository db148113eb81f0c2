//! Matrix products.

use candle_core::Tensor;
use dunlin_ir::Shape;
use dunlin_ir::op::Linear;
use dunlin_ir::op::linear::{Gemm, Layout};

use super::args::Args;
use super::elementwise::activate;
use super::{declined, einsum};
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Linear, args: &Args<'_>) -> Computed {
    match op {
        Linear::MatMul => matmul(args.tensor(0)?, args.tensor(1)?),
        Linear::FusedMatMul(op) => {
            let (a, b) = (stored(args.tensor(0)?, op.a)?, stored(args.tensor(1)?, op.b)?);
            Ok(matmul(&a, &b)?.affine(op.alpha.into(), 0.0)?)
        }
        Linear::Gemm(op) => gemm(op, args),
        Linear::Dense(op) => {
            let mut y = matmul(args.tensor(0)?, args.tensor(1)?)?;
            for added in [args.optional(2)?, args.optional(3)?].into_iter().flatten() {
                y = y.broadcast_add(added)?;
            }
            activate(y, op.activation)
        }
        Linear::Einsum(equation) => einsum::run(equation, args),
        _ => declined("no such product on candle"),
    }
}

/// numpy's `matmul`: vectors count as one row or one column.
pub(super) fn matmul(a: &Tensor, b: &Tensor) -> Computed {
    let (a_rank, b_rank) = (a.rank(), b.rank());
    if a_rank == 0 || b_rank == 0 {
        return declined("a product of scalars");
    }
    let a = if a_rank == 1 { a.unsqueeze(0)? } else { a.contiguous()? };
    let b = if b_rank == 1 { b.unsqueeze(1)? } else { b.contiguous()? };
    let mut y = if a.rank().max(b.rank()) > 4 { flat_matmul(&a, &b)? } else { a.broadcast_matmul(&b)? };
    if b_rank == 1 {
        y = y.squeeze(y.rank() - 1)?;
    }
    if a_rank == 1 {
        y = y.squeeze(y.rank() - if b_rank == 1 { 1 } else { 2 })?;
    }
    Ok(y)
}

/// With all leading dimensions as one: candle's kernels know two of them.
fn flat_matmul(a: &Tensor, b: &Tensor) -> Computed {
    let (a_batch, a_matrix) = a.dims().split_at(a.rank() - 2);
    let (b_batch, b_matrix) = b.dims().split_at(b.rank() - 2);
    let Some(batch) = Shape::new(a_batch).broadcast(&Shape::new(b_batch)) else {
        return declined("batches that do not broadcast");
    };
    let flat = |x: &Tensor, matrix: &[usize]| -> Computed {
        let wide = x.broadcast_as([batch.dims(), matrix].concat())?.contiguous()?;
        Ok(wide.reshape((batch.n_elements(), matrix[0], matrix[1]))?)
    };
    let y = flat(a, a_matrix)?.matmul(&flat(b, b_matrix)?)?;
    Ok(y.reshape([batch.dims(), &[a_matrix[0], b_matrix[1]]].concat())?)
}

fn stored(x: &Tensor, layout: Layout) -> Computed {
    if layout.rows_first {
        return declined("rows in front of the batch");
    }
    match layout.transposed && x.rank() > 1 {
        true => transposed(x),
        false => Ok(x.clone()),
    }
}

pub(super) fn transposed(x: &Tensor) -> Computed {
    Ok(x.transpose(x.rank() - 2, x.rank() - 1)?.contiguous()?)
}

fn gemm(op: &Gemm, args: &Args<'_>) -> Computed {
    let side = |i: usize, transpose: bool| match args.tensor(i)? {
        x if transpose => transposed(x),
        x => Ok(x.contiguous()?),
    };
    let mut y = side(0, op.transpose_a)?.matmul(&side(1, op.transpose_b)?)?;
    if op.alpha != 1.0 {
        y = y.affine(op.alpha.into(), 0.0)?;
    }
    if let Some(c) = args.optional(2)? {
        y = match op.beta == 1.0 {
            true => y.broadcast_add(c)?,
            false => y.broadcast_add(&c.affine(op.beta.into(), 0.0)?)?,
        };
    }
    activate(y, op.activation)
}
