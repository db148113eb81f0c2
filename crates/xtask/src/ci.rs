//! `cargo xtask ci`: every check, or the parts that are named, each with its time.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell::{cargo, check};
use crate::{bindings, dist, layering, native, scenario, wheel};

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// Only these parts.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(PARTS.iter().map(|part| part.name)))]
    parts: Vec<String>,
    /// Stop at the first part that fails.
    #[arg(long)]
    fail_fast: bool,
}

struct Part {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// The parts in the order in which they run: what fails quickest comes first.
const PARTS: &[Part] = &[
    Part { name: "fmt", run: fmt },
    Part { name: "layering", run: layering::check },
    Part { name: "deny", run: deny },
    Part { name: "clippy", run: clippy },
    Part { name: "doc", run: doc },
    Part { name: "test", run: test },
    Part { name: "native", run: native::check_all },
    Part { name: "kotlin", run: bindings::kotlin::check_all },
    Part { name: "python", run: wheel::check_all },
    Part { name: "scenarios", run: scenario::run },
    Part { name: "dist", run: dist::check_all },
    Part { name: "valgrind", run: native::check_valgrind },
    Part { name: "conformance", run: conformance },
    Part { name: "models", run: models },
    Part { name: "native-models", run: native::check_models },
    Part { name: "accuracy", run: accuracy },
    Part { name: "corrupt", run: corrupt },
    Part { name: "hammer", run: hammer },
];

/// Runs the parts; an error names those that failed.
pub fn run(args: &Args) -> Result<()> {
    let wanted = |part: &&Part| args.parts.is_empty() || args.parts.iter().any(|name| name == part.name);
    let mut rows: Vec<(&str, Duration, bool)> = Vec::new();
    for part in PARTS.iter().filter(wanted) {
        println!("== {}", part.name);
        let start = Instant::now();
        let outcome = (part.run)();
        if let Err(error) = &outcome {
            println!("error: {error:#}");
        }
        rows.push((part.name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() && args.fail_fast {
            break;
        }
    }
    println!("==");
    for (name, time, passed) in &rows {
        let verdict = if *passed { "ok" } else { "FAILED" };
        println!("{name:<12} {:>7.1} s  {verdict}", time.as_secs_f32());
    }
    let failed: Vec<&str> = rows.iter().filter(|(.., passed)| !passed).map(|(name, ..)| *name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// All crates but the library of accelerators: with it, cargo would turn candle on in all of them.
const WITHOUT_ACCELERATORS: [&str; 3] = ["--workspace", "--exclude", "dunlin-cuda"];

fn fmt() -> Result<()> {
    check(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let rest = ["--all-targets", "--quiet", "--", "--deny", "warnings"];
    check(cargo(&["clippy"]).args(WITHOUT_ACCELERATORS).args(rest))?;
    check(cargo(&["clippy", "--package", "dunlin-cuda"]).args(rest))
}

fn doc() -> Result<()> {
    let mut command = cargo(&["doc", "--no-deps", "--quiet"]);
    check(command.args(WITHOUT_ACCELERATORS).env("RUSTDOCFLAGS", "--deny warnings"))
}

fn test() -> Result<()> {
    check(cargo(&["test", "--quiet"]).args(WITHOUT_ACCELERATORS))
}

/// Licences, bans and sources. Installing the tool takes minutes, so without it only CI insists.
fn deny() -> Result<()> {
    let present = cargo(&["deny", "--version"]).output()?.status.success();
    if !present && std::env::var_os("CI").is_none() {
        println!("cargo-deny is not installed: left out (`cargo install --locked cargo-deny`)");
        return Ok(());
    }
    if !present {
        check(&mut cargo(&["install", "--locked", "--quiet", "cargo-deny"]))?;
    }
    check(&mut cargo(&["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
}

fn conformance() -> Result<()> {
    xtask(&["conformance", "--profile", "checked"])
}

fn models() -> Result<()> {
    xtask(&["models"])?;
    xtask(&["golden"])
}

fn accuracy() -> Result<()> {
    xtask(&["accuracy"])
}

fn corrupt() -> Result<()> {
    xtask(&["corrupt", "--seconds", "240"])
}

fn hammer() -> Result<()> {
    xtask(&["hammer", "--seconds", "2"])
}

/// One of our own commands.
fn xtask(args: &[&str]) -> Result<()> {
    check(Command::new(std::env::current_exe()?).args(args))
}
