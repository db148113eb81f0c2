//! Lowering of the quantize family.

use super::Row;

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[];
