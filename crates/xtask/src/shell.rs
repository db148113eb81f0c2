//! Other programs: cargo in the repository, and commands whose failure is an error.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place;

/// Cargo, the one that started us, in the repository's root.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(place::repository()).args(args);
    command
}

/// Runs a command to its end; an error says how it ended.
pub fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !status.success() {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        bail!("`{} {}` ended with {status}", command.get_program().to_string_lossy(), args.join(" "));
    }
    Ok(())
}
