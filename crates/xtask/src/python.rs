//! The Python side: a virtual environment in the cache, and the scripts that run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::check;

/// What every script needs.
pub const BASE: &str = "requirements.txt";

/// What the measured engines need on top.
pub const PEERS: &str = "requirements-peers.txt";

/// zig, whose linker brings old C libraries along.
pub const ZIG: &str = "requirements-zig.txt";

/// Runs a script that takes the cache, the table of models, and parts of names.
pub fn on_models(script: &str, filter: &[String]) -> Result<()> {
    let table = place::repository().join("tests/models.toml");
    let mut args = vec![place::cache()?.into_os_string(), table.into_os_string()];
    args.extend(filter.iter().map(Into::into));
    run(script, &args)
}

/// Runs a script of crates/xtask/python to its end.
pub fn run(script: &str, args: &[impl AsRef<OsStr>]) -> Result<()> {
    let status = command(&[BASE], script)?.args(args).status()?;
    if !status.success() {
        bail!("{script} ended with {status}");
    }
    Ok(())
}

/// A script, to be started in the environment that holds `requirements`.
pub fn command(requirements: &[&str], script: &str) -> Result<Command> {
    let mut command = Command::new(environment(requirements)?);
    command.arg(scripts().join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

fn scripts() -> PathBuf {
    place::repository().join("crates/xtask/python")
}

/// The interpreter of the cache's environment, with all of `requirements` installed.
pub fn environment(requirements: &[&str]) -> Result<PathBuf> {
    environment_in("venv", requirements)
}

/// The interpreter that environments are made with.
pub fn base() -> String {
    std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// The interpreter of an environment's folder.
pub fn interpreter(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// As [`environment`], in the cache's folder of this name.
pub fn environment_in(name: &str, requirements: &[&str]) -> Result<PathBuf> {
    let folder = place::cache()?.join(name);
    let interpreter = interpreter(&folder);
    if !interpreter.exists() {
        let base = base();
        check(Command::new(&base).args(["-m", "venv"]).arg(&folder))
            .with_context(|| format!("{base} cannot make a virtual environment"))?;
    }
    for name in requirements {
        install(&interpreter, &folder, name)?;
    }
    Ok(interpreter)
}

/// Installs a requirements file unless its installed copy in the environment says the same.
fn install(interpreter: &Path, folder: &Path, name: &str) -> Result<()> {
    let (wanted, installed) = (scripts().join(name), folder.join(name));
    let text = fs::read(&wanted).with_context(|| format!("reading {}", wanted.display()))?;
    if fs::read(&installed).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let start = Instant::now();
    check(
        Command::new(interpreter)
            .args(["-m", "pip", "--disable-pip-version-check", "-q", "install", "-r"])
            .arg(&wanted),
    )?;
    fs::write(&installed, text)?;
    println!("  installed {name} in {}  {:.1} s", folder.display(), start.elapsed().as_secs_f32());
    Ok(())
}
