//! Operators of signal processing: Fourier transforms and windows.

use crate::infer::{Facts, Inferred};

/// Operators of signal processing: Fourier transforms and windows.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {}

impl Signal {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
