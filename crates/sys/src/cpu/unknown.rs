//! Architectures whose extensions nobody asks for.

pub(super) fn features() -> Vec<(&'static str, bool)> {
    Vec::new()
}
