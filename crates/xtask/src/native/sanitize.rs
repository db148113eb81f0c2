//! `cargo xtask sanitize`: the programs of the table under sanitizers and Valgrind.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::library::Library;
use super::program::Checker;
use crate::place;
use crate::shell::{cargo, check, is_there, output};

/// What to check with.
#[derive(clap::Args)]
pub struct Args {
    /// The checkers; all without.
    checkers: Vec<Checker>,
    /// Only programs whose files hold one of these.
    #[arg(long)]
    only: Vec<String>,
}

/// The system that the sanitizers are used on.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Sizes that cannot be had are an error for the caller, as without the sanitizers.
const LARGE: &str = "allocator_may_return_null=1";

/// What CI looks at with Valgrind: more takes many minutes.
const CI: &[&str] = &["examples/c/classify.c", "examples/cpp/encrypted.cpp", "tests/c/hooks.c"];

/// The check of `cargo xtask ci valgrind`: a few programs, where Valgrind is installed; CI insists.
pub fn check_few() -> Result<()> {
    if !is_there("valgrind") && std::env::var_os("CI").is_none() {
        println!("valgrind is not installed: left out");
        return Ok(());
    }
    let only = CI.iter().map(|&name| name.to_owned()).collect();
    run(&Args { checkers: vec![Checker::Valgrind], only })
}

/// Runs the programs under each checker.
pub fn run(args: &Args) -> Result<()> {
    let checkers = if args.checkers.is_empty() { Checker::value_variants() } else { &args.checkers };
    let models = place::cache()?.join("models");
    for &checker in checkers {
        println!("== {checker:?}");
        let library = build(checker)?;
        super::run_all(&library, |program| {
            let is_named = args.only.is_empty() || args.only.iter().any(|part| program.name().contains(part));
            let has_model = program.model().is_none_or(|model| models.join(model).exists());
            is_named && has_model && program.under.contains(&checker)
        })?;
    }
    Ok(())
}

/// The library for a checker, and how programs are compiled and started for it.
fn build(checker: Checker) -> Result<Library> {
    match checker {
        Checker::Address => {
            let mut library = sanitized("address", &[])?;
            let options = "detect_leaks=1:quarantine_size_mb=64:detect_stack_use_after_return=1";
            library.linker_flags = strings(&["-fsanitize=address"]);
            library.environment = vec![("ASAN_OPTIONS", [options, LARGE].join(":"))];
            Ok(library)
        }
        Checker::Thread => {
            // Without its own standard library it does not see that its locks are locks.
            let mut library = sanitized("thread", &["-Zbuild-std"])?;
            // The compiler's own run time, since older ones of gcc's lack functions that it calls.
            let runtime = runtime("thread")?;
            library.linker_flags = strings(&["-Wl,--whole-archive", &runtime, "-Wl,--no-whole-archive"]);
            library.linker_flags.extend(strings(&["-Wl,--export-dynamic", "-lrt"]));
            library.environment = vec![("TSAN_OPTIONS", LARGE.to_owned())];
            Ok(library)
        }
        Checker::Undefined => {
            let mut library = Library::build()?;
            library.compiler_flags = strings(&["-fsanitize=undefined", "-fno-sanitize-recover=all"]);
            library.linker_flags = strings(&["-fsanitize=undefined"]);
            Ok(library)
        }
        Checker::Valgrind => {
            let mut library = Library::build()?;
            // Tables that live as long as the library are pointed into, not at: they are no leak.
            let kinds = "definite,indirect";
            library.launcher = strings(&[
                "valgrind",
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--fair-sched=yes",
            ]);
            library.launcher.push(format!("--errors-for-leak-kinds={kinds}"));
            library.launcher.push(format!("--show-leak-kinds={kinds}"));
            Ok(library)
        }
    }
}

/// A build of the library with a sanitizer in it, in a target folder of its own. `RUSTC_BOOTSTRAP` makes the flag that asks for it
/// known to the stable compiler, which ships what it needs.
fn sanitized(name: &str, flags: &[&str]) -> Result<Library> {
    let folder = place::target()?.join(["sanitize-", name].concat());
    let mut command = cargo(&["build", "--quiet", "--package", "dunlin-native", "--target", TARGET]);
    command.args(flags).arg("--target-dir").arg(&folder);
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", ["-Zsanitizer=", name].concat());
    check(&mut command)?;
    let mut library = Library::at(folder.join(TARGET).join("debug"));
    library.compiler_flags = vec![["-fsanitize=", name].concat()];
    Ok(library)
}

/// The run time of a sanitizer that comes with the Rust compiler.
fn runtime(name: &str) -> Result<String> {
    let root = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let folder = Path::new(root.trim()).join("lib/rustlib").join(TARGET).join("lib");
    let end = format!("_rt.{}san.a", &name[..1]);
    let mut files =
        std::fs::read_dir(&folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let file = files.find(|file| file.ends_with(&end));
    let file = file.with_context(|| format!("{} has no {end}", folder.display()))?;
    Ok(folder.join(file).to_string_lossy().into_owned())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
