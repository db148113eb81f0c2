//! Operators of quantization: quantize, dequantize, integer products and the QLinear family.

use super::convolution::{AveragePool, Conv, Convolution, MaxPool};
use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Dims};

/// Operators of quantization: quantize, dequantize, integer products and the QLinear family.
///
/// A "scale" and a "zero" (zero point) are inputs; a quantized number `q` stands for `(q - zero) * scale`.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantize {
    /// Inputs: x, scale, zero?
    QuantizeLinear(QuantizeLinear),
    /// Inputs: x, scale, zero?
    DequantizeLinear(DequantizeLinear),
    /// Quantizes to `uint8` over the range of the input. Outputs: y, scale, zero.
    DynamicQuantizeLinear,
    /// The product of 8-bit matrices as `int32`. Inputs: a, b, a's zero?, b's zero?
    MatMulInteger,
    /// The product of 8-bit matrices as floats. Inputs: a, b, a's scale, b's scale, a's zero?, b's zero?, bias?
    MatMulIntegerToFloat,
    /// Quantizes a over its range and multiplies. Inputs: a (`float32`), b, b's scale, b's zero?, bias?
    DynamicQuantizeMatMul,
    /// The product of 8-bit matrices, quantized again. Inputs: a, its scale and zero, b, its scale and zero, y's scale
    /// and zero.
    QLinearMatMul,
    /// `alpha * a * b + c`. Inputs: a, its scale and zero, b, its scale and zero, c (`int32`)?, y's scale?, y's zero?;
    /// without y's scale the result is `float32`.
    QGemm(QGemm),
    /// The convolution of 8-bit tensors as `int32`. Inputs: x, weights, x's zero?, weights' zero?
    ConvInteger(Conv),
    /// The convolution of 8-bit tensors, quantized again. Inputs: x, its scale and zero, weights, their scale and zero,
    /// y's scale and zero, bias (`int32`)?
    QLinearConv(QLinearConv),
    /// A function of two quantized tensors. Inputs: a, its scale and zero?, b, its scale and zero?, y's scale and zero?
    QLinearBinary(QLinearBinary),
    /// A function of one quantized tensor. Inputs: x, its scale and zero?, y's scale and zero?
    QLinearUnary(QLinearUnary),
    /// Inputs: y's scale and zero, then for each part: the part, its scale, its zero.
    QLinearConcat {
        /// Where the parts follow each other.
        axis: i64,
    },
    /// Inputs: condition, x, its scale and zero, y, its scale and zero, the result's scale and zero.
    QLinearWhere,
    /// Inputs: x, its scale and zero, y's scale and zero.
    QLinearSoftmax(QLinearSoftmax),
    /// Inputs: x, its scale and zero?, y's scale and zero?
    QLinearReduceMean(QLinearReduceMean),
    /// Inputs: x, its scale and zero?, y's scale and zero?
    QLinearAveragePool(QLinearAveragePool),
    /// Inputs: x, its scale and zero, y's scale and zero.
    QLinearGlobalAveragePool {
        /// How x is laid out.
        layout: Layout,
    },
    /// The largest element of each window of an 8-bit `[n, spatial.., c]`.
    NhwcMaxPool(MaxPool),
    /// The product with a matrix of 2, 4 or 8 bits, quantized in blocks along `k`. Inputs: a `[.., k]`, b
    /// `[n, k blocks, bytes]`, scales `[n, k blocks]`, zeros (packed, or as floats)?, group indices `[k]`?, bias `[n]`?
    MatMulNBits(MatMulNBits),
}

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// `[n, c, spatial..]`
    #[default]
    ChannelsFirst,
    /// `[n, spatial.., c]`
    ChannelsLast,
}

/// The attributes of a quantization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantizeLinear {
    /// The axis of scales that are not for the whole tensor.
    pub axis: i64,
    /// How many elements along the axis share a scale; 0 if each has its own.
    pub block_size: usize,
    /// The result's type; that of the zero if not given, `uint8` if there is none.
    pub output: Option<DType>,
    /// Whether values beyond a float8 type's range become its largest.
    pub saturate: bool,
    /// The precision of the division; the scale's type if not given.
    pub precision: Option<DType>,
}

/// The attributes of a dequantization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DequantizeLinear {
    /// The axis of scales that are not for the whole tensor.
    pub axis: i64,
    /// How many elements along the axis share a scale; 0 if each has its own.
    pub block_size: usize,
    /// The result's type; the scale's if not given.
    pub output: Option<DType>,
}

/// The attributes of a quantized matrix product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QGemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Whether the first operand is stored `[k, m]`.
    pub transpose_a: bool,
    /// Whether the second operand is stored `[n, k]`.
    pub transpose_b: bool,
}

