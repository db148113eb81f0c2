//! Lowering of the text family.

use super::Row;

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[];
