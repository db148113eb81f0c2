//! The C side: the header against its sources, the exported symbols against their list, and every C and C++ program of examples
//! and tests compiled with all warnings and run.

mod header;
mod library;
mod overhead;
mod program;
mod sanitize;
mod table;

use std::path::PathBuf;

use anyhow::{Result, bail};

pub use header::{SYMBOLS, write as header};
pub use overhead::{Args as OverheadArgs, of as overhead_of, run as overhead};
pub use sanitize::{Args as SanitizeArgs, check_few as check_valgrind, run as sanitize};

use crate::{place, python};
pub use library::Library;
use program::{Expected, Program};
use table::PROGRAMS;

/// Checks that header and symbols are those of the sources, and that the programs that need no fetched model run.
pub fn check_all() -> Result<()> {
    header::check()?;
    let library = Library::build()?;
    library.add_accelerators()?;
    run_all(&library, |program| program.model().is_none())
}

/// Runs the programs that need fetched models, and compares with what ONNX Runtime makes of the same files. Without the models
/// it says what it leaves out; CI insists.
pub fn check_models() -> Result<()> {
    let models = place::cache()?.join("models");
    let is_missing = |program: &&Program| program.model().is_some_and(|model| !models.join(model).exists());
    let missing: Vec<&str> = PROGRAMS.iter().filter(is_missing).map(Program::name).collect();
    if !missing.is_empty() && std::env::var_os("CI").is_some() {
        bail!("{} need models: `cargo xtask models` fetches them", missing.join(", "));
    }
    if !missing.is_empty() {
        println!("left out for want of models (`cargo xtask models`): {}", missing.join(", "));
    }
    let wanted = |program: &Program| program.model().is_some_and(|model| models.join(model).exists());
    if !PROGRAMS.iter().any(&wanted) {
        return Ok(());
    }
    let args = [models.clone(), place::repository(), program::peers()?];
    python::run("examples.py", &args)?;
    run_all(&Library::build()?, wanted)
}

/// A program that takes other arguments each time.
pub fn compile(library: &Library, sources: &'static [&'static str]) -> Result<PathBuf> {
    Program { sources, flags: &[], args: &[], expected: Expected::Text(""), under: &[] }.compile(library)
}

/// Runs all programs that are wanted; an error names those that failed.
fn run_all(library: &Library, wanted: impl Fn(&Program) -> bool) -> Result<()> {
    let mut failed = Vec::new();
    for program in PROGRAMS.iter().filter(|program| wanted(program)) {
        match program.run(library) {
            Ok(out) => println!("  {}: {}", program.title(), first(&out)),
            Err(error) => {
                println!("  {}: {error:#}", program.title());
                failed.push(program.title());
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of the programs failed: {}", failed.len(), failed.join(", "));
    }
    Ok(())
}

/// The beginning of a program's output, for a line of ours.
fn first(out: &str) -> String {
    out.trim().replace('\n', "; ").chars().take(160).collect()
}
