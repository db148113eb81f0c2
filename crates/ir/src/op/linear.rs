//! Operators of matrix products.

use crate::Dim;
use crate::infer::{self, Facts, Inferred};

/// Operators of matrix products.
#[derive(Debug, Clone, PartialEq)]
pub enum Linear {
    /// numpy's `matmul`: `[.., m, k] x [.., k, n]`, leading dimensions broadcast.
    MatMul,
    /// `alpha * a * b + beta * c`, `a` and `b` perhaps transposed.
    Gemm(Gemm),
}

/// The attributes of a general matrix product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of the third input.
    pub beta: f32,
    /// Whether the first input is stored `[k, m]`.
    pub transpose_a: bool,
    /// Whether the second input is stored `[n, k]`.
    pub transpose_b: bool,
}

impl Linear {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Linear::MatMul => "MatMul",
            Linear::Gemm(_) => "Gemm",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let dims = match self {
            Linear::MatMul => matmul_dims(facts),
            Linear::Gemm(gemm) => gemm.dims(facts),
        };
        infer::one(facts.dtype(0), dims)
    }
}

impl Gemm {
    fn dims(&self, facts: &Facts<'_>) -> crate::Dims {
        let m = facts.dims(0)?.get(usize::from(self.transpose_a))?.clone();
        let n = facts.dims(1)?.get(usize::from(!self.transpose_b))?.clone();
        infer::dims([m, n])
    }
}

fn matmul_dims(facts: &Facts<'_>) -> crate::Dims {
    let (a, b) = (facts.dims(0)?, facts.dims(1)?);
    let (batch_a, m) = split_matrix(a, 2)?;
    let (batch_b, n) = split_matrix(b, 1)?;
    let mut dims = infer::broadcast_dims(Some(batch_a), Some(batch_b))?;
    // A vector's missing dimension does not appear in the result.
    dims.extend(m.into_iter().chain(n).cloned());
    Some(dims)
}

/// The leading dimensions, and the one `from_end` places from the end unless the operand is a vector.
fn split_matrix(dims: &[Dim], from_end: usize) -> Option<(&[Dim], Option<&Dim>)> {
    match dims.len() {
        0 => None,
        1 => Some((&[], None)),
        rank => Some((&dims[..rank - 2], Some(&dims[rank - from_end]))),
    }
}
