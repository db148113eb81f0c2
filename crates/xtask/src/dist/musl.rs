//! `cargo xtask static`: the `dunlin` command for Linux without any shared library.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build::{has_standard_library, host, rustc, variable, zig_linker};
use super::check::needed;
use crate::place;
use crate::shell::{cargo, check, output};

/// Where the command goes.
#[derive(clap::Args)]
pub struct Args {
    /// The folder.
    #[arg(long)]
    out: PathBuf,
}

/// Where the standard library comes from.
enum Standard {
    /// It is installed.
    Installed,
    /// It is built from the compiler's sources.
    Sources,
}

/// Builds the command, checks that it needs no library, and runs it.
pub fn run(args: &Args) -> Result<()> {
    let host = host()?;
    let processor = host.split('-').next().unwrap_or_default();
    let target = format!("{processor}-unknown-linux-musl");
    let standard = standard_library(&target)?;
    let mut command =
        cargo(&["build", "--quiet", "--package", "dunlin-cli", "--profile", "dist", "--target", &target]);
    if let Standard::Sources = standard {
        let scratch = place::target()?.join(&target);
        std::fs::create_dir_all(&scratch)?;
        command.args(["-Z", "build-std=std,panic_unwind"]).env("RUSTC_BOOTSTRAP", "1");
        command.env(variable(&target, "LINKER"), zig_linker(&scratch, &target)?);
        command.env(variable(&target, "RUSTFLAGS"), "-Ctarget-feature=+crt-static -Clink-self-contained=no");
    }
    check(&mut command)?;
    let file = args.out.join("dunlin");
    std::fs::create_dir_all(&args.out)?;
    std::fs::copy(place::target()?.join(&target).join("dist/dunlin"), &file)?;
    check(Command::new("strip").arg(&file))?;
    let libraries = needed(&file)?;
    if !libraries.is_empty() {
        bail!("{} needs {}", file.display(), libraries.join(", "));
    }
    let digits = ["run", "examples/digits/digits.onnx", "--image", "examples/digits/seven.png"];
    let answer = output(Command::new(file.canonicalize()?).current_dir(place::repository()).args(digits))?;
    println!("{}: {} bytes, needs no library", file.display(), std::fs::metadata(&file)?.len());
    println!("{}", answer.trim());
    Ok(())
}

fn standard_library(target: &str) -> Result<Standard> {
    if has_standard_library(target) {
        return Ok(Standard::Installed);
    }
    let root =
        output(Command::new(rustc()).args(["--print", "sysroot"])).context("asking rustc for its folder")?;
    if Path::new(root.trim()).join("lib/rustlib/src/rust/library/std").is_dir() {
        return Ok(Standard::Sources);
    }
    bail!(
        "no standard library for {target}: `rustup target add {target}` installs it, `rustup component add rust-src` its sources; \
         other toolchains are chosen with RUSTC and CARGO"
    )
}
