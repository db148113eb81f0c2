//! Lowering of the elementwise family.

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Binary, Unary};

use super::{LowerError, Lowered, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Add", 7..=28, |_| binary(Binary::Add)),
    Row::main("Relu", 6..=28, |_| unary(Unary::Relu)),
    Row::main("Identity", 1..=28, |_| unary(Unary::Identity)),
];

fn unary(unary: Unary) -> Result<Lowered, LowerError> {
    Ok(Elementwise::Unary(unary).into())
}

fn binary(binary: Binary) -> Result<Lowered, LowerError> {
    Ok(Elementwise::Binary(binary).into())
}
