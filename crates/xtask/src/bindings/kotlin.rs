//! `cargo xtask kotlin`: the jar with the native library in it, tested, in the local Maven repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{compare, elf, library};
use crate::shell::{check, is_there, output};
use crate::{place, scenario, shell};

/// How the jar is made.
#[derive(clap::Args)]
pub struct Args {
    /// The profile that the native library is built in.
    #[arg(long, default_value = "release")]
    profile: String,
    /// A library for aarch64 Linux that the jar carries, too.
    #[arg(long)]
    aarch64: Option<PathBuf>,
    /// Run the tests.
    #[arg(long)]
    test: bool,
    /// Make the jar of the documentation, too.
    #[arg(long)]
    documentation: bool,
    /// Instead of all that, measure what calls cost beside the C functions, with these models of a picture of 640 by 640, too.
    #[arg(long, num_args = 0.., value_name = "MODEL")]
    figures: Option<Vec<PathBuf>>,
}

/// Builds the library and puts the jar into the local Maven repository.
pub fn run(args: &Args) -> Result<()> {
    let library = library(&args.profile)?;
    let natives = natives(&library, args.aarch64.as_deref())?;
    if let Some(models) = &args.figures {
        return figures(&library, &natives, models);
    }
    let mut maven = maven("bindings/kotlin", &["install"])?;
    maven.arg(format!("-Ddunlin.natives={}", natives.display()));
    if !args.test {
        maven.arg("-DskipTests");
    }
    if args.documentation {
        maven.arg("-Prelease");
    }
    check(&mut maven)?;
    println!("dev.dunlin:dunlin:{} is in the local Maven repository", env!("CARGO_PKG_VERSION"));
    Ok(())
}

/// The check of `cargo xtask ci kotlin`: the generated code, the tests on the JVM, and the example, which runs from the jar.
pub fn check_all() -> Result<()> {
    let library = library("dev")?;
    compare(&library)?;
    let natives = natives(&library, None)?;
    let mut tests = maven("bindings/kotlin", &["install"])?;
    tests.env("DUNLIN_SCENARIOS_OUT", scenario::folder()?.join("kotlin.json"));
    check(tests.arg(format!("-Ddunlin.natives={}", natives.display())))?;
    let jar = format!("bindings/kotlin/target/dunlin-{}.jar", env!("CARGO_PKG_VERSION"));
    elf::check_archive(&place::repository().join(jar), usize::from(cfg!(target_os = "linux")))?;
    let printed = output(maven("examples/kotlin", &["compile", "exec:java"])?.arg(EXAMPLE))?;
    // Maven sets the terminal's colours back around it.
    if !printed.contains(ANSWER) {
        bail!("examples/kotlin printed {printed:?}");
    }
    println!("  examples/kotlin: {ANSWER}");
    Ok(())
}

/// Measures the same in C and in Kotlin, one after the other.
fn figures(library: &Path, natives: &Path, models: &[PathBuf]) -> Result<()> {
    let models: Vec<PathBuf> = models.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    figures_of_c(library, &models)?;
    println!("Kotlin:");
    let names: Vec<_> = models.iter().map(|model| model.to_string_lossy()).collect();
    let root = place::repository();
    let mut kotlin =
        maven("bindings/kotlin", &["test-compile", "org.codehaus.mojo:exec-maven-plugin:3.5.0:java"])?;
    kotlin.arg(format!("-Ddunlin.natives={}", natives.display())).arg("-Dexec.classpathScope=test");
    kotlin.arg(format!("-Ddunlin.repository={}", root.display()));
    check(
        kotlin
            .args(["-Dexec.mainClass=dev.dunlin.FiguresKt"])
            .arg(format!("-Dexec.args={}", names.join(" "))),
    )
}

/// Measures what the bindings are held against.
pub fn figures_of_c(library: &Path, models: &[PathBuf]) -> Result<()> {
    let folder = library.parent().context("a library lies in a folder")?;
    let (root, program) = (place::repository(), folder.join("picture"));
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11", "-O2", "-o"]).arg(&program).arg(root.join("tests/c/picture.c"));
    compiler.arg("-I").arg(root.join("include")).arg("-L").arg(folder).arg("-ldunlin");
    check(&mut compiler)?;
    println!("C:");
    let addition = root.join("tests/scenarios/models/add_float32.onnx");
    check(Command::new(&program).env("LD_LIBRARY_PATH", folder).arg(addition).args(models))
}

/// What the example must print.
pub const ANSWER: &str = "7 with 99.9 %";

/// What the example is given.
const EXAMPLE: &str = "-Dexec.args=examples/digits/digits.onnx examples/digits/seven.pgm";

/// Maven on a project of the repository's.
pub fn maven(project: &str, goals: &[&str]) -> Result<Command> {
    if !is_there("mvn") {
        bail!("Maven and a JDK of 17 or newer are needed: https://maven.apache.org");
    }
    let mut command = Command::new("mvn");
    command.current_dir(place::repository()).args(["--quiet", "--batch-mode", "--file", project]).args(goals);
    Ok(command)
}

/// A folder with the libraries as the jar holds them: by JNA's names of systems, without what only debuggers read.
fn natives(library: &Path, aarch64: Option<&Path>) -> Result<PathBuf> {
    let folder = place::target()?.join("bindings/natives");
    let here = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x86-64",
        ("linux", "aarch64") => "linux-aarch64",
        ("macos", "aarch64") => "darwin-aarch64",
        ("macos", _) => "darwin-x86-64",
        ("windows", _) => "win32-x86-64",
        (os, arch) => bail!("JNA has no name for {os} on {arch}"),
    };
    for (system, library) in [(here, Some(library)), ("linux-aarch64", aarch64)] {
        let Some(library) = library else { continue };
        let place = folder.join(system).join(library.file_name().context("a library is a file")?);
        fs::create_dir_all(folder.join(system))?;
        fs::copy(library, &place).with_context(|| format!("copying {}", library.display()))?;
        if system == here && shell::is_there("strip") {
            check(Command::new("strip").arg("-S").arg(&place))?;
        }
    }
    Ok(folder)
}
