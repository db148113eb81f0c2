//! Constant right operands, packed when the model is planned.

use std::sync::Arc;

use dunlin_ir::op::Linear;
use dunlin_ir::op::linear::Layout;
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::matmul::{Elements, Matrix, Order, PackedB};
use half::{bf16, f16};

use crate::OpError;
use crate::plan::Packed;

/// A constant right operand: one packed matrix per place of its batch. Half precision is held in single.
#[derive(Debug)]
pub(super) struct Weight {
    /// The element type that it was stored in.
    pub dtype: DType,
    /// The shape of the operand: `[.., k, n]`.
    pub shape: Shape,
    /// Its matrices.
    pub matrices: Vec<PackedB>,
}

impl Packed for Weight {
    fn byte_len(&self) -> usize {
        self.matrices.iter().map(PackedB::n_bytes).sum()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[1]
    }
}

/// Packs the second operand of a product, if it is constant and of a type that the kernel multiplies.
pub(super) fn pack(op: &Linear, constants: &[Option<&Tensor>]) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let order = match op {
        Linear::MatMul | Linear::Dense(_) => Order::Plain,
        Linear::FusedMatMul(op) if op.b == Layout::default() => Order::Plain,
        Linear::FusedMatMul(op) if !op.b.rows_first => Order::Transposed,
        Linear::Gemm(op) if op.transpose_b => Order::Transposed,
        Linear::Gemm(_) => Order::Plain,
        _ => return Ok(None),
    };
    let Some(Some(weight)) = constants.get(1) else { return Ok(None) };
    let rank = weight.rank();
    if rank < 2 || matches!(op, Linear::Gemm(_)) && rank != 2 || weight.is_empty() {
        return Ok(None);
    }
    let singles = match weight.dtype() {
        DType::F32 => Vec::new(),
        DType::F16 => halves(weight.bytes(), |bits| f16::from_bits(bits).to_f32())?,
        DType::BF16 => halves(weight.bytes(), |bits| bf16::from_bits(bits).to_f32())?,
        _ => return Ok(None),
    };
    let mut shape = weight.shape().clone();
    let stride = shape[rank - 1];
    let matrix_len = stride * shape[rank - 2];
    if order == Order::Transposed {
        shape.swap(rank - 2, rank - 1);
    }
    let (k, n) = (shape[rank - 2], shape[rank - 1]);
    let mut matrices = Vec::with_capacity(weight.len() / matrix_len);
    for i in 0..weight.len() / matrix_len {
        let elements = if weight.dtype() == DType::F32 {
            Elements::Bytes(&weight.bytes()[i * matrix_len * 4..][..matrix_len * 4])
        } else {
            Elements::F32(&singles[i * matrix_len..][..matrix_len])
        };
        matrices.push(PackedB::pack(Matrix { elements, stride, order }, k, n)?);
    }
    Ok(Some(Arc::new(Weight { dtype: weight.dtype(), shape, matrices })))
}

/// Half precision at any alignment, in single.
fn halves(bytes: &[u8], to_single: impl Fn(u16) -> f32) -> Result<Vec<f32>, OpError> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let mut singles = Vec::new();
    let requested_bytes = bytes.len().saturating_mul(2);
    singles.try_reserve_exact(pairs.len()).map_err(|_| dunlin_sys::OutOfMemory { requested_bytes })?;
    singles.extend(pairs.iter().map(|&pair| to_single(u16::from_le_bytes(pair))));
    Ok(singles)
}
