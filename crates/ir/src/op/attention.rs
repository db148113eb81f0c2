//! Operators of attention and its neighbours: rotary embedding, skip norms, key/value caches.

use crate::infer::{Facts, Inferred};

/// Operators of attention and its neighbours: rotary embedding, skip norms, key/value caches.
#[derive(Debug, Clone, PartialEq)]
pub enum Attention {}

impl Attention {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
