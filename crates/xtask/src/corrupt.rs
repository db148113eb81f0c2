//! `cargo xtask corrupt`: truncated and changed copies of real models, loaded and run in processes with little memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use dunlin_testing::protocol::{Damage, Work};

use crate::goldens;
use crate::workers::{LATE, Setup, perform};

/// How much to damage.
#[derive(clap::Args)]
pub struct Args {
    /// Only models whose names hold one of these; without, all whose files are below 20 MB.
    filter: Vec<String>,
    /// Damaged copies, of all models together.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The number of the first copy of each model; a copy's number says all about its damage.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Begin no more work after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Address space of a worker, in MiB.
    #[arg(long, default_value_t = 4096)]
    memory: u64,
    /// The profile that the worker is built in.
    #[arg(long, default_value = "checked")]
    profile: String,
}

/// Copies that a worker is given at a time.
const CHUNK: u64 = 10;

/// Files above this are damaged only when asked for by name: each copy is written whole.
const LARGEST: u64 = 20_000_000;

/// Makes and tries the copies; an error if any of them took the engine down.
pub fn run(args: &Args) -> Result<()> {
    let mut setup = Setup::build(&[], &args.profile)?;
    setup.timeout = Duration::from_secs(300);
    setup.memory = Some(args.memory << 20);
    setup.until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let chunks = chunks(args)?;
    let done = AtomicUsize::new(0);
    let works: Vec<Work> = chunks.iter().cloned().map(Work::Damage).collect();
    let outcomes = perform(&setup, &works, |_, _| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(50) || done == works.len() {
            eprintln!("corrupt: {done} of {} chunks", works.len());
        }
    });

    setup.until = None;
    let (mut tried, mut answered, mut failures) = (0, 0, Vec::new());
    for (chunk, outcome) in chunks.iter().zip(outcomes) {
        match outcome.failure {
            None => answered += outcome.count,
            Some(failure) if failure.kind == LATE => continue,
            Some(_) => failures.extend(culprits(&setup, chunk)),
        }
        tried += chunk.count;
    }
    failures.iter().for_each(|failure| println!("  {failure}"));
    println!("{tried} damaged copies: {answered} answered, {} took the engine down", failures.len());
    if !failures.is_empty() {
        bail!("{} damaged copies took the engine down", failures.len());
    }
    Ok(())
}

/// Chunks of all models in turn, so that a bound on time meets all alike.
fn chunks(args: &Args) -> Result<Vec<Damage>> {
    let mut models = Vec::new();
    for golden in goldens::first_of_each(&args.filter)? {
        let job = golden.job("cpu", 1)?;
        let damage = Damage { external: golden.external()?, job, first: 0, count: CHUNK };
        let files = damage.external.iter().chain([&damage.job.model]);
        let size: u64 = files.map(|file| file.metadata().map_or(0, |meta| meta.len())).sum();
        if size < LARGEST || !args.filter.is_empty() {
            models.push(damage);
        }
    }
    if models.is_empty() {
        bail!("no model is selected");
    }
    let n_chunks = args.count.div_ceil(CHUNK);
    let chunk = |i: u64| {
        let model = &models[(i % models.len() as u64) as usize];
        let number = args.first + i / models.len() as u64 * CHUNK;
        Damage { first: number, count: CHUNK.min(args.count), ..model.clone() }
    };
    Ok((0..n_chunks).map(chunk).collect())
}

/// Tries the copies of a chunk one by one, to name those that fail.
fn culprits(setup: &Setup, chunk: &Damage) -> Vec<String> {
    let single = |number| Work::Damage(Damage { first: number, count: 1, ..chunk.clone() });
    let works: Vec<Work> = (chunk.first..chunk.first + chunk.count).map(single).collect();
    let name = chunk.job.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = (chunk.first..).zip(perform(setup, &works, |_, _| {}));
    let failed: Vec<String> = numbered
        .filter_map(|(number, outcome)| Some(format!("{name} --first {number}: {}", outcome.failure?)))
        .collect();
    if failed.is_empty() {
        vec![format!("{name}: a chunk at {} fails only as a whole", chunk.first)]
    } else {
        failed
    }
}
