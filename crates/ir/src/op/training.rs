//! Operators of training: losses, and steps of optimisers.

use smallvec::smallvec;

use crate::infer::{Fact, Facts, Inferred};
use crate::{Dim, Dims};

/// Operators of training.
#[derive(Debug, Clone, PartialEq)]
pub enum Training {
    /// The negative of the scores at the targets: log-probabilities, targets, weights per class.
    NegativeLogLikelihoodLoss(Loss),
    /// The same after a softmax: scores, targets, weights per class; to the loss and the log-probabilities.
    SoftmaxCrossEntropyLoss(Loss),
    /// A step of an optimiser: rate, step count, then tensors, gradients and states of the optimiser, each in a row.
    Step(Optimizer),
}

/// The attributes of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// What is made of the losses of all targets.
    pub reduction: Reduction,
    /// A target that does not count.
    pub ignore_index: Option<i64>,
}

/// What is made of many losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// They stay.
    None,
    /// Their mean, weighted.
    Mean,
    /// Their sum.
    Sum,
}

/// An optimiser and its attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Scales by the root of the sum of squared gradients, its state.
    Adagrad(Adagrad),
    /// Scales by running means of gradients and of their squares, its two states.
    Adam(Adam),
    /// Follows a running sum of gradients, its state.
    Momentum(Momentum),
}

/// The attributes of Adagrad.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub struct Adagrad {
    pub decay_factor: f32,
    pub epsilon: f32,
    pub norm_coefficient: f32,
}

/// The attributes of Adam.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub struct Adam {
    pub alpha: f32,
    pub beta: f32,
    pub epsilon: f32,
    pub norm_coefficient: f32,
    pub norm_coefficient_post: f32,
}

/// The attributes of momentum.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub struct Momentum {
    pub alpha: f32,
    pub beta: f32,
    pub norm_coefficient: f32,
    /// Whether the gradient is looked up ahead of the momentum.
    pub nesterov: bool,
}

impl Training {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Training::NegativeLogLikelihoodLoss(_) => "NegativeLogLikelihoodLoss",
            Training::SoftmaxCrossEntropyLoss(_) => "SoftmaxCrossEntropyLoss",
            Training::Step(Optimizer::Adagrad(_)) => "Adagrad",
            Training::Step(Optimizer::Adam(_)) => "Adam",
            Training::Step(Optimizer::Momentum(_)) => "Momentum",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same = |i: usize| Fact::new(facts.dtype(i), facts.dims(i).map(Into::into));
        match self {
            Training::NegativeLogLikelihoodLoss(loss) | Training::SoftmaxCrossEntropyLoss(loss) => {
                smallvec![Fact::new(facts.dtype(0), loss.dims(facts)), same(0)]
            }
            Training::Step(optimizer) => {
                // The new tensors, then the new states; gradients have no counterpart.
                let n = facts.len().saturating_sub(2) / (2 + optimizer.n_states());
                let tensors = (2..2 + n).map(same);
                tensors.chain((2 + 2 * n..2 + (2 + optimizer.n_states()) * n).map(same)).collect()
            }
        }
    }
}

impl Loss {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        match self.reduction {
            Reduction::None => facts.dims(1).map(Into::into),
            Reduction::Mean | Reduction::Sum => Some(std::iter::empty::<Dim>().collect()),
        }
    }
}

impl Optimizer {
    /// How many states it keeps for each tensor.
    pub fn n_states(&self) -> usize {
        match self {
            Optimizer::Adagrad(_) | Optimizer::Momentum(_) => 1,
            Optimizer::Adam(_) => 2,
        }
    }
}
