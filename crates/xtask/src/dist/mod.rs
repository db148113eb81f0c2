//! `cargo xtask dist`: the library as it is shipped, laid out for C compilers, pkg-config and CMake, and checked.

pub mod build;
pub mod check;
mod consumer;
mod cuda;
mod deb;
mod layout;
pub mod licences;
pub mod musl;
pub mod system;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use build::{Built, Linker, Recipe};
use layout::Layout;
use system::System;

use crate::shell;

/// What is made.
#[derive(clap::Args)]
pub struct Args {
    /// The folder that the package is laid out in; what lies there stays.
    #[arg(long)]
    out: PathBuf,
    /// Features of crates/native on top of the default ones.
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Without the default features, which are all families of operators.
    #[arg(long)]
    no_default_features: bool,
    /// What links on Linux.
    #[arg(long, value_enum, default_value = "zig")]
    linker: Linker,
    /// Make Debian packages too, in the folder's `debian`.
    #[arg(long)]
    deb: bool,
}

/// Builds, lays out and checks.
pub fn run(args: &Args) -> Result<()> {
    let recipe = Recipe {
        features: args.features.clone(),
        no_default_features: args.no_default_features,
        linker: args.linker,
        ..Recipe::full()
    };
    let (system, scratch) = (System::here()?, scratch()?);
    let built = recipe.build(system)?;
    package(&built, system, &args.out, args.linker == Linker::Zig)?;
    cuda::add(system, &args.out)?;
    consumer::check_all(&args.out, "lib", &scratch.join("consumer"))?;
    if args.deb {
        debian(&built, &args.out.join("debian"), &scratch)?;
    }
    Ok(())
}

/// The check of `cargo xtask ci dist`: the package with everything, its size, Debian's packages where they can be made, and the library
/// for one small model.
pub fn check_all() -> Result<()> {
    let (system, scratch) = (System::here()?, scratch()?);
    shell::check(&mut shell::cargo(&[
        "check",
        "--quiet",
        "--package",
        "dunlin-native",
        "--no-default-features",
        "--features",
        "c",
    ]))?;
    let built = Recipe::full().build(system)?;
    let out = scratch.join("package");
    let library = package(&built, system, &out, true)?;
    check::size(&library, check::MAX_BYTES)?;
    consumer::check_all(&out, "lib", &scratch.join("consumer"))?;
    consumer::examples(&out, "lib", &scratch)?;
    if shell::is_there("dpkg-deb") {
        debian(&built, &out.join("debian"), &scratch)?;
    }
    crate::slim::check_digits(&out.join("lib"))
}

/// Lays the libraries out in `out` and checks the shared one, whose file it returns.
pub fn package(built: &Built, system: System, out: &Path, has_floor: bool) -> Result<PathBuf> {
    let layout = Layout::portable(system);
    layout.write(built, out)?;
    println!("{}", out.display());
    let libraries = system.libraries(&layout.version, &layout.lib);
    let Some(shared) = libraries.first() else { bail!("{system:?} has no libraries") };
    let shared = out.join(&shared.place);
    check::library(&shared, system, has_floor)?;
    for placed in &libraries {
        println!("  {} {} bytes", placed.place, std::fs::metadata(out.join(&placed.place))?.len());
    }
    Ok(shared)
}

fn debian(built: &Built, out: &Path, scratch: &Path) -> Result<()> {
    let files = deb::make(built, &scratch.join("debian"), out)?;
    deb::inspect(&files, &scratch.join("debian"))
}

/// A folder for what is only made to be looked at.
pub fn scratch() -> Result<PathBuf> {
    let folder = crate::place::target()?.join("dist-scratch");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
