//! The equation of a sum of products: `ij,jk->ik`.

use crate::infer::Facts;
use crate::{Dim, Dims};

/// Which dimensions of the operands go together, and which the result has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Equation {
    /// The dimensions of each operand.
    pub inputs: Vec<Vec<Label>>,
    /// The dimensions of the result, also where the text left them to the rule.
    pub output: Vec<Label>,
}

/// The name of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Label {
    /// Any number of dimensions, broadcast from the last.
    Ellipsis,
    /// One dimension: an ASCII letter.
    Letter(u8),
}

/// Why a text is no equation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum EquationError {
    /// A character that has no meaning.
    #[error("character {0:?} has no meaning")]
    Character(char),
    /// More than one ellipsis in a term.
    #[error("a term has more than one ellipsis")]
    TwoEllipses,
    /// More than one arrow.
    #[error("there is more than one arrow")]
    TwoArrows,
    /// The result names a dimension twice.
    #[error("the result names a dimension twice")]
    RepeatedOutput,
    /// The result names a dimension that no operand has.
    #[error("the result names a dimension that no operand has")]
    UnknownOutput,
}

impl Equation {
    /// Parses `text`; spaces do not matter.
    ///
    /// # Errors
    /// [`EquationError`].
    ///
    /// # Example
    /// ```
    /// use dunlin_ir::op::linear::{Equation, Label};
    /// let equation = Equation::parse("bij, bjk")?;
    /// assert_eq!(equation.output, [Label::Letter(b'i'), Label::Letter(b'k')]);
    /// # Ok::<(), dunlin_ir::op::linear::EquationError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Equation, EquationError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut sides = text.split("->");
        let left = sides.next().unwrap_or_default();
        let right = sides.next();
        if sides.next().is_some() {
            return Err(EquationError::TwoArrows);
        }
        let inputs = left.split(',').map(term).collect::<Result<Vec<_>, _>>()?;
        let output = match right {
            Some(right) => term(right)?,
            None => implied_output(&inputs),
        };
        for (i, label) in output.iter().enumerate() {
            if output[..i].contains(label) {
                return Err(EquationError::RepeatedOutput);
            }
            let known = inputs.iter().any(|labels| labels.contains(label));
            if !known && *label != Label::Ellipsis {
                return Err(EquationError::UnknownOutput);
            }
        }
        Ok(Equation { inputs, output })
    }

    /// How many dimensions the ellipsis of a term stands for in an operand of `rank` dimensions; `None` if the rank
    /// does not fit the term.
    pub fn ellipsis_rank(term: &[Label], rank: usize) -> Option<usize> {
        let n_letters = term.iter().filter(|label| **label != Label::Ellipsis).count();
        let rest = rank.checked_sub(n_letters)?;
        (rest == 0 || term.contains(&Label::Ellipsis)).then_some(rest)
    }

    /// The dimensions of the result, as far as the operands' are known.
    pub(super) fn dims(&self, facts: &Facts<'_>) -> Dims {
        let mut ellipsis: Vec<Dim> = Vec::new();
        let mut letters = vec![Dim::Known(1); 128];
        for (i, term) in self.inputs.iter().enumerate() {
            let dims = facts.dims(i)?;
            let ellipsis_rank = Self::ellipsis_rank(term, dims.len())?;
            let mut rest = dims;
            for label in term {
                let (these, others) =
                    rest.split_at(if *label == Label::Ellipsis { ellipsis_rank } else { 1 });
                rest = others;
                match label {
                    Label::Ellipsis => {
                        ellipsis = crate::infer::broadcast_dims(Some(&ellipsis), Some(these))?.to_vec();
                    }
                    Label::Letter(letter) => {
                        let slot = letters.get_mut(usize::from(*letter))?;
                        *slot = crate::infer::broadcast_dims(Some(std::slice::from_ref(slot)), Some(these))?
                            .pop()?;
                    }
                }
            }
        }
        let sizes = self.output.iter().flat_map(|label| match label {
            Label::Ellipsis => ellipsis.clone(),
            Label::Letter(letter) => vec![letters[usize::from(*letter)].clone()],
        });
        Some(sizes.collect())
    }
}

fn term(text: &str) -> Result<Vec<Label>, EquationError> {
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            if labels.contains(&Label::Ellipsis) {
                return Err(EquationError::TwoEllipses);
            }
            labels.push(Label::Ellipsis);
            rest = after;
            continue;
        }
        if !c.is_ascii_alphabetic() {
            return Err(EquationError::Character(c));
        }
        labels.push(Label::Letter(c as u8));
        rest = &rest[1..];
    }
    Ok(labels)
}

/// The ellipsis, then the letters that appear once, in order.
fn implied_output(inputs: &[Vec<Label>]) -> Vec<Label> {
    let all: Vec<Label> = inputs.iter().flatten().copied().collect();
    let count = |label: Label| all.iter().filter(|other| **other == label).count();
    let mut output: Vec<Label> = all.iter().copied().filter(|label| count(*label) == 1).collect();
    output.retain(|label| *label != Label::Ellipsis);
    output.sort_unstable();
    if all.contains(&Label::Ellipsis) {
        output.insert(0, Label::Ellipsis);
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(labels: &[Label]) -> String {
        labels
            .iter()
            .map(|label| match label {
                Label::Ellipsis => '.',
                Label::Letter(letter) => char::from(*letter),
            })
            .collect()
    }

    #[test]
    fn outputs_are_as_written_or_as_implied() {
        let cases = [
            ("ij,jk->ki", "ki"),
            ("ij,jk", "ik"),
            ("bA,A", "b"),
            ("aB", "Ba"),
            ("...ij , ...jk", ".ik"),
            ("i...->...", "."),
            ("ii", ""),
            (",ij->ij", "ij"),
            ("", ""),
        ];
        for (equation, want) in cases {
            assert_eq!(text(&Equation::parse(equation).unwrap().output), want, "{equation}");
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        let cases = [
            ("i1->i", EquationError::Character('1')),
            ("i.j", EquationError::Character('.')),
            ("......", EquationError::TwoEllipses),
            ("i->i->i", EquationError::TwoArrows),
            ("i->ii", EquationError::RepeatedOutput),
            ("i->j", EquationError::UnknownOutput),
        ];
        for (equation, want) in cases {
            assert_eq!(Equation::parse(equation), Err(want), "{equation}");
        }
    }
}
