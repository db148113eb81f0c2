//! The operators, in families: one file each, holding the variants, their attributes and their shape rules.

pub mod activation;
pub mod attention;
pub mod control;
pub mod convolution;
pub mod elementwise;
pub mod image;
pub mod index;
pub mod linear;
pub mod ml;
pub mod movement;
pub mod normalize;
pub mod quantize;
pub mod random;
pub mod recurrent;
pub mod reduce;
pub mod sequence;
pub mod signal;
pub mod text;
pub mod training;
pub mod window;

use smallvec::SmallVec;

use crate::Graph;
use crate::infer::{Facts, Inferred};

pub use activation::Activation;
pub use attention::Attention;
pub use control::Control;
pub use convolution::Convolution;
pub use elementwise::Elementwise;
pub use image::Image;
pub use index::Index;
pub use linear::Linear;
pub use ml::Ml;
pub use movement::Movement;
pub use normalize::Normalize;
pub use quantize::Quantize;
pub use random::Random;
pub use recurrent::Recurrent;
pub use reduce::Reduce;
pub use sequence::Sequence;
pub use signal::Signal;
pub use text::Text;
pub use training::Training;

/// An operator with its attributes: what a node computes.
///
/// Attributes carry the newest semantics of the standard; importers translate older ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Attention and its neighbours: rotary embedding, skip norms, key/value caches.
    Attention(Attention),
    /// Control flow over nested graphs.
    Control(Control),
    /// Convolution and pooling.
    Convolution(Convolution),
    /// One output element per input element.
    Elementwise(Elementwise),
    /// Images and grids: resize, grid sampling, regions of interest.
    Image(Image),
    /// Indexing and selection: gather, scatter, top-k, unique, non-maximum suppression.
    Index(Index),
    /// Matrix products.
    Linear(Linear),
    /// Classical machine learning: trees, linear models, support vectors, scalers, encoders.
    Ml(Ml),
    /// Data movement: reshape, transpose, concatenate, slice, pad, tile and their kin.
    Movement(Movement),
    /// Normalisation: batch, layer, group, instance and RMS norm, softmax, dropout.
    Normalize(Normalize),
    /// Quantization: quantize, dequantize, integer products and the QLinear family.
    Quantize(Quantize),
    /// Random numbers.
    Random(Random),
    /// Recurrent networks: RNN, GRU, LSTM.
    Recurrent(Recurrent),
    /// Reductions, arg-reductions and cumulative sums.
    Reduce(Reduce),
    /// Sequences, optionals and maps.
    Sequence(Sequence),
    /// Signal processing: Fourier transforms and windows.
    Signal(Signal),
    /// Strings.
    Text(Text),
    /// Training: losses and optimiser steps.
    Training(Training),
}

macro_rules! each_family {
    ($op:expr, $family:ident => $body:expr) => {
        match $op {
            Op::Attention($family) => $body,
            Op::Control($family) => $body,
            Op::Convolution($family) => $body,
            Op::Elementwise($family) => $body,
            Op::Image($family) => $body,
            Op::Index($family) => $body,
            Op::Linear($family) => $body,
            Op::Ml($family) => $body,
            Op::Movement($family) => $body,
            Op::Normalize($family) => $body,
            Op::Quantize($family) => $body,
            Op::Random($family) => $body,
            Op::Recurrent($family) => $body,
            Op::Reduce($family) => $body,
            Op::Sequence($family) => $body,
            Op::Signal($family) => $body,
            Op::Text($family) => $body,
            Op::Training($family) => $body,
        }
    };
}

impl Op {
    /// The operator's name, for reports: the ONNX name where the meaning is the same.
    pub fn name(&self) -> &'static str {
        each_family!(self, family => family.name())
    }

    /// The variants that stand for it, outermost first, as [`crate::built`] names them: `Elementwise::Unary`,
    /// `Unary::Relu`.
    pub fn variants(&self) -> Vec<String> {
        let text = match self {
            Op::Reduce(Reduce::Fold(fold)) => format!("Reduce(Fold(FoldKind({:?}", fold.kind),
            _ => format!("{self:?}"),
        };
        let end = text.find([' ', ',', '{', '[', '"']).unwrap_or(text.len());
        let words: Vec<&str> = text[..end].split(['(', ')']).filter(|word| !word.is_empty()).collect();
        words.windows(2).map(|pair| pair.join("::")).collect()
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        each_family!(self, family => family.infer(facts))
    }

    /// The nested graphs of control flow.
    pub fn bodies(&self) -> SmallVec<[&Graph; 2]> {
        match self {
            Op::Control(control) => control.bodies(),
            _ => SmallVec::new(),
        }
    }

    /// The nested graphs of control flow, to be changed. Their inputs must stay as they are.
    pub fn bodies_mut(&mut self) -> SmallVec<[&mut Graph; 2]> {
        match self {
            Op::Control(control) => control.bodies_mut(),
            _ => SmallVec::new(),
        }
    }

    /// Whether two runs on the same inputs may differ: such nodes are neither folded nor merged.
    pub fn is_random(&self) -> bool {
        match self {
            Op::Random(_) | Op::Normalize(Normalize::Dropout(_)) => true,
            Op::Control(control) => control.is_random(),
            _ => false,
        }
    }
}

macro_rules! family_into_op {
    ($($family:ident),* $(,)?) => {
        impl Op {
            /// The name of its family's type.
            pub fn family(&self) -> &'static str {
                match self {
                    $(Op::$family(_) => stringify!($family),)*
                }
            }
        }

        $(impl From<$family> for Op {
            fn from(family: $family) -> Op {
                Op::$family(family)
            }
        })*
    };
}

family_into_op!(
    Attention,
    Control,
    Convolution,
    Elementwise,
    Image,
    Index,
    Linear,
    Ml,
    Movement,
    Normalize,
    Quantize,
    Random,
    Recurrent,
    Reduce,
    Sequence,
    Signal,
    Text,
    Training,
);
