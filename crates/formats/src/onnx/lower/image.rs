//! Lowering of the image family.

use super::Row;

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[];
