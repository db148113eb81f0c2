//! Operators of classical machine learning: trees, linear models, support vectors, scalers, encoders.

use crate::infer::{Facts, Inferred};

/// Operators of classical machine learning: trees, linear models, support vectors, scalers, encoders.
#[derive(Debug, Clone, PartialEq)]
pub enum Ml {}

impl Ml {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
