//! Developer commands: see CONTRIBUTING.md.
fn main() {}
