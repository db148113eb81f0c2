//! `cargo xtask conformance`: ONNX's backend tests, collected once.

use anyhow::Result;

use crate::{place, python};

/// What to run.
#[derive(clap::Args)]
pub struct Args {
    /// Write the tests again.
    #[arg(long)]
    collect: bool,
}

/// Collects the tests if they are not in the cache.
pub fn run(args: &Args) -> Result<()> {
    let folder = place::cache()?.join("onnx-tests");
    if args.collect || !folder.join("index.json").exists() {
        python::run("onnx_tests.py", &[&folder])?;
    }
    Ok(())
}
