//! Weights of recurrent networks, arranged for matrix products, and those products.

use std::sync::Arc;

use dunlin_ir::op::Recurrent;
use dunlin_ir::{DType, Tensor};
use dunlin_kernels::matmul::{Bias, Epilogue, Matrix, PackedB, Residual, ResidualAt, matmul_f32};
use dunlin_sys::Parallel;
use smallvec::SmallVec;

use super::quantized;
use crate::cpu::real::{Real, is_narrow, widened_constant};
use crate::plan::Packed;
use crate::{Inputs, OpError};

/// The weights of all directions.
#[derive(Debug)]
pub(super) struct Weights<T: Float> {
    /// One set per direction.
    pub directions: SmallVec<[DirectionWeights<T>; 2]>,
    /// Elements of an input.
    pub input: usize,
    /// Elements of a state.
    pub hidden: usize,
    /// One set per direction, if they are constant.
    pub biases: Option<SmallVec<[Biases<T>; 2]>>,
    n_bytes: usize,
}

/// The weights of one direction.
#[derive(Debug)]
pub(super) struct DirectionWeights<T: Float> {
    /// `[input, gates * hidden]`
    pub input: T::Matrix,
    /// `[hidden, gates * hidden]`; for a GRU that resets first, `[hidden, 2 * hidden]` and `[hidden, hidden]`.
    pub recurrent: SmallVec<[T::Matrix; 2]>,
}

/// What is added to the products of one direction.
#[derive(Debug)]
pub(super) struct Biases<T> {
    /// To that of inputs and weights: `[gates * hidden]`
    pub input: Vec<T>,
    /// To that of state and weights, if the gates need it apart: `[gates * hidden]`, else empty.
    pub recurrent: Vec<T>,
}

impl<T: Float> Packed for Weights<T> {
    fn byte_len(&self) -> usize {
        self.n_bytes
    }

    fn replaced_inputs(&self) -> &[usize] {
        if self.biases.is_some() { &[1, 2, 3] } else { &[1, 2] }
    }
}

