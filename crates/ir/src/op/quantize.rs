//! Operators of quantization: quantize, dequantize, integer products and the QLinear family.

use crate::infer::{Facts, Inferred};

/// Operators of quantization: quantize, dequantize, integer products and the QLinear family.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantize {}

impl Quantize {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match *self {}
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, _facts: &Facts<'_>) -> Inferred {
        match *self {}
    }
}
