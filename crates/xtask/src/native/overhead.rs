//! `cargo xtask overhead`: the time of a run of a one-node model through the C ABI, beside ONNX Runtime's.

use std::path::PathBuf;

use anyhow::Result;

use super::library::Library;
use super::program::{Expected, Program};
use crate::shell::{cargo, check};
use crate::{place, python};

const MODEL: &str = "crates/core/tests/data/add.onnx";

const PROGRAM: Program = Program {
    sources: &["tests/c/overhead.c"],
    flags: &["-O2"],
    args: &[MODEL],
    expected: Expected::Text("of a session"),
    under: &[],
};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Measure ONNX Runtime, too.
    #[arg(long)]
    peers: bool,
}

/// What the program says of the library in a folder.
///
/// # Errors
/// If it does not compile or run.
pub fn of(folder: PathBuf) -> Result<String> {
    PROGRAM.run(&Library::at(folder))
}

/// Measures and prints.
///
/// # Errors
/// If something does not build or run.
pub fn run(args: &Args) -> Result<()> {
    check(&mut cargo(&["build", "--quiet", "--release", "--package", "dunlin-native"]))?;
    print!("{}", of(place::target()?.join("release"))?);
    if args.peers {
        check(
            python::command(&[python::BASE, python::PEERS], "peer_overhead.py")?
                .arg(place::repository().join(MODEL)),
        )?;
    }
    Ok(())
}