/// What is added to a product.
pub(super) enum Addend<'a, T> {
    /// A number per column.
    Columns(&'a [T]),
    /// A matrix laid out as the result.
    Matrix(&'a [T]),
}

/// A number that matrices are multiplied in.
pub(super) trait Float: Real + std::fmt::Debug {
    /// A right operand.
    type Matrix: std::fmt::Debug + Send + Sync;

    /// A `[k, n]` operand from its transpose, `[n, k]` row by row.
    fn matrix(transposed: &[Self], k: usize, n: usize) -> Result<Self::Matrix, OpError>;

    /// `out = a * b + addend`, for `m` rows of `a` and rows of `out` that are `stride` apart.
    fn multiply(
        pool: &dyn Parallel,
        a: &[Self],
        m: usize,
        b: &Self::Matrix,
        addend: Addend<'_, Self>,
        out: &mut [Self],
        stride: usize,
    );
}

impl Float for f32 {
    type Matrix = PackedB;

    fn matrix(transposed: &[f32], k: usize, n: usize) -> Result<PackedB, OpError> {
        Ok(PackedB::pack(Matrix::transposed(transposed, k), k, n)?)
    }

    fn multiply(
        pool: &dyn Parallel,
        a: &[f32],
        m: usize,
        b: &PackedB,
        addend: Addend<'_, f32>,
        out: &mut [f32],
        stride: usize,
    ) {
        let epilogue = match addend {
            Addend::Columns(bias) => Epilogue { bias: Bias::Columns(bias), ..Epilogue::default() },
            Addend::Matrix(data) => {
                let residual = Residual { data, beta: 1.0, at: ResidualAt::BeforeActivation };
                Epilogue { residual: Some(residual), ..Epilogue::default() }
            }
        };
        let b = b.view();
        matmul_f32(pool, a, b.k(), b, out, stride, m, &epilogue);
    }
}

/// A matrix as it is stored: the plain form.
#[derive(Debug)]
pub(super) struct Plain {
    transposed: Vec<f64>,
    k: usize,
    n: usize,
}

impl Float for f64 {
    type Matrix = Plain;

    fn matrix(transposed: &[f64], k: usize, n: usize) -> Result<Plain, OpError> {
        Ok(Plain { transposed: transposed.to_vec(), k, n })
    }

    fn multiply(
        _: &dyn Parallel,
        a: &[f64],
        m: usize,
        b: &Plain,
        addend: Addend<'_, f64>,
        out: &mut [f64],
        stride: usize,
    ) {
        for row in 0..m {
            let a = &a[row * b.k..][..b.k];
            for column in 0..b.n {
                let b = &b.transposed[column * b.k..][..b.k];
                let start = match addend {
                    Addend::Columns(bias) => bias[column],
                    Addend::Matrix(matrix) => matrix[row * stride + column],
                };
                out[row * stride + column] = a.iter().zip(b).fold(start, |sum, (a, b)| a.mul_add(*b, sum));
            }
        }
    }
}

/// Packs constant weights of 16- and 32-bit floats and of 8-bit integers.
pub(super) fn pack(
    op: &Recurrent,
    constants: &[Option<&Tensor>],
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let constant = |i: usize| constants.get(i).copied().flatten();
    let (Some(w), Some(r)) = (constant(1), constant(2)) else { return Ok(None) };
    let float = |x: &Tensor| match x.dtype() {
        DType::F32 => x.to_aligned().map(Some).map_err(OpError::from),
        dtype if is_narrow(dtype) => widened_constant(x).map(Some),
        _ => Ok(None),
    };
    let matrices = if quantized::is_quantized(op) {
        let (Some(scales), Some(zeros)) = ((constant(8).zip(constant(10))), constant(9).zip(constant(11)))
        else {
            return Ok(None);
        };
        let dequantized = |x: &Tensor, scale: &Tensor, zero: &Tensor| {
            quantized::dequantized(&x.to_aligned()?, &scale.to_aligned()?, &zero.to_aligned()?).map(Some)
        };
        (dequantized(w, scales.0, zeros.0)?, dequantized(r, scales.1, zeros.1)?)
    } else {
        (float(w)?, float(r)?)
    };
    let (Some(w), Some(r)) = matrices else { return Ok(None) };
    let mut weights = Weights::<f32>::new(op, &w, &r)?;
    // No constant bias may mean none at all, or one that is an input.
    if let Some(b) = constant(3).map(float).transpose()?.flatten() {
        weights.biases = Some(weights.biases_of(op, Some(&b))?);
    }
    Ok(Some(Arc::new(weights)))
}

impl<T: Float> Weights<T> {
    /// The weights among a step's inputs.
    pub fn of_inputs(op: &Recurrent, inputs: &Inputs<'_>) -> Result<Weights<T>, OpError> {
        if quantized::is_quantized(op) {
            let dequantized = |i: usize, scale: usize| {
                quantized::dequantized(inputs.tensor(i)?, inputs.tensor(scale)?, inputs.tensor(scale + 1)?)
            };
            return Weights::new(op, &dequantized(1, 8)?, &dequantized(2, 10)?);
        }
        Weights::new(op, inputs.tensor(1)?, inputs.tensor(2)?)
    }

    /// Arranges weights `[directions, gates * hidden, input]` and recurrent ones.
    fn new(op: &Recurrent, w: &Tensor, r: &Tensor) -> Result<Weights<T>, OpError> {
        let (n_directions, n_gates) = (op.sequence().direction.count(), op.n_gates());
        let mismatch = || {
            let expected = format!("[{n_directions}, {n_gates} h, d] and [{n_directions}, {n_gates} h, h]");
            OpError::shapes(expected, w.shape(), r.shape())
        };
        let (&[w_directions, w_rows, input], &[r_directions, rows, hidden]) =
            (w.shape().dims(), r.shape().dims())
        else {
            return Err(mismatch());
        };
        let directions_fit = w_directions == n_directions && r_directions == n_directions;
        if !directions_fit || w_rows != rows || hidden.checked_mul(n_gates) != Some(rows) {
            return Err(mismatch());
        }
        let (w, r) = (w.view::<T>()?, r.view::<T>()?);
        let mut directions = SmallVec::new();
        for d in 0..n_directions {
            let r = &r[d * rows * hidden..][..rows * hidden];
            let first = if resets_first(op) { 2 * hidden } else { rows };
            let mut recurrent = SmallVec::new();
            recurrent.push(T::matrix(&r[..first * hidden], hidden, first)?);
            if first < rows {
                recurrent.push(T::matrix(&r[first * hidden..], hidden, rows - first)?);
            }
            let input = T::matrix(&w[d * rows * input..][..rows * input], input, rows)?;
            directions.push(DirectionWeights { input, recurrent });
        }
        let n_bytes = n_directions * rows * (input + hidden) * size_of::<T>();
        Ok(Weights { directions, input, hidden, biases: None, n_bytes })
    }

    /// The biases of all directions from `[directions, 2 * gates * hidden]`.
    pub fn biases_of(&self, op: &Recurrent, b: Option<&Tensor>) -> Result<SmallVec<[Biases<T>; 2]>, OpError> {
        let rows = op.n_gates() * self.hidden;
        let shape = [self.directions.len(), 2 * rows];
        if let Some(b) = b.filter(|b| b.shape().dims() != shape) {
            return Err(OpError::shape(format!("biases of {shape:?}"), b.shape()));
        }
        let b = b.map(Tensor::view::<T>).transpose()?;
        let of = |d: usize| b.map(|b| b[d * 2 * rows..][..2 * rows].split_at(rows));
        Ok((0..self.directions.len()).map(|d| Biases::new(op, of(d), rows, self.hidden)).collect())
    }
}

/// Whether the reset gate applies to the state before it is multiplied.
fn resets_first(op: &Recurrent) -> bool {
    matches!(op, Recurrent::Gru(gru) if !gru.linear_before_reset)
}

impl<T: Real> Biases<T> {
    /// From the biases of the input weights and of the recurrent weights.
    fn new(op: &Recurrent, given: Option<(&[T], &[T])>, rows: usize, hidden: usize) -> Biases<T> {
        let apart = matches!(op, Recurrent::Gru(gru) if gru.linear_before_reset);
        let mut biases = Biases {
            input: vec![T::default(); rows],
            recurrent: if apart { vec![T::default(); rows] } else { Vec::new() },
        };
        let Some((w, r)) = given else { return biases };
        for (bias, (&w, &r)) in biases.input.iter_mut().zip(w.iter().zip(r)) {
            *bias = w + r;
        }
        if apart {
            biases.input[2 * hidden..].copy_from_slice(&w[2 * hidden..]);
            biases.recurrent[2 * hidden..].copy_from_slice(&r[2 * hidden..]);
        }
        biases
    }
}
