//! The `dunlin` command: run, inspect, measure and verify models.

#![forbid(unsafe_code)]

mod command;
mod image_input;
mod input;
mod load;
mod output;
mod style;

use std::process::ExitCode;

use clap::Parser;

/// Run, inspect, measure and verify models on the machine that they are meant for.
#[derive(Debug, Parser)]
#[command(name = "dunlin", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    dunlin_sys::end_on_closed_pipe();
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Prints an error and chooses the exit code: that of the error's kind, or 1.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("{} {}", style::error("error:"), text(error));
    match error.chain().find_map(|cause| cause.downcast_ref::<dunlin_core::Error>()) {
        Some(cause) => ExitCode::from(cause.kind().row().exit_code),
        None => ExitCode::FAILURE,
    }
}

/// An error and its causes; a cause whose words the error has already is not said twice.
fn text(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        cause if text.is_empty() => cause,
        cause if text.contains(&cause) => text,
        cause => format!("{text}: {cause}"),
    })
}
