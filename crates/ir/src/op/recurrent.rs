//! Operators of recurrent networks: RNN, GRU, LSTM.

use crate::infer::{Facts, Inferred};

/// Operators of recurrent networks: RNN, GRU, LSTM.
#[derive(Debug, Clone, PartialEq)]
pub enum Recurrent {}

impl Recurrent {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
