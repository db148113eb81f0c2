//! Runs models through one library or another, and compares what comes out to the bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::check;

/// The program that runs a model on made-up inputs.
const SOURCE: &str = "crates/xtask/c/probe.c";

/// What the library in `folder` answers for a model: a line for each output, or the error.
pub fn answer(folder: &Path, model: &Path) -> Result<String> {
    let program = compiled(folder)?;
    let output = Command::new(&program).arg(model).env("LD_LIBRARY_PATH", folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.is_empty() {
        bail!("{} ended with {} on {}", program.display(), output.status, model.display());
    }
    Ok(said)
}

/// Checks that two libraries answer alike for each model.
pub fn compare(folder: &Path, full: &Path, models: &[PathBuf]) -> Result<()> {
    for model in models {
        let (ours, theirs) = (answer(folder, model)?, answer(full, model)?);
        let name = model.file_name().unwrap_or_default().to_string_lossy();
        if ours != theirs {
            bail!("{name}: the library answers {ours:?}, the full one {theirs:?}");
        }
        println!("  {name}: as the full library answers: {}", theirs.trim().replace('\n', "; "));
    }
    Ok(())
}

/// The program, linked to the library in `folder` and laid beside it.
fn compiled(folder: &Path) -> Result<PathBuf> {
    let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let program = crate::dist::scratch()?.join("probe");
    let mut compile = Command::new("cc");
    compile.current_dir(place::repository()).args([
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-Iinclude",
    ]);
    check(compile.args([SOURCE, "-o"]).arg(&program).arg("-L").arg(&folder).arg("-ldunlin"))?;
    Ok(program)
}
