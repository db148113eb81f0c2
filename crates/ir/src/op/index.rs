//! Operators of indexing and selection: gather, scatter, top-k, unique, non-maximum suppression.

use crate::infer::{Facts, Inferred};

/// Operators of indexing and selection: gather, scatter, top-k, unique, non-maximum suppression.
#[derive(Debug, Clone, PartialEq)]
pub enum Index {}

impl Index {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
