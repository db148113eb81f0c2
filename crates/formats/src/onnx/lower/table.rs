//! Finds the lowering function of an operator: the only place where foreign names are looked up.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use dunlin_ir::Op;
use dunlin_ir::built::{self, LeftOut};

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

    /// The same operator with other code.
    const fn with(&self, lower: Lower) -> Row {
        let versions = RangeInclusive::new(*self.versions.start(), *self.versions.end());
        Row { domain: self.domain, name: self.name, versions, lower }
    }

    /// An operator of another domain, for all its versions.
    pub const fn of(domain: &'static str, name: &'static str, lower: Lower) -> Row {
        Row { domain, name, versions: 1..=u32::MAX, lower }
    }
}

/// The highest version of the main domain that is known.
pub const MAX_OPSET: u32 = 28;

/// A family's name and its table; where this build leaves the family out, a table of the same operators without their code.
macro_rules! optional {
    ($name:literal, $table:path) => {{
        const ROWS: [Row; $table.len()] = emptied($table);
        if built::has_family($name) { ($name, $table) } else { ($name, &ROWS as &[Row]) }
    }};
}

const FAMILIES: &[(&str, &[Row])] = &[
    optional!("Attention", super::attention::TABLE),
    ("Control", super::control::TABLE),
    ("Convolution", super::convolution::TABLE),
    ("Elementwise", super::elementwise::TABLE),
    optional!("Image", super::image::TABLE),
    ("Index", super::index::TABLE),
    ("Linear", super::linear::TABLE),
    optional!("Ml", super::ml::TABLE),
    ("Movement", super::movement::TABLE),
    ("Normalize", super::normalize::TABLE),
    optional!("Quantize", super::quantize::TABLE),
    optional!("Random", super::random::TABLE),
    optional!("Recurrent", super::recurrent::TABLE),
    ("Reduce", super::reduce::TABLE),
    optional!("Sequence", super::sequence::TABLE),
    optional!("Signal", super::signal::TABLE),
    optional!("Text", super::text::TABLE),
    optional!("Training", super::training::TABLE),
];

/// The rows without their code.
const fn emptied<const N: usize>(rows: &[Row]) -> [Row; N] {
    let mut emptied = [const { Row::main("", 1..=1, left_out) }; N];
    let mut i = 0;
    while i < N {
        emptied[i] = rows[i].with(left_out);
        i += 1;
    }
    emptied
}

/// Says that an operator is left out of this build.
fn left_out(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let family = family_of(&node.origin.domain, &node.origin.op_type);
    Err(LowerError::LeftOut(LeftOut { feature: family.and_then(built::feature_of) }))
}

/// The family in which an operator is imported, by its name in files.
pub fn family_of(domain: &str, name: &str) -> Option<&'static str> {
    let holds = |rows: &[Row]| rows.iter().any(|row| row.name == name && row.domain == domain);
    FAMILIES.iter().find(|(_, rows)| holds(rows)).map(|(family, _)| *family)
}

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
    FAMILIES.iter().flat_map(|(_, rows)| rows.iter()).map(|row| (row.domain, row.name, *row.versions.start()))
}

type Index = HashMap<(&'static str, &'static str), Vec<&'static Row>>;

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index::new();
        for row in FAMILIES.iter().flat_map(|(_, rows)| rows.iter()) {
            index.entry((row.domain, row.name)).or_default().push(row);
        }
        index
    })
}
