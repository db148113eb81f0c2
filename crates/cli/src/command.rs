//! The commands, one file each.

mod bench;
mod doctor;
mod inspect;
mod run;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a model: arrays or pictures in, arrays, JSON or a summary out.
    Run(run::RunArgs),
    /// Show what a model takes and gives, what it is made of, and how it would run.
    Inspect(inspect::InspectArgs),
    /// Measure how long a model takes, as a whole and by operator.
    Bench(bench::BenchArgs),
    /// Check a model against stored inputs and outputs on every backend of this build.
    Verify(verify::VerifyArgs),
    /// Show what this machine offers: CPU features, devices, threads, memory, versions.
    Doctor(doctor::DoctorArgs),
}

impl Command {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Command::Run(args) => args.run(),
            Command::Inspect(args) => args.run(),
            Command::Bench(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Doctor(args) => args.run(),
        }
    }
}
