//! `cargo xtask conformance`: ONNX's backend tests, collected, run, reported, and held against the expected failures.

mod case;
mod expected;
mod report;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use dunlin_testing::protocol::{BACKENDS, Backend, Outcome, Work};

use crate::workers::{Setup, perform};
use crate::{place, python};
use case::Case;

/// What to run.
#[derive(clap::Args)]
pub struct Args {
    /// Only tests whose names hold this.
    #[arg(long)]
    filter: Option<String>,
    /// Only tests of this operator.
    #[arg(long)]
    op: Option<String>,
    /// Only this backend.
    #[arg(long)]
    backend: Option<String>,
    /// Only this suite: node, simple, pytorch-converted, pytorch-operator, light.
    #[arg(long)]
    suite: Option<String>,
    /// Print each failing test with its reason.
    #[arg(long)]
    list_failures: bool,
    /// Write what fails now into the table of expected failures, and docs/onnx-conformance.md.
    #[arg(long)]
    update: bool,
    /// The profile that the worker is built in: dev builds soonest, checked runs faster.
    #[arg(long, default_value = "dev")]
    profile: String,
    /// Write the tests again.
    #[arg(long)]
    collect: bool,
    /// Only write the tests, run none.
    #[arg(long)]
    no_run: bool,
}

impl Args {
    fn selects(&self, case: &Case) -> bool {
        self.filter.as_ref().is_none_or(|part| case.name.contains(part))
            && self.op.as_ref().is_none_or(|op| case.op == *op)
            && self.suite.as_ref().is_none_or(|suite| case.suite == *suite)
    }

    fn is_whole(&self) -> bool {
        self.filter.is_none() && self.op.is_none() && self.suite.is_none()
    }
}

/// What one backend made of the cases.
pub struct Run<'a> {
    backend: &'a Backend,
    /// In the order of the cases.
    outcomes: Vec<Outcome>,
}

impl Run<'_> {
    fn n_passed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_none()).count()
    }

    /// How many tests passed, and where nodes may fall back, how many did not.
    fn summary(&self) -> String {
        let count = |part: fn(&Outcome) -> u64| self.outcomes.iter().map(part).sum::<u64>();
        let (compute, native) = (count(|outcome| outcome.compute), count(|outcome| outcome.native));
        let passed = format!("{}: {} of {} passed", self.backend.name, self.n_passed(), self.outcomes.len());
        if compute == 0 {
            return passed;
        }
        let share = 100.0 * native as f64 / compute as f64;
        format!("{passed}, {share:.1} % of float32 compute nodes native")
    }
}

/// Runs the tests. An error if a test fails that is not expected to, or passes that is.
pub fn run(args: &Args) -> Result<()> {
    let folder = place::cache()?.join("onnx-tests");
    if args.collect || !folder.join("index.json").exists() {
        python::run("onnx_tests.py", &[&folder])?;
    }
    if args.no_run {
        return Ok(());
    }
    let (version, all) = case::read_index(&folder)?;
    let cases: Vec<Case> = all.into_iter().filter(|case| args.selects(case)).collect();
    let backends: Vec<&Backend> =
        BACKENDS.iter().filter(|b| args.backend.as_ref().is_none_or(|name| b.name == name)).collect();
    if cases.is_empty() || backends.is_empty() {
        bail!("nothing is selected");
    }
    let features: Vec<&str> = backends.iter().filter_map(|backend| backend.feature).collect();
    let setup = Setup::build(&features, &args.profile)?;
    let runs: Vec<Run<'_>> = backends
        .into_iter()
        .map(|backend| {
            let jobs: Vec<Work> =
                cases.iter().map(|case| Work::Check(case.job(&folder, backend.name))).collect();
            Run { backend, outcomes: perform(&setup, &jobs, counter(jobs.len(), backend.name)) }
        })
        .collect();

    if args.list_failures {
        report::print_failures(&cases, &runs);
    }
    if args.update && args.is_whole() && args.backend.is_none() {
        let text = report::document(&version, &cases, &runs);
        std::fs::write(place::repository().join("docs/onnx-conformance.md"), text)?;
    }
    let verdict = expected::check(&cases, &runs, args.update);
    for run in &runs {
        println!("{}", run.summary());
    }
    verdict
}

/// Prints how far the run is, on one line, every so often.
fn counter(total: usize, name: &str) -> impl Fn(usize, &Outcome) + Sync {
    let done = AtomicUsize::new(0);
    move |_, _| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(50) || done == total {
            let end = if done == total { '\n' } else { '\r' };
            eprint!("{name}: {done} of {total} run{end}");
            let _ = std::io::stderr().flush();
        }
    }
}
