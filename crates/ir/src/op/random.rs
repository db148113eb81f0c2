//! Operators of random numbers.

use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Shape};

/// Operators of random numbers.
///
/// A seed in the model makes an operator draw the same numbers in each run; without one it draws from the run's seed.
#[derive(Debug, Clone, PartialEq)]
pub enum Random {
    /// 1 with the probability that the input gives, else 0.
    Bernoulli(Bernoulli),
    /// Class numbers drawn by unnormalised log-probabilities `[batch, classes]`.
    Multinomial(Multinomial),
    /// Normally distributed numbers.
    Normal(Draw),
    /// Uniformly distributed numbers.
    Uniform(Draw),
}

/// The attributes of [`Random::Bernoulli`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bernoulli {
    /// The element type; the input's if none is named.
    pub dtype: Option<DType>,
    /// The model's seed.
    pub seed: Option<f32>,
}

/// The attributes of [`Random::Multinomial`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Multinomial {
    /// The element type: `int32` or `int64`.
    pub dtype: DType,
    /// How many are drawn for each row.
    pub n_samples: usize,
    /// The model's seed.
    pub seed: Option<f32>,
}

/// The attributes of [`Random::Normal`] and [`Random::Uniform`].
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The mean, or the lower bound.
    pub a: f32,
    /// The standard deviation, or the upper bound.
    pub b: f32,
    /// The element type; the input's if none is named.
    pub dtype: Option<DType>,
    /// The shape; the input's if none is given.
    pub shape: Option<Shape>,
    /// The model's seed.
    pub seed: Option<f32>,
}

impl Random {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Random::Bernoulli(_) => "Bernoulli",
            Random::Multinomial(_) => "Multinomial",
            Random::Normal(draw) => draw.either("RandomNormal", "RandomNormalLike"),
            Random::Uniform(draw) => draw.either("RandomUniform", "RandomUniformLike"),
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        match self {
            Random::Bernoulli(op) => infer::one(op.dtype.or(facts.dtype(0)), facts.dims(0).map(Into::into)),
            Random::Multinomial(op) => {
                let batch = facts.dims(0).and_then(|dims| dims.first()).cloned().unwrap_or_default();
                infer::one(Some(op.dtype), infer::dims([batch, Dim::Known(op.n_samples)]))
            }
            Random::Normal(draw) | Random::Uniform(draw) => {
                let dims = match &draw.shape {
                    Some(shape) => infer::dims(shape.iter().map(|&n| Dim::Known(n))),
                    None => facts.dims(0).map(Into::into),
                };
                infer::one(draw.dtype.or(facts.dtype(0)), dims)
            }
        }
    }
}

impl Draw {
    fn either(&self, of_shape: &'static str, like: &'static str) -> &'static str {
        if self.shape.is_some() { of_shape } else { like }
    }
}
