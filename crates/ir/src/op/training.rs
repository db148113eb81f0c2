//! Operators of training: losses and optimiser steps.

use crate::infer::{Facts, Inferred};

/// Operators of training: losses and optimiser steps.
#[derive(Debug, Clone, PartialEq)]
pub enum Training {}

impl Training {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
