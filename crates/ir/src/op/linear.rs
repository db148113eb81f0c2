//! Operators of matrix products.

mod equation;

pub use equation::{Equation, EquationError, Label};

use super::activation::Activation;
use crate::infer::{self, Facts, Inferred};
use crate::{Dim, Dims};

/// Operators of matrix products.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Linear {
    /// numpy's `matmul`: `[.., m, k] x [.., k, n]`, leading dimensions broadcast.
    MatMul,
    /// A scaled `matmul` of operands that may be stored transposed.
    FusedMatMul(FusedMatMul),
    /// `alpha * a * b + beta * c`, `a` and `b` perhaps transposed.
    Gemm(Gemm),
    /// A layer of a network, fused: `activation(x w + bias + residual)` in `float32`. Inputs: x `[.., k]`, w `[k, n]`, bias
    /// `[n]`?, residual `[.., n]`?
    Dense(Dense),
    /// A sum of products over named dimensions.
    Einsum(Equation),
    /// The determinants of square matrices: `[.., n, n]` to `[..]`.
    Det,
    /// The inverses of square matrices.
    Inverse,
}

/// The attributes of a scaled matrix product.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct FusedMatMul {
    /// Factor of the product.
    pub alpha: f32,
    /// How the first operand is stored.
    pub a: Layout,
    /// How the second operand is stored.
    pub b: Layout,
}

/// The attributes of a fused layer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Dense {
    /// Applied to the sum.
    pub activation: Option<Activation>,
}

/// How a batch of matrices `[.., rows, cols]` is stored. Vectors are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Layout {
    /// The last two dimensions are swapped.
    pub transposed: bool,
    /// Before that: the rows stand first, in front of the batch.
    pub rows_first: bool,
}

/// The attributes of a general matrix product.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Gemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of the third input.
    pub beta: f32,
    /// Whether the first input is stored `[k, m]`.
    pub transpose_a: bool,
    /// Whether the second input is stored `[n, k]`.
    pub transpose_b: bool,
    /// Applied to the sum.
    pub activation: Option<Activation>,
}

impl Linear {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Linear::MatMul => "MatMul",
            Linear::FusedMatMul(_) => "FusedMatMul",
            Linear::Gemm(Gemm { activation: None, .. }) => "Gemm",
            Linear::Gemm(_) => "FusedGemm",
            Linear::Dense(_) => "Dense",
            Linear::Einsum(_) => "Einsum",
            Linear::Det => "Det",
            Linear::Inverse => "Inverse",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let dims = match self {
            Linear::MatMul | Linear::Dense(_) => matmul_dims(facts.dims(0), facts.dims(1)),
            Linear::FusedMatMul(op) => op.dims(facts),
            Linear::Gemm(gemm) => gemm.dims(facts),
            Linear::Einsum(equation) => equation.dims(facts),
            Linear::Det => facts.dims(0).map(|dims| dims[..dims.len().saturating_sub(2)].into()),
            Linear::Inverse => facts.dims(0).map(Into::into),
        };
        infer::one(facts.dtype(0), dims)
    }
}

impl Layout {
    /// Which stored axis each axis of `[.., rows, cols]` is, for a tensor of `rank` dimensions.
    pub fn axes(self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..rank).collect();
        if rank < 2 {
            return axes;
        }
        if self.rows_first {
            axes[..rank - 1].rotate_left(1);
        }
        if self.transposed {
            axes.swap(rank - 2, rank - 1);
        }
        axes
    }

    fn dims(self, stored: Option<&[Dim]>) -> Dims {
        let stored = stored?;
        Some(self.axes(stored.len()).into_iter().map(|axis| stored[axis].clone()).collect())
    }
}

impl FusedMatMul {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        matmul_dims(self.a.dims(facts.dims(0)).as_deref(), self.b.dims(facts.dims(1)).as_deref())
    }
}

impl Gemm {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let m = facts.dims(0)?.get(usize::from(self.transpose_a))?.clone();
        let n = facts.dims(1)?.get(usize::from(!self.transpose_b))?.clone();
        infer::dims([m, n])
    }
}

fn matmul_dims(a: Option<&[Dim]>, b: Option<&[Dim]>) -> Dims {
    let (batch_a, m) = split_matrix(a?, 2)?;
    let (batch_b, n) = split_matrix(b?, 1)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Fact;
    use crate::{DType, Shape};

    #[test]
    fn layouts_say_where_each_axis_is_stored() {
        let layout = |transposed, rows_first| Layout { transposed, rows_first };
        assert_eq!(layout(false, false).axes(4), [0, 1, 2, 3]);
        assert_eq!(layout(true, false).axes(4), [0, 1, 3, 2]);
        assert_eq!(layout(false, true).axes(4), [1, 2, 0, 3]);
        assert_eq!(layout(true, true).axes(3), [1, 2, 0]);
        assert_eq!(layout(true, true).axes(1), [0]);
    }

    #[test]
    fn results_have_the_dimensions_of_their_operands() {
        let infer = |op: Linear, a: &[usize], b: &[usize]| {
            let [a, b] = [a, b].map(|dims| Fact::known(DType::F32, &Shape::new(dims)));
            op.infer(&Facts::new(&[Some(&a), Some(&b)], 1))[0].ty.to_string()
        };
        assert_eq!(infer(Linear::MatMul, &[2, 1, 3, 4], &[5, 4, 6]), "float32[2, 5, 3, 6]");
        assert_eq!(infer(Linear::MatMul, &[4], &[5, 4, 6]), "float32[5, 6]");
        let equation = Equation::parse("...ij,...jk->...ik").unwrap();
        assert_eq!(infer(Linear::Einsum(equation), &[7, 3, 4], &[1, 4, 6]), "float32[7, 3, 6]");
    }
}
