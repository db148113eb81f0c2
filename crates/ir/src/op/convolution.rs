//! Operators of convolution and pooling.

use crate::infer::{Facts, Inferred};

/// Operators of convolution and pooling.
#[derive(Debug, Clone, PartialEq)]
pub enum Convolution {}

impl Convolution {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
