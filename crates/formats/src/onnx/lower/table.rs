//! Finds the lowering function of an operator: the only place where foreign names are looked up.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use dunlin_ir::Op;

use super::{LowerError, NodeContext};

/// The main domain.
pub(crate) const MAIN: &str = "";
/// The domain of classical machine learning.
pub(crate) const ML: &str = "ai.onnx.ml";
/// The domain of operators that the standard may still change.
pub(crate) const PREVIEW: &str = "ai.onnx.preview";
/// ONNX Runtime's own operators.
pub(crate) const MICROSOFT: &str = "com.microsoft";

/// What a lowering function leaves to do.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and most are nodes")]
pub(crate) enum Lowered {
    /// Add a node of this operator with the context's inputs and outputs.
    Node(Op),
    /// Nothing: the outputs are bound already.
    Done,
}

impl<T: Into<Op>> From<T> for Lowered {
    fn from(op: T) -> Lowered {
        Lowered::Node(op.into())
    }
}

/// Translates one node.
pub(crate) type Lower = fn(&mut NodeContext<'_, '_>) -> Result<Lowered, LowerError>;

/// One operator, for a range of versions of its domain.
#[derive(Debug)]
pub(crate) struct Row {
    domain: &'static str,
    name: &'static str,
    versions: RangeInclusive<u32>,
    lower: Lower,
}

impl Row {
    /// An operator of the main domain, for the opsets `versions`.
    pub const fn main(name: &'static str, versions: RangeInclusive<u32>, lower: Lower) -> Row {
        Row { domain: MAIN, name, versions, lower }
    }

    /// An operator of another domain, for all its versions.
    pub const fn of(domain: &'static str, name: &'static str, lower: Lower) -> Row {
        Row { domain, name, versions: 1..=u32::MAX, lower }
    }
}

/// The highest version of the main domain that is known.
pub const MAX_OPSET: u32 = 28;

const FAMILIES: &[&[Row]] = &[
    super::attention::TABLE,
    super::control::TABLE,
    super::convolution::TABLE,
    super::elementwise::TABLE,
    super::image::TABLE,
    super::index::TABLE,
    super::linear::TABLE,
    super::ml::TABLE,
    super::movement::TABLE,
    super::normalize::TABLE,
    super::quantize::TABLE,
    super::random::TABLE,
    super::recurrent::TABLE,
    super::reduce::TABLE,
    super::sequence::TABLE,
    super::signal::TABLE,
    super::text::TABLE,
    super::training::TABLE,
];

/// The function that lowers `name` of `domain` in version `opset`.
///
/// # Errors
/// [`LowerError::UnknownOperator`] or [`LowerError::UnknownVersion`].
pub(crate) fn find(domain: &str, name: &str, opset: u32) -> Result<Lower, LowerError> {
    let unknown = || LowerError::UnknownOperator { domain: domain.to_owned(), name: name.to_owned() };
    let rows = index().get(&(domain, name)).ok_or_else(unknown)?;
    let row = rows.iter().find(|row| row.versions.contains(&opset));
    row.map(|row| row.lower).ok_or_else(|| LowerError::UnknownVersion {
        name: name.to_owned(),
        opset,
        known: rows.iter().map(|row| format!("{} to {}", row.versions.start(), row.versions.end())).collect(),
    })
}

/// Every operator that can be imported: domain, name, first version.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str, u32)> {
    FAMILIES.iter().flat_map(|rows| rows.iter()).map(|row| (row.domain, row.name, *row.versions.start()))
}

type Index = HashMap<(&'static str, &'static str), Vec<&'static Row>>;

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index::new();
        for row in FAMILIES.iter().flat_map(|rows| rows.iter()) {
            index.entry((row.domain, row.name)).or_default().push(row);
        }
        index
    })
}
