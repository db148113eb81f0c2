//! Developer commands: `cargo xtask COMMAND`, as CONTRIBUTING.md explains them.
#![forbid(unsafe_code)]

mod accuracy;
mod bench;
mod bindings;
mod ci;
mod conformance;
mod corrupt;
mod dist;
mod fuzz;
mod goldens;
mod hammer;
mod layering;
mod native;
mod place;
mod python;
mod scenario;
mod shell;
mod sizes;
mod slim;
mod wheel;
mod workers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of Dunlin.
///
/// Fetched and made files go to $DUNLIN_CACHE, by default ~/.cache/dunlin; nothing there is needed to build.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_version_flag = true)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the models' speed, load time and memory, and write docs/benchmarks.md.
    Bench(bench::Args),
    /// Measure the time from a C program's start to its first result, beside ONNX Runtime's, for docs/benchmarks.md.
    ColdStart(bench::cold::Args),
    /// Damage real models in thousands of ways, and load and run what is left.
    Corrupt(corrupt::Args),
    /// Run models from many threads at once and compare the bits.
    Hammer(hammer::Args),
    /// Feed the readers and the C interface with what a fuzzer thinks up.
    Fuzz(fuzz::Args),
    /// Write the generated code of the Kotlin and Swift bindings.
    Bindings,
    /// Put the jar for Kotlin and Java, with the native library in it, into the local Maven repository.
    Kotlin(bindings::kotlin::Args),
    /// Test the package for Swift, and lay out the XCFramework for Apple's systems.
    Swift(bindings::swift::Args),
    /// Build the AAR for Android, and run its tests in Robolectric. A release needs an NDK.
    Android(bindings::android::Args),
    /// Check everything, or the parts that are named, and say how long each took.
    Ci(ci::Args),
    /// Fetch and make the models of tests/models.toml.
    Models {
        /// Only models whose names hold one of these.
        filter: Vec<String>,
    },
    /// Make reference inputs and outputs of the models with ONNX Runtime.
    Golden {
        /// Only models whose names hold one of these.
        filter: Vec<String>,
    },
    /// Compare the models' outputs with the references.
    Accuracy(accuracy::Args),
    /// Build the library as it is shipped, and lay it out with all that other build systems need.
    Dist(dist::Args),
    /// Build a library that holds just the operators of certain models, and say what each part of it costs.
    Slim(slim::Args),
    /// Build the library in several ways and write docs/size.md.
    Sizes(sizes::Args),
    /// Build the dunlin command for Linux without any shared library.
    Static(dist::musl::Args),
    /// Build the Python package as a wheel and check it.
    Wheel(wheel::Args),
    /// Write include/dunlin.h and the list of exported symbols.
    Header,
    /// Run the C and C++ programs under sanitizers and Valgrind.
    Sanitize(native::SanitizeArgs),
    /// Measure what a run costs besides its arithmetic, through the C functions.
    Overhead(native::OverheadArgs),
    /// Run the scenarios of tests/scenarios, and compare the languages.
    Scenarios,
    /// Run ONNX's backend tests and compare with the expected failures.
    Conformance(conformance::Args),
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Corrupt(args) => corrupt::run(&args),
        Command::Hammer(args) => hammer::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Bindings => bindings::write(),
        Command::Kotlin(args) => bindings::kotlin::run(&args),
        Command::Swift(args) => bindings::swift::run(&args),
        Command::Android(args) => bindings::android::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Models { filter } => python::on_models("models.py", &filter),
        Command::Golden { filter } => python::on_models("golden.py", &filter),
        Command::Accuracy(args) => accuracy::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Slim(args) => slim::run(&args),
        Command::Sizes(args) => sizes::run(&args),
        Command::ColdStart(args) => bench::cold::run(&args),
        Command::Static(args) => dist::musl::run(&args),
        Command::Wheel(args) => wheel::run(&args),
        Command::Header => native::header(),
        Command::Sanitize(args) => native::sanitize(&args),
        Command::Overhead(args) => native::overhead(&args),
        Command::Scenarios => scenario::run(),
        Command::Conformance(args) => conformance::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
