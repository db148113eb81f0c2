//! Operators of normalisation: batch, layer, group, instance and RMS norm, softmax, dropout.

use crate::infer::{Facts, Inferred};

/// Operators of normalisation: batch, layer, group, instance and RMS norm, softmax, dropout.
#[derive(Debug, Clone, PartialEq)]
pub enum Normalize {}

impl Normalize {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
