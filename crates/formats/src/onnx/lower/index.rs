//! Lowering of the index family.

use super::Row;

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[];
