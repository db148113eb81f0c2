//! Operators of control flow over nested graphs.

use crate::infer::{Facts, Inferred};

/// Operators of control flow over nested graphs.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {}

impl Control {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
