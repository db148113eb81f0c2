//! Operators of sequences, optionals and maps.

use crate::infer::{Facts, Inferred};

/// Operators of sequences, optionals and maps.
#[derive(Debug, Clone, PartialEq)]
pub enum Sequence {}

impl Sequence {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
