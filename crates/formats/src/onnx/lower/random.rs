//! Lowering of the random family.

use super::Row;

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[];
