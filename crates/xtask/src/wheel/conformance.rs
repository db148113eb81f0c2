//! ONNX's own Python test runner on the package, as an outside client, held against the table of expected failures.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::tests;
use crate::place;
use crate::shell::check;

/// Runs it; an error if a test fails that is not expected to, or passes that is.
pub fn run(wheel: &Path) -> Result<()> {
    let (script, table) = ("bindings/python/tests/onnx_backend.py", "tests/conformance/expected.tsv");
    check(Command::new(tests::environment(wheel)?).args([script, table]).current_dir(place::repository()))
}