/// The attributes of a quantized convolution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QLinearConv {
    /// As of any convolution; it has no activation.
    pub conv: Conv,
    /// How x and y are laid out.
    pub layout: Layout,
}

/// The functions of two quantized tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum QLinearBinary {
    Add,
    Mul,
}

/// The functions of one quantized tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum QLinearUnary {
    Sigmoid,
    LeakyRelu { alpha: f32 },
}

/// The attributes of a quantized softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QLinearSoftmax {
    /// The axis, or the first of the axes.
    pub axis: i64,
    /// Whether all axes from `axis` on are taken as one.
    pub flattens: bool,
}

/// The attributes of a quantized mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QLinearReduceMean {
    /// The axes to take the mean over; empty for all.
    pub axes: Vec<i64>,
    /// Whether they stay, with a size of 1.
    pub keep_dims: bool,
}

/// The attributes of a quantized average pooling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QLinearAveragePool {
    /// As of any average pooling.
    pub pool: AveragePool,
    /// How x and y are laid out.
    pub layout: Layout,
}

/// The attributes of a product with a matrix of few bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatMulNBits {
    /// Columns of the result.
    pub n: usize,
    /// Columns of a.
    pub k: usize,
    /// Bits of a weight: 2, 4 or 8.
    pub bits: usize,
    /// How many weights along `k` share a scale.
    pub block_size: usize,
}

impl Quantize {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Quantize::QuantizeLinear(_) => "QuantizeLinear",
            Quantize::DequantizeLinear(_) => "DequantizeLinear",
            Quantize::DynamicQuantizeLinear => "DynamicQuantizeLinear",
            Quantize::MatMulInteger => "MatMulInteger",
            Quantize::MatMulIntegerToFloat => "MatMulIntegerToFloat",
            Quantize::DynamicQuantizeMatMul => "DynamicQuantizeMatMul",
            Quantize::QLinearMatMul => "QLinearMatMul",
            Quantize::QGemm(_) => "QGemm",
            Quantize::ConvInteger(_) => "ConvInteger",
            Quantize::QLinearConv(_) => "QLinearConv",
            Quantize::QLinearBinary(QLinearBinary::Add) => "QLinearAdd",
            Quantize::QLinearBinary(QLinearBinary::Mul) => "QLinearMul",
            Quantize::QLinearUnary(QLinearUnary::Sigmoid) => "QLinearSigmoid",
            Quantize::QLinearUnary(QLinearUnary::LeakyRelu { .. }) => "QLinearLeakyRelu",
            Quantize::QLinearConcat { .. } => "QLinearConcat",
            Quantize::QLinearWhere => "QLinearWhere",
            Quantize::QLinearSoftmax(_) => "QLinearSoftmax",
            Quantize::QLinearReduceMean(_) => "QLinearReduceMean",
            Quantize::QLinearAveragePool(_) => "QLinearAveragePool",
            Quantize::QLinearGlobalAveragePool { .. } => "QLinearGlobalAveragePool",
            Quantize::NhwcMaxPool(_) => "NhwcMaxPool",
            Quantize::MatMulNBits(_) => "MatMulNBits",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same = || facts.dims(0).map(Into::into);
        match self {
            Quantize::QuantizeLinear(op) => {
                let zero = if facts.has(2) { facts.dtype(2) } else { Some(DType::U8) };
                infer::one(op.output.or(zero), same())
            }
            Quantize::DequantizeLinear(op) => infer::one(op.output.or(facts.dtype(1)), same()),
            Quantize::DynamicQuantizeLinear => [
                infer::one(Some(DType::U8), same()),
                infer::one(Some(DType::F32), infer::dims([])),
                infer::one(Some(DType::U8), infer::dims([])),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Quantize::MatMulInteger => infer::one(Some(DType::I32), product(facts, 0, 1)),
            Quantize::MatMulIntegerToFloat => infer::one(facts.dtype(3), product(facts, 0, 1)),
            Quantize::DynamicQuantizeMatMul => infer::one(Some(DType::F32), product(facts, 0, 1)),
            Quantize::QLinearMatMul => infer::one(facts.dtype(7).or(facts.dtype(0)), product(facts, 0, 3)),
            Quantize::QGemm(op) => infer::one(op.dtype(facts), op.dims(facts)),
            Quantize::ConvInteger(conv) => convolution(conv, facts, 0, 1, Some(DType::I32)),
            Quantize::QLinearConv(op) => {
                let dtype = facts.dtype(7).or(facts.dtype(0));
                match op.layout {
                    Layout::ChannelsFirst => convolution(&op.conv, facts, 0, 3, dtype),
                    Layout::ChannelsLast => infer::one(dtype, unknown_sizes(facts)),
                }
            }
            Quantize::QLinearBinary(_) => {
                infer::one(facts.dtype(0), infer::broadcast_dims(facts.dims(0), facts.dims(3)))
            }
            Quantize::QLinearUnary(_) | Quantize::QLinearSoftmax(_) => infer::one(facts.dtype(0), same()),
            Quantize::QLinearConcat { axis } => infer::one(facts.dtype(2), concatenated(*axis, facts)),
            Quantize::QLinearWhere => {
                let choices = infer::broadcast_dims(facts.dims(1), facts.dims(4));
                infer::one(facts.dtype(1), infer::broadcast_dims(facts.dims(0), choices.as_deref()))
            }
            Quantize::QLinearReduceMean(op) => infer::one(facts.dtype(0), op.dims(facts)),
            Quantize::QLinearAveragePool(op) => match op.layout {
                Layout::ChannelsFirst => {
                    let pool = Convolution::AveragePool(op.pool.clone());
                    infer::one(facts.dtype(0), first_dims(pool.infer(facts)))
                }
                Layout::ChannelsLast => infer::one(facts.dtype(0), unknown_sizes(facts)),
            },
            Quantize::QLinearGlobalAveragePool { layout } => {
                infer::one(facts.dtype(0), global(*layout, facts))
            }
            Quantize::NhwcMaxPool(_) => infer::one(facts.dtype(0), unknown_sizes(facts)),
            Quantize::MatMulNBits(op) => infer::one(facts.dtype(0), op.dims(facts)),
        }
    }
}

