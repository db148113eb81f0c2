//! Operators of normalisation: batch, instance, layer, group and RMS norm, LRN, softmax, dropout.

use smallvec::smallvec;

use crate::infer::{self, Fact, Facts, Inferred};
use crate::shape::resolve_axis;
use crate::{DType, Dim, Dims};

/// Operators of normalisation.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Normalize {
    /// Per channel (axis 1), by given statistics or by those of the batch.
    Batch(Batch),
    /// Per sample and group of neighbouring channels.
    Group(Group),
    /// Per sample and channel.
    Instance(Instance),
    /// By mean and variance over the last axes.
    Layer(Layer),
    /// By the root of the mean square over the last axes.
    Rms(Layer),
    /// By the squares of neighbouring channels.
    Lrn(Lrn),
    /// To mean 0 and variance 1 over any axes.
    MeanVariance(MeanVariance),
    /// To length 1 along an axis.
    Lp(Lp),
    /// Softmax, its logarithm, or the maximum's indicator along an axis.
    Softmax(Softmax),
    /// Zeroes random elements when input 2 is true: data, ratio, whether it trains.
    Dropout(Dropout),
}

/// The attributes of batch normalisation: data, scale, bias, mean, variance; to data, running mean and variance,
/// the batch's mean and variance.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Batch {
    /// Added to the variance.
    pub epsilon: f32,
    /// The share of the old running statistics in the new ones.
    pub momentum: f32,
    /// Whether the statistics are those of the batch.
    pub training: bool,
    /// Whether each place of a channel has statistics of its own.
    pub per_place: bool,
}

/// The attributes of group normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Group {
    /// Added to the variance.
    pub epsilon: f32,
    /// How many groups the channels form.
    pub n_groups: usize,
    /// Whether scale and bias are given per group, rather than per channel.
    pub affine_per_group: bool,
}

/// The attributes of instance normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Instance {
    /// Added to the variance.
    pub epsilon: f32,
}

/// The attributes of layer and RMS normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Layer {
    /// The first of the axes that are normalised.
    pub axis: i64,
    /// Added to the variance or the mean square.
    pub epsilon: f32,
    /// The type of the statistics among the outputs.
    pub statistics: DType,
}

/// The attributes of local response normalisation: `x / (bias + alpha / size * sum of squares) ^ beta`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the formula says it")]
pub struct Lrn {
    pub alpha: f32,
    pub beta: f32,
    pub bias: f32,
    /// Over how many channels the squares are summed.
    pub size: usize,
}

/// The attributes of mean-variance normalisation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct MeanVariance {
    /// Over which axes.
    pub axes: Vec<i64>,
}

/// The attributes of normalisation by length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Lp {
    /// Along which axis.
    pub axis: i64,
    /// What the length is.
    pub norm: Norm,
}

/// A length of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Norm {
    /// The sum of absolute values.
    L1,
    /// The root of the sum of squares.
    L2,
}

/// The attributes of softmax and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Softmax {
    /// Which of them.
    pub kind: SoftmaxKind,
    /// Along which axis.
    pub axis: i64,
    /// Whether all axes from `axis` on are taken as one.
    pub flatten: bool,
}

/// Softmax and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum SoftmaxKind {
    /// `exp(x) / sum(exp(x))`
    Softmax,
    /// `x - log(sum(exp(x)))`
    LogSoftmax,
    /// 1 at the first maximum, else 0
    Hardmax,
}

/// The attributes of dropout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Dropout {
    /// Of the random numbers; the run's if there is none.
    pub seed: Option<i64>,
    /// Whether the mask has the data's type, rather than bool.
    pub numeric_mask: bool,
}

impl Normalize {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Normalize::Batch(_) => "BatchNormalization",
            Normalize::Group(_) => "GroupNormalization",
            Normalize::Instance(_) => "InstanceNormalization",
            Normalize::Layer(_) => "LayerNormalization",
            Normalize::Rms(_) => "RMSNormalization",
            Normalize::Lrn(_) => "LRN",
            Normalize::MeanVariance(_) => "MeanVarianceNormalization",
            Normalize::Lp(_) => "LpNormalization",
            Normalize::Softmax(Softmax { kind: SoftmaxKind::Softmax, .. }) => "Softmax",
            Normalize::Softmax(Softmax { kind: SoftmaxKind::LogSoftmax, .. }) => "LogSoftmax",
            Normalize::Softmax(Softmax { kind: SoftmaxKind::Hardmax, .. }) => "Hardmax",
            Normalize::Dropout(_) => "Dropout",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same = || Fact::new(facts.dtype(0), facts.dims(0).map(Into::into));
        match self {
            Normalize::Batch(_) => {
                let running = |i| Fact::new(facts.dtype(i), facts.dims(i).map(Into::into));
                let batch = |i| Fact::new(facts.dtype(0), facts.dims(i).map(Into::into));
                smallvec![same(), running(3), running(4), batch(3), batch(4)]
            }
            Normalize::Layer(layer) => {
                let statistics = || Fact::new(Some(layer.statistics), layer.statistics_dims(facts));
                smallvec![same(), statistics(), statistics()]
            }
            Normalize::Rms(layer) => {
                let scaled = Fact::new(facts.dtype(1), facts.dims(0).map(Into::into));
                smallvec![scaled, Fact::new(Some(layer.statistics), layer.statistics_dims(facts))]
            }
            Normalize::Dropout(dropout) => {
                let mask = if dropout.numeric_mask { facts.dtype(0) } else { Some(DType::Bool) };
                smallvec![same(), Fact::new(mask, facts.dims(0).map(Into::into))]
            }
            _ => infer::one(facts.dtype(0), facts.dims(0).map(Into::into)),
        }
    }
}

impl Layer {
    fn statistics_dims(&self, facts: &Facts<'_>) -> Dims {
        let dims = facts.dims(0)?;
        let axis = resolve_axis(self.axis, dims.len())?;
        let size = |(i, dim): (usize, &Dim)| if i < axis { dim.clone() } else { Dim::Known(1) };
        Some(dims.iter().enumerate().map(size).collect())
    }
}
