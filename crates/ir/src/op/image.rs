//! Operators of images and grids: resize, grid sampling, regions of interest.

use crate::infer::{Facts, Inferred};

/// Operators of images and grids: resize, grid sampling, regions of interest.
#[derive(Debug, Clone, PartialEq)]
pub enum Image {}

impl Image {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
