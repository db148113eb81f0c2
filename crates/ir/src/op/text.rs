//! Operators of strings.

use crate::infer::{Facts, Inferred};

/// Operators of strings.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {}

impl Text {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
