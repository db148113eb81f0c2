//! `cargo xtask sanitize`: the programs of the table under sanitizers and Valgrind.

use anyhow::Result;
use clap::ValueEnum;

use super::library::Library;
use super::program::Checker;
use crate::place;
use crate::shell::{cargo, check};

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
            let options = (
                "ASAN_OPTIONS",
                "detect_leaks=1:quarantine_size_mb=64:allocator_may_return_null=1:detect_stack_use_after_return=1",
            );
            sanitized("address", &[], options)
        }
        Checker::Thread => {
            let suppressions = place::repository().join("tests/c/thread.supp");
            let options = format!("halt_on_error=0:exitcode=66:suppressions={}", suppressions.display());
            // Without its own standard library it does not see that its locks are locks.
            sanitized("thread", &["-Zbuild-std"], ("TSAN_OPTIONS", &options))
        }
        Checker::Undefined => {
            let mut library = Library::build()?;
            library.compiler_flags = strings(&["-fsanitize=undefined", "-fno-sanitize-recover=all"]);
            Ok(library)
        }
        Checker::Valgrind => {
            let mut library = Library::build()?;
            // Tables that live as long as the library are pointed into, not at: they are no leak.
            let kinds = "definite,indirect";
            library.launcher = strings(&["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full"]);
            library.launcher.push(format!("--errors-for-leak-kinds={kinds}"));
            library.launcher.push(format!("--show-leak-kinds={kinds}"));
            Ok(library)
        }
    }
}

/// A build of the library with a sanitizer in it, in a target folder of its own. `RUSTC_BOOTSTRAP` makes the flag that asks for it
/// known to the stable compiler, which ships what it needs.
fn sanitized(name: &str, flags: &[&str], options: (&'static str, &str)) -> Result<Library> {
    let folder = place::target()?.join(["sanitize-", name].concat());
    let mut command = cargo(&["build", "--quiet", "--package", "dunlin-native", "--target", TARGET]);
    command.args(flags).arg("--target-dir").arg(&folder);
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", ["-Zsanitizer=", name].concat());
    check(&mut command)?;
    let mut library = Library::at(folder.join(TARGET).join("debug"));
    library.compiler_flags = vec![["-fsanitize=", name].concat()];
    library.environment = vec![(options.0, options.1.to_owned())];
    Ok(library)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
