//! Operators of random numbers.

use crate::infer::{Facts, Inferred};

/// Operators of random numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Random {}

impl Random {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
