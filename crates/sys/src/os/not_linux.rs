//! What other systems are not asked.

/// Unknown.
pub(crate) fn affinity_cpus() -> Option<usize> {
    None
}

/// Unknown.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    None
}
