//! `cargo xtask accuracy`: the real models against ONNX Runtime's outputs, each within its tolerance.

use std::time::Duration;

use anyhow::{Result, bail};
use dunlin_testing::protocol::{BACKENDS, Work};

use crate::goldens::{self, Golden};
use crate::workers::{Setup, perform};

/// What to compare.
#[derive(clap::Args)]
pub struct Args {
    /// Only models whose names hold one of these.
    filter: Vec<String>,
    /// The backend.
    #[arg(long, default_value = "cpu")]
    backend: String,
    /// Threads of a run.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// The profile that the worker is built in.
    #[arg(long, default_value = "checked")]
    profile: String,
}

/// Runs every golden; an error if any is not met.
pub fn run(args: &Args) -> Result<()> {
    let goldens = goldens::read(&args.filter)?;
    let job = |golden: &Golden| golden.job(&args.backend, args.threads).map(Work::Check);
    let jobs: Vec<Work> = goldens.iter().map(job).collect::<Result<_>>()?;
    let Some(backend) = BACKENDS.iter().find(|backend| backend.name == args.backend) else {
        bail!("no backend is called {:?}", args.backend);
    };
    let mut setup = Setup::build(backend.feature.as_slice(), &args.profile)?;
    setup.timeout = Duration::from_secs(300);
    setup.count = 1;
    let outcomes = perform(&setup, &jobs, |at, outcome| {
        let case = goldens[at].case();
        match &outcome.failure {
            None => println!("  {case}: {:.1e}", outcome.error),
            Some(failure) => println!("  {case}: {failure}"),
        }
    });
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    println!("{}: {} of {} goldens met", args.backend, jobs.len() - failed, jobs.len());
    if failed > 0 {
        bail!("{failed} goldens are not met");
    }
    Ok(())
}