impl QGemm {
    fn dtype(&self, facts: &Facts<'_>) -> Option<DType> {
        if !facts.has(7) {
            return Some(DType::F32);
        }
        if facts.has(8) { facts.dtype(8) } else { facts.dtype(0) }
    }

    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let m = facts.dims(0)?.get(usize::from(self.transpose_a))?.clone();
        let n = facts.dims(3)?.get(usize::from(!self.transpose_b))?.clone();
        infer::dims([m, n])
    }
}

impl QLinearReduceMean {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let dims = facts.dims(0)?;
        let reduced: Option<Vec<usize>> =
            self.axes.iter().map(|&axis| crate::resolve_axis(axis, dims.len())).collect();
        let reduced = reduced?;
        let is_reduced = |axis: usize| reduced.is_empty() || reduced.contains(&axis);
        let kept =
            dims.iter().enumerate().filter_map(|(axis, dim)| match (is_reduced(axis), self.keep_dims) {
                (false, _) => Some(dim.clone()),
                (true, true) => Some(Dim::Known(1)),
                (true, false) => None,
            });
        infer::dims(kept)
    }
}

impl MatMulNBits {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let (_, leading) = facts.dims(0)?.split_last()?;
        infer::dims(leading.iter().cloned().chain([Dim::Known(self.n)]))
    }
}

/// The dimensions of the matrix product of inputs `a` and `b`.
fn product(facts: &Facts<'_>, a: usize, b: usize) -> Dims {
    let of = [facts.fact(a), facts.fact(b)];
    first_dims(super::Linear::MatMul.infer(&Facts::new(&of, 1)))
}

/// The result of the convolution of input `x` with input `weights`.
fn convolution(conv: &Conv, facts: &Facts<'_>, x: usize, weights: usize, dtype: Option<DType>) -> Inferred {
    let of = [facts.fact(x), facts.fact(weights)];
    infer::one(dtype, first_dims(Convolution::Conv(conv.clone()).infer(&Facts::new(&of, 1))))
}

fn first_dims(inferred: Inferred) -> Dims {
    inferred.first()?.ty.dims().map(Into::into)
}

/// As many dimensions as input 0 has, the first one the same.
fn unknown_sizes(facts: &Facts<'_>) -> Dims {
    let dims = facts.dims(0)?;
    infer::dims(dims.iter().enumerate().map(|(i, dim)| if i == 0 { dim.clone() } else { Dim::Unknown }))
}

fn global(layout: Layout, facts: &Facts<'_>) -> Dims {
    let dims = facts.dims(0)?;
    let channel = if layout == Layout::ChannelsFirst { 1 } else { dims.len().checked_sub(1)? };
    let kept = |i: usize| i == 0 || i == channel;
    infer::dims(dims.iter().enumerate().map(|(i, dim)| if kept(i) { dim.clone() } else { Dim::Known(1) }))
}

fn concatenated(axis: i64, facts: &Facts<'_>) -> Dims {
    let mut dims: Vec<Dim> = facts.dims(2)?.to_vec();
    let axis = crate::resolve_axis(axis, dims.len())?;
    let sizes: Option<usize> = (2..facts.len()).step_by(3).map(|i| facts.dims(i)?.get(axis)?.known()).sum();
    dims[axis] = sizes.map_or(Dim::Unknown, Dim::Known);
    infer::dims(dims)
}
