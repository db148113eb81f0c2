//! Operators of sequences and optionals.

use crate::infer::{Fact, Facts, Inferred, join};
use crate::{DType, Dim, Dims, Shape, Type};

/// Operators of sequences and optionals.
#[derive(Debug, Clone, PartialEq)]
pub enum Sequence {
    /// A sequence of all inputs.
    SequenceConstruct,
    /// An empty sequence for tensors of this element type.
    SequenceEmpty(DType),
    /// A sequence with a value more, before position input 2 or at the end.
    SequenceInsert,
    /// A sequence without its element at position input 1, or without the last.
    SequenceErase,
    /// The element of a sequence at a position.
    SequenceAt,
    /// How many elements a sequence has.
    SequenceLength,
    /// Cuts a tensor into a sequence.
    SplitToSequence(SplitToSequence),
    /// Joins a sequence of tensors into one.
    ConcatFromSequence(ConcatFromSequence),
    /// An optional with the input, or an empty one of this type.
    Optional(Option<Type>),
    /// What an optional holds; anything else is its own element.
    OptionalGetElement,
    /// Whether an optional holds something. Anything else counts as held, a missing input as not.
    OptionalHasElement,
}

/// How a tensor is cut: by input 1 (sizes, or the size of each part), or into slices of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitToSequence {
    /// Along which axis.
    pub axis: i64,
    /// Whether slices of one keep the axis; parts of given sizes always do.
    pub keep_dims: bool,
}

/// How a sequence is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcatFromSequence {
    /// Along which axis.
    pub axis: i64,
    /// Whether the axis is new.
    pub new_axis: bool,
}

impl Sequence {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Sequence::SequenceConstruct => "SequenceConstruct",
            Sequence::SequenceEmpty(_) => "SequenceEmpty",
            Sequence::SequenceInsert => "SequenceInsert",
            Sequence::SequenceErase => "SequenceErase",
            Sequence::SequenceAt => "SequenceAt",
            Sequence::SequenceLength => "SequenceLength",
            Sequence::SplitToSequence(_) => "SplitToSequence",
            Sequence::ConcatFromSequence(_) => "ConcatFromSequence",
            Sequence::Optional(_) => "Optional",
            Sequence::OptionalGetElement => "OptionalGetElement",
            Sequence::OptionalHasElement => "OptionalHasElement",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let scalar = |dtype| Type::tensor(dtype, &Shape::scalar());
        let sequence = |of: Type| Type::Sequence(Box::new(of));
        let ty = match self {
            Sequence::SequenceConstruct => {
                let types = (0..facts.len()).map(|i| ty(facts, i));
                sequence(types.reduce(|a, b| join(&a, &b)).unwrap_or_default())
            }
            Sequence::SequenceEmpty(dtype) => sequence(Type::partial(Some(*dtype), None)),
            Sequence::SequenceInsert => sequence(join(&element(facts, 0), &ty(facts, 1))),
            Sequence::SequenceErase => sequence(element(facts, 0)),
            Sequence::SequenceAt => element(facts, 0),
            Sequence::SequenceLength => scalar(DType::I64),
            Sequence::SplitToSequence(op) => sequence(op.part(facts)),
            Sequence::ConcatFromSequence(op) => op.joined(&element(facts, 0)),
            Sequence::Optional(Some(of)) if !facts.has(0) => Type::Optional(Box::new(of.clone())),
            Sequence::Optional(_) => Type::Optional(Box::new(ty(facts, 0))),
            Sequence::OptionalGetElement => match ty(facts, 0) {
                Type::Optional(of) => *of,
                other => other,
            },
            Sequence::OptionalHasElement => scalar(DType::Bool),
        };
        smallvec::smallvec![Fact::of(ty)]
    }
}

impl SplitToSequence {
    fn part(self, facts: &Facts<'_>) -> Type {
        let dims: Dims = facts.dims(0).and_then(|dims| {
            let at = crate::resolve_axis(self.axis, dims.len())?;
            let mut dims: smallvec::SmallVec<[Dim; 4]> = dims.into();
            match (facts.has(1), self.keep_dims) {
                (true, _) => dims[at] = Dim::Unknown,
                (false, true) => dims[at] = Dim::Known(1),
                (false, false) => drop(dims.remove(at)),
            }
            Some(dims)
        });
        Type::partial(facts.dtype(0), dims)
    }
}

impl ConcatFromSequence {
    fn joined(self, element: &Type) -> Type {
        let dims: Dims = element.dims().and_then(|dims| {
            let mut dims: smallvec::SmallVec<[Dim; 4]> = dims.into();
            let at = crate::resolve_axis(self.axis, dims.len() + usize::from(self.new_axis))?;
            if self.new_axis {
                dims.insert(at, Dim::Unknown);
            } else {
                dims[at] = Dim::Unknown;
            }
            Some(dims)
        });
        Type::partial(element.dtype(), dims)
    }
}

fn ty(facts: &Facts<'_>, i: usize) -> Type {
    facts.fact(i).map(|fact| fact.ty.clone()).unwrap_or_default()
}

fn element(facts: &Facts<'_>, i: usize) -> Type {
    match ty(facts, i) {
        Type::Sequence(of) => *of,
        _ => Type::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_in_and_out_of_sequences() {
        let a = Fact::known(DType::F32, &Shape::new(&[2, 3]));
        let b = Fact::known(DType::F32, &Shape::new(&[4, 3]));
        let both = Sequence::SequenceConstruct.infer(&Facts::new(&[Some(&a), Some(&b)], 1));
        assert_eq!(both[0].ty.to_string(), "sequence of float32[?, 3]");
        let facts = [Some(&both[0])];
        let of = |op: Sequence| op.infer(&Facts::new(&facts, 1))[0].ty.to_string();
        assert_eq!(of(Sequence::SequenceAt), "float32[?, 3]");
        let concat = |axis, new_axis| of(Sequence::ConcatFromSequence(ConcatFromSequence { axis, new_axis }));
        assert_eq!(concat(1, false), "float32[?, ?]");
        assert_eq!(concat(-1, true), "float32[?, 3, ?]");
    }
}
