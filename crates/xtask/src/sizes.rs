//! `cargo xtask sizes`: how large the library is, built in several ways, as docs/size.md lists it.

use std::fmt::Write as _;

use anyhow::Result;

use crate::dist::build::Recipe;
use crate::dist::system::System;
use crate::dist::{package, scratch};
use crate::{place, slim};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Build without each family of operators too: a few minutes for each.
    #[arg(long)]
    each: bool,
}

/// The families of operators that are features, as crates/native has them.
const FAMILIES: &[&str] = &["image", "ml", "quantize", "random", "recurrent", "signal", "text", "training"];

const HEAD: &str = "# The size of the library

Written by `cargo xtask sizes`; do not edit. Bytes of the stripped shared library for x86-64 with kernels for AVX-512, AVX2 and any processor,
linked as `cargo xtask dist` does. docs/packages.md says how each is built.

| build | bytes | MB |
|---|---:|---:|
";

/// Builds each way, prints, and writes docs/size.md.
pub fn run(args: &Args) -> Result<()> {
    let digits = place::repository().join("examples/digits/digits.onnx");
    let rows = slim::operators(&[digits])?;
    let with = |recipe: Recipe, features: &[&str]| Recipe {
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
        ..recipe
    };
    let bare = || Recipe { no_default_features: true, ..Recipe::full() };
    let mut builds = vec![
        ("everything, CPU".to_owned(), Recipe::full()),
        ("everything, CPU and candle (`--features candle`)".to_owned(), with(Recipe::full(), &["candle"])),
        ("no optional family of operators (`--no-default-features`)".to_owned(), bare()),
        ("the operators of examples/digits/digits.onnx (`cargo xtask slim`)".to_owned(), slim::recipe(&rows)),
        ("the same, with candle".to_owned(), with(slim::recipe(&rows), &["candle"])),
    ];
    for &family in FAMILIES.iter().filter(|_| args.each) {
        let others: Vec<&str> = FAMILIES.iter().copied().filter(|&other| other != family).collect();
        builds.push((format!("everything but `{family}`"), with(bare(), &others)));
    }
    let (system, mut document) = (System::here()?, HEAD.to_owned());
    for (name, recipe) in builds {
        let file = package(&recipe.build(system)?, system, &scratch()?.join("sizes"), false)?;
        let bytes = std::fs::metadata(file)?.len();
        println!("{name}: {bytes}");
        writeln!(document, "| {name} | {bytes} | {:.2} |", bytes as f64 / 1e6)?;
        std::fs::write(place::repository().join("docs/size.md"), &document)?;
    }
    Ok(())
}
