//! `cargo xtask slim`: a library that holds what certain models need, and nothing more.

mod cost;
mod probe;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dist::build::{Linker, Recipe};
use crate::dist::system::System;
use crate::dist::{check, package, scratch};
use crate::shell::output;
use crate::{place, workers};

/// What is built for which models.
#[derive(clap::Args)]
pub struct Args {
    /// The models that the library is to run.
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// The folder that the package is laid out in; what lies there stays.
    #[arg(long)]
    out: PathBuf,
    /// Features of crates/native on top of the default ones.
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// What links on Linux.
    #[arg(long, value_enum, default_value = "zig")]
    linker: Linker,
    /// Build once more without each operator, and say by how much the library shrinks: takes a minute or more for each.
    #[arg(long)]
    each: bool,
}

/// Builds, says what costs how much, and compares answers with those of the full library.
pub fn run(args: &Args) -> Result<()> {
    let rows = operators(&args.models)?;
    println!("operators:\n  {}", rows.trim().replace('\n', "\n  "));
    let wanted = |rows: &str| Recipe { features: args.features.clone(), linker: args.linker, ..recipe(rows) };
    let (system, full) = (System::here()?, Recipe { linker: args.linker, ..Recipe::full() });
    let built = wanted(&rows).build(system)?;
    cost::print(&built.folder.join("libdunlin.so"))?;
    let library = package(&built, system, &args.out, args.linker == Linker::Zig)?;
    let bytes = std::fs::metadata(&library)?.len();
    if args.each {
        for row in rows.lines() {
            let others: String =
                rows.lines().filter(|other| other != &row).map(|row| format!("{row}\n")).collect();
            let without = wanted(&others).build(system)?;
            let out = scratch()?.join("without");
            let less = std::fs::metadata(package(&without, system, &out, false)?)?.len();
            let name = row.split_whitespace().next().unwrap_or_default();
            println!("  {name}: {} bytes", bytes.saturating_sub(less));
        }
    }
    let out = scratch()?.join("full");
    package(&full.build(system)?, system, &out, args.linker == Linker::Zig)?;
    probe::compare(&args.out.join("lib"), &out.join("lib"), &args.models)
}

/// Bytes that the library for the digit classifier may have.
const MAX_DIGITS: u64 = 2_500_000;

/// The check of `cargo xtask ci dist`: the library for the digit classifier is small and answers as the full one, which lies in
/// `full`, and refuses what it does not hold.
pub fn check_digits(full: &Path) -> Result<()> {
    let digits = place::repository().join("examples/digits/digits.onnx");
    let rows = operators(std::slice::from_ref(&digits))?;
    let (system, out) = (System::here()?, scratch()?.join("digits"));
    let built = recipe(&rows).build(system)?;
    cost::print(&built.folder.join("libdunlin.so"))?;
    let library = package(&built, system, &out, true)?;
    check::size(&library, MAX_DIGITS)?;
    probe::compare(&out.join("lib"), full, &[digits])?;
    let refusal = probe::answer(&out.join("lib"), &place::repository().join("fuzz/corpus/onnx/TopK.onnx"))?;
    if !refusal.contains("TopK") || !refusal.contains("left out of this build") {
        bail!("a model with other operators should be refused by the operator's name, not with {refusal:?}");
    }
    println!("  {}", refusal.trim());
    Ok(())
}

/// What is built for the operators of `rows`.
pub fn recipe(rows: &str) -> Recipe {
    Recipe { profile: "slim", operators: Some(rows.to_owned()), ..Recipe::full() }
}

/// A row for each operator that the models need, while they are loaded or when they run.
pub fn operators(models: &[PathBuf]) -> Result<String> {
    let program = workers::build("dunlin-testing", "dunlin-operators", &[], "dev")?;
    let rows = output(Command::new(program).args(models)).context("reading the models")?;
    Ok(rows)
}
