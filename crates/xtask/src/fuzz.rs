//! `cargo xtask fuzz`: builds the targets in fuzz/ for libFuzzer, with AddressSanitizer, and runs them for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::{cargo, check};

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub struct Args {
    /// The targets; all without.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(TARGETS.iter().map(|target| target.name)))]
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

struct Target {
    name: &'static str,
    /// The longest input that is thought up, in bytes.
    max_input_bytes: u32,
}

const TARGETS: &[Target] = &[
    Target { name: "onnx", max_input_bytes: 16 << 10 },
    Target { name: "npy", max_input_bytes: 4 << 10 },
    Target { name: "image", max_input_bytes: 4 << 10 },
    Target { name: "abi", max_input_bytes: 1 << 10 },
];

/// The system that the sanitizer is used on.
const SYSTEM: &str = "x86_64-unknown-linux-gnu";

/// What makes the compiler count which edges an input reaches, as libFuzzer wants it.
const COVERAGE: &[&str] = &[
    "-Zsanitizer=address",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];

/// Fuzzes each target; the first that finds something ends it all with an error that names the input.
pub fn run(args: &Args) -> Result<()> {
    let binaries = build()?;
    let is_wanted =
        |target: &&Target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name);
    for target in TARGETS.iter().filter(is_wanted) {
        fuzz(target, &binaries, args.seconds)?;
    }
    Ok(())
}

/// Builds the targets; the folder where they lie.
fn build() -> Result<PathBuf> {
    let manifest = place::repository().join("fuzz/Cargo.toml");
    let folder = place::target()?.join("fuzz");
    let mut command = cargo(&["build", "--release", "--quiet", "--target", SYSTEM]);
    command.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&folder);
    // `RUSTC_BOOTSTRAP` makes the sanitizer's flag known to the stable compiler, which ships its runtime.
    check(command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", COVERAGE.join(" ")))?;
    Ok(folder.join(SYSTEM).join("release"))
}

/// Fuzzes one target. What it finds interesting is kept in the cache, for the next time; the repository's corpus is only read.
fn fuzz(target: &Target, binaries: &Path, seconds: u64) -> Result<()> {
    let found = place::cache()?.join("fuzz").join(target.name);
    fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
    let mut command = Command::new(binaries.join(target.name));
    command.arg(&found).arg(place::repository().join("fuzz/corpus").join(target.name));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={}", target.max_input_bytes));
    command.args(["-timeout=30", "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-artifact_prefix={}/", found.with_extension("crashes").display()));
    fs::create_dir_all(found.with_extension("crashes"))?;
    command.env("ASAN_OPTIONS", "allocator_may_return_null=1:detect_leaks=1");
    let status = command.status().context("starting the target")?;
    if !status.success() {
        bail!(
            "{} ended with {status}: the input is in {}; once it is mended, it belongs into fuzz/corpus",
            target.name,
            found.with_extension("crashes").display()
        );
    }
    let total = add_seconds(&found.with_extension("seconds"), seconds)?;
    println!("{}: nothing found in {seconds} s, {:.1} min in all", target.name, total as f64 / 60.0);
    Ok(())
}

/// Keeps account of how long a target has been fuzzed with this cache.
fn add_seconds(path: &Path, seconds: u64) -> Result<u64> {
    let before = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0u64);
    fs::write(path, (before + seconds).to_string())?;
    Ok(before + seconds)
}
