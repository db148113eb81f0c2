//! `cargo xtask accuracy`: the real models against ONNX Runtime's outputs, each within its tolerance.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use dunlin_testing::protocol::{Job, Kind, Rule, Stored};
use serde::Deserialize;

use crate::place;
use crate::workers::{Setup, made_by, perform};

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

/// A reference, as golden.py lists it.
#[derive(Deserialize)]
struct Golden {
    model: String,
    path: String,
    dir: String,
    compare: String,
    tolerance: Option<f64>,
    inputs: Vec<Named>,
    outputs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    kind: Kind,
}

/// Runs every golden; an error if any is not met.
pub fn run(args: &Args) -> Result<()> {
    let cache = place::cache()?;
    let path = cache.join("goldens/index.json");
    made_by(&path, "cargo xtask models && cargo xtask golden")?;
    let text = std::fs::read_to_string(&path)?;
    let mut index: serde_json::Value = serde_json::from_str(&text)?;
    let goldens: Vec<Golden> =
        serde_json::from_value(index["cases"].take()).context("reading the goldens")?;
    let wanted =
        |golden: &&Golden| args.filter.is_empty() || args.filter.iter().any(|f| golden.model.contains(f));
    let goldens: Vec<&Golden> = goldens.iter().filter(wanted).collect();
    let jobs = goldens.iter().map(|golden| job(golden, args, &cache)).collect::<Result<Vec<Job>>>()?;

    let feature = (args.backend != "cpu").then_some(args.backend.as_str());
    let mut setup = Setup::build(feature.as_slice(), &args.profile)?;
    setup.timeout = Duration::from_secs(300);
    setup.count = 1;
    let outcomes = perform(&setup, &jobs, |at, outcome| {
        let case = goldens[at].dir.trim_start_matches("goldens/");
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

fn job(golden: &Golden, args: &Args, cache: &std::path::Path) -> Result<Job> {
    let rule = match golden.compare.as_str() {
        "quantized" => Rule::Quantized,
        "half" => Rule::Half,
        "float" => {
            let tolerance = golden.tolerance.with_context(|| format!("{} has no tolerance", golden.model))?;
            Rule::Relative { tolerance }
        }
        other => bail!("{}: no comparison is called {other:?}", golden.model),
    };
    let stored = |values: &[Named]| {
        values.iter().map(|value| Stored { name: value.name.clone(), kind: value.kind }).collect()
    };
    Ok(Job {
        model: cache.join(&golden.path),
        data: vec![cache.join(&golden.dir)],
        inputs: stored(&golden.inputs),
        outputs: stored(&golden.outputs),
        rule,
        backend: args.backend.clone(),
        threads: args.threads,
    })
}
