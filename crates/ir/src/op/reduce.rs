//! Operators of reductions, arg-reductions and cumulative sums.

use crate::infer::{Facts, Inferred};

/// Operators of reductions, arg-reductions and cumulative sums.
#[derive(Debug, Clone, PartialEq)]
pub enum Reduce {}

impl Reduce {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
