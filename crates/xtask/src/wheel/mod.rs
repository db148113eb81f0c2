//! `cargo xtask wheel`: the Python package as a wheel, checked, and tested in environments of its own.

mod check;
mod conformance;
mod stage;
mod tests;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dist::build::{INLINING, host, variable, zig_linker};
use crate::shell::{cargo, check};
use crate::{place, python};

/// What builds and checks wheels.
const TOOLS: &str = "requirements-wheel.txt";

/// What is made.
#[derive(clap::Args)]
pub struct Args {
    /// The folder that the wheel is put in.
    #[arg(long)]
    out: PathBuf,
    /// The profile of cargo's.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Run the tests of the package on the wheel.
    #[arg(long)]
    test: bool,
    /// Run ONNX's own Python test runner on the wheel, and compare with the table of expected failures.
    #[arg(long)]
    conformance: bool,
    /// Measure what a call costs, beside the C ABI.
    #[arg(long)]
    overhead: bool,
    /// The long forms of tests that have one.
    #[arg(long)]
    long: bool,
}

/// Builds, checks and, if asked to, tests.
///
/// # Errors
/// If something does not build, or a check fails.
pub fn run(args: &Args) -> Result<()> {
    let wheel = build(&args.out, &args.profile)?;
    check::wheel(&wheel)?;
    if args.test {
        tests::run(&wheel, args.long)?;
    }
    if args.conformance {
        conformance::run(&wheel)?;
    }
    if args.overhead {
        tests::overhead(&wheel)?;
    }
    Ok(())
}

/// The check of `cargo xtask ci python`: the wheel as it is shipped, its contents, its tests, its examples, ONNX's test runner.
pub fn check_all() -> Result<()> {
    let out = scratch()?.join("wheels");
    let wheel = build(&out, "dist")?;
    check::wheel(&wheel)?;
    tests::run(&wheel, false)?;
    tests::readme(&wheel)?;
    tests::examples(&wheel)?;
    conformance::run(&wheel)
}

/// Builds the wheel for this machine's processor; on Linux one that needs no more than glibc 2.17.
fn build(out: &Path, profile: &str) -> Result<PathBuf> {
    let tools = python::environment(&[python::ZIG, TOOLS])?;
    let stage = stage::write(&scratch()?.join("stage"))?;
    let target = host()?;
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let out = out.canonicalize()?;
    for old in wheels(&out)? {
        std::fs::remove_file(old)?;
    }
    let mut command = Command::new(&tools);
    command.args([
        "-m",
        "maturin",
        "build",
        "--quiet",
        "--locked",
        "--target",
        &target,
        "--profile",
        profile,
    ]);
    command.arg("--out").arg(&out).current_dir(&stage).env("CARGO_TARGET_DIR", place::target()?);
    if cfg!(target_os = "linux") {
        let scratch = place::target()?.join(&target);
        std::fs::create_dir_all(&scratch)?;
        command.env(variable(&target, "LINKER"), zig_linker(&scratch, &target)?);
        command.args(["--compatibility", "manylinux2014", "--auditwheel", "check"]);
    }
    if profile == "dist" {
        command.env(variable(&target, "RUSTFLAGS"), INLINING);
    }
    if let Some(cargo) = cargo(&[]).get_program().to_str().filter(|path| Path::new(path).is_absolute()) {
        command.env("CARGO", cargo);
    }
    check(&mut command)?;
    match &wheels(&out)?[..] {
        [wheel] => Ok(wheel.clone()),
        found => bail!("{} holds {} wheels", out.display(), found.len()),
    }
}

fn wheels(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let paths = entries.into_iter().map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|extension| extension == "whl")).collect())
}

/// A folder for what is only made on the way.
fn scratch() -> Result<PathBuf> {
    let folder = place::target()?.join("wheel-scratch");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
