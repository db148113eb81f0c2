//! `cargo xtask overhead`: the time of a run of a one-node model through the C ABI, beside ONNX Runtime's.

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

/// Measures and prints.
///
/// # Errors
/// If something does not build or run.
pub fn run(args: &Args) -> Result<()> {
    check(&mut cargo(&["build", "--quiet", "--release", "--package", "dunlin-native"]))?;
    let library = Library::at(place::target()?.join("release"));
    print!("{}", PROGRAM.run(&library)?);
    if args.peers {
        check(
            python::command(&[python::BASE, python::PEERS], "peer_overhead.py")?
                .arg(place::repository().join(MODEL)),
        )?;
    }
    Ok(())
}
