//! Operators of recurrent networks: RNN, GRU, LSTM.

use smallvec::SmallVec;

use super::activation::Activation;
use super::elementwise::Unary;
use crate::infer::{self, Fact, Facts, Inferred};
use crate::{Dim, Dims};

/// Operators of recurrent networks. Inputs: x `[t, b, d]`, weights `[directions, gates * h, d]`, recurrent weights
/// `[directions, gates * h, h]`, biases `[directions, 2 * gates * h]`?, sequence lengths `[b]`?, initial state
/// `[directions, b, h]`?. Outputs: all states `[t, directions, b, h]`, the last states `[directions, b, h]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Recurrent {
    /// One gate: the state itself.
    Rnn(Sequence),
    /// Update, reset and hidden gates.
    Gru(Gru),
    /// Input, output, forget and cell gates. Further inputs: initial cells?, peepholes `[directions, 3 * h]`?. Further
    /// output: the last cells.
    Lstm(Lstm),
}

/// What all recurrent networks have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Which way the sequence is read.
    pub direction: Direction,
    /// Where the batch dimension is.
    pub layout: Layout,
    /// Bound of what goes into activations, above and below.
    pub clip: Option<f32>,
    /// The activations of the first direction, then those of the second.
    pub activations: SmallVec<[GateActivation; 3]>,
}

/// Which way a sequence is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From its beginning.
    Forward,
    /// From its end.
    Reverse,
    /// Both ways, with weights of their own.
    Both,
}

/// Where the batch dimension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[t, b, d]`, `[t, directions, b, h]`, `[directions, b, h]`
    TimeMajor,
    /// `[b, t, d]`, `[b, t, directions, h]`, `[b, directions, h]`
    BatchMajor,
}

/// The attributes of a GRU.
#[derive(Debug, Clone, PartialEq)]
pub struct Gru {
    /// What all recurrent networks have.
    pub sequence: Sequence,
    /// Whether the reset gate applies to the product of state and weights rather than to the state.
    pub linear_before_reset: bool,
}

/// The attributes of an LSTM.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// What all recurrent networks have.
    pub sequence: Sequence,
    /// Whether the forget gate is one minus the input gate.
    pub couple_gates: bool,
    /// Whether weights are 8-bit integers, stored `[directions, d, 4 * h]` and `[directions, h, 4 * h]`, with scales and
    /// zero points in inputs 8 to 11, and what they are multiplied with is rounded to 8 bits as well.
    pub quantized: bool,
}

/// A function that gates apply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GateActivation {
    /// One of the usual ones.
    Activation(Activation),
    /// `alpha * x + beta`
    Affine {
        /// Factor.
        alpha: f32,
        /// Summand.
        beta: f32,
    },
    /// `alpha * tanh(beta * x)`
    ScaledTanh {
        /// Factor of the result.
        alpha: f32,
        /// Factor of the argument.
        beta: f32,
    },
}

impl Direction {
    /// How many directions there are.
    pub fn count(self) -> usize {
        if self == Direction::Both { 2 } else { 1 }
    }
}

impl GateActivation {
    /// The logistic function.
    pub const SIGMOID: GateActivation = GateActivation::Activation(Activation::Unary(Unary::Sigmoid));
    /// The hyperbolic tangent.
    pub const TANH: GateActivation = GateActivation::Activation(Activation::Unary(Unary::Tanh));
}

impl Recurrent {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Recurrent::Rnn(_) => "RNN",
            Recurrent::Gru(_) => "GRU",
            Recurrent::Lstm(lstm) if lstm.quantized => "DynamicQuantizeLSTM",
            Recurrent::Lstm(_) => "LSTM",
        }
    }

    /// What all recurrent networks have.
    pub fn sequence(&self) -> &Sequence {
        match self {
            Recurrent::Rnn(sequence) => sequence,
            Recurrent::Gru(gru) => &gru.sequence,
            Recurrent::Lstm(lstm) => &lstm.sequence,
        }
    }

    /// How many gates a cell has.
    pub fn n_gates(&self) -> usize {
        match self {
            Recurrent::Rnn(_) => 1,
            Recurrent::Gru(_) => 3,
            Recurrent::Lstm(_) => 4,
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let hidden_axis = if matches!(self, Recurrent::Lstm(lstm) if lstm.quantized) { 1 } else { 2 };
        let hidden = facts.dims(2).and_then(|dims| dims.get(hidden_axis).cloned()).unwrap_or_default();
        let layout = self.sequence().layout;
        let directions = Dim::Known(self.sequence().direction.count());
        let x = |i: usize| facts.dims(0).and_then(|dims| dims.get(i).cloned()).unwrap_or_default();
        let all: [Dim; 4] = match layout {
            Layout::TimeMajor => [x(0), directions.clone(), x(1), hidden.clone()],
            Layout::BatchMajor => [x(0), x(1), directions.clone(), hidden.clone()],
        };
        let last: [Dim; 3] = match layout {
            Layout::TimeMajor => [directions, x(1), hidden],
            Layout::BatchMajor => [x(0), directions, hidden],
        };
        let last: Dims = infer::dims(last);
        let dtype = facts.dtype(0);
        smallvec::smallvec![
            Fact::new(dtype, infer::dims(all)),
            Fact::new(dtype, last.clone()),
            Fact::new(dtype, last),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Shape};

    #[test]
    fn states_have_the_hidden_size() {
        let x =
            Fact::new(Some(DType::F32), infer::dims([Dim::Symbol("t".into()), Dim::Known(2), Dim::Known(5)]));
        let r = Fact::known(DType::F32, &Shape::new(&[2, 28, 7]));
        let sequence = Sequence {
            direction: Direction::Both,
            layout: Layout::TimeMajor,
            clip: None,
            activations: SmallVec::new(),
        };
        let lstm = Recurrent::Lstm(Lstm { sequence, couple_gates: false, quantized: false });
        let out = lstm.infer(&Facts::new(&[Some(&x), None, Some(&r)], 3));
        assert_eq!(out[0].ty.to_string(), "float32[t, 2, 2, 7]");
        assert_eq!(out[2].ty.to_string(), "float32[2, 2, 7]");
    }
}
