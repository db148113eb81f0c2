//! Operators of data movement: reshape, transpose, concatenate, slice, pad, tile and their kin.

use crate::infer::{Facts, Inferred};

/// Operators of data movement: reshape, transpose, concatenate, slice, pad, tile and their kin.
#[derive(Debug, Clone, PartialEq)]
pub enum Movement {}

impl Movement {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
