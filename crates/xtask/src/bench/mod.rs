//! `cargo xtask bench`: speed, load time and memory on the real models, beside other engines with `--peers`.
//!
//! Every engine is a process that answers the same requests; runs of all engines alternate, so that a change of the
//! machine's mood meets all of them.

pub mod cold;
mod engine;
mod machine;
mod report;

use std::path::PathBuf;

use anyhow::Result;
use dunlin_testing::protocol::{Answer, Request};
use serde::Serialize;

use crate::goldens::{self, Golden};
use crate::{place, workers};
use engine::{Engine, Process};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Only models whose names hold one of these; without, all but the classical ones.
    filter: Vec<String>,
    /// Measure the other engines too.
    #[arg(long)]
    peers: bool,
    /// Write the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Threads of a run; each number gives a table.
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Rounds, in each of which every engine runs for a while.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long an engine runs in a round, in seconds.
    #[arg(long, default_value_t = 0.2)]
    seconds: f64,
    /// The profile that Dunlin is built in.
    #[arg(long, default_value = "release")]
    profile: String,
}

/// One engine on one model.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    model: String,
    threads: usize,
    engine: String,
    /// Why there are no figures, if there are none.
    failure: Option<String>,
    /// Median time of a run, in seconds.
    median: f64,
    /// The time that nine in ten runs stay below, in seconds.
    p90: f64,
    /// Runs that were timed.
    runs: usize,
    /// Median time of a load in a fresh process, in seconds.
    load: f64,
    /// Median of the memory that load and first run took at most, in bytes.
    peak_bytes: u64,
    /// Largest error against the stored reference, relative to the largest magnitude.
    error: f64,
    /// Smallest cosine with the stored reference.
    cosine: f64,
}

/// All that a run of the command measured.
#[derive(Debug, Serialize)]
pub struct Table {
    machine: machine::Machine,
    versions: Vec<String>,
    figures: Vec<Figure>,
}

/// Fresh processes per engine and model, for load time and memory.
const STARTS: usize = 3;

/// Measures, prints and writes.
pub fn run(args: &Args) -> Result<()> {
    let goldens = selected(args)?;
    let own = workers::build("dunlin-testing", "dunlin-peer", &[], &args.profile)?;
    let engines = engine::all(own, args.peers)?;
    let mut table = Table { machine: machine::Machine::here(), versions: Vec::new(), figures: Vec::new() };
    for &threads in &args.threads {
        for golden in &goldens {
            let figures = measure(golden, threads, &engines, args, &mut table.versions)?;
            println!("{}", report::line(&figures));
            table.figures.extend(figures);
        }
    }
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_string_pretty(&table)?)?;
    }
    if args.peers && args.filter.is_empty() {
        let path = place::repository().join("docs/benchmarks.md");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, report::document(&table) + cold::split(&old).1)?;
    }
    print!("{}", report::tables(&table));
    Ok(())
}

/// The first case of each model.
fn selected(args: &Args) -> Result<Vec<Golden>> {
    let mut goldens = goldens::first_of_each(&args.filter)?;
    goldens.retain(|golden| {
        golden.is_numeric() && (!args.filter.is_empty() || !golden.model.starts_with("sklearn"))
    });
    Ok(goldens)
}

/// One model on every engine, in turn and in rounds.
fn measure(
    golden: &Golden,
    threads: usize,
    engines: &[Engine],
    args: &Args,
    versions: &mut Vec<String>,
) -> Result<Vec<Figure>> {
    let job = golden.job("cpu", threads)?;
    let mut subjects: Vec<Subject<'_>> = engines.iter().map(Subject::new).collect();
    for _ in 0..STARTS {
        subjects.iter_mut().for_each(|subject| subject.start(&Request::Load(job.clone()), versions));
    }
    subjects.iter_mut().for_each(Subject::compare);
    for _ in 0..args.rounds {
        subjects.iter_mut().for_each(|subject| subject.round(args.seconds));
    }
    Ok(subjects.into_iter().map(|subject| subject.figure(&golden.model, threads)).collect())
}

/// An engine at work on one model.
struct Subject<'a> {
    engine: &'a Engine,
    process: Option<Process>,
    failure: Option<String>,
    loads: Vec<f64>,
    peaks: Vec<f64>,
    times: Vec<f64>,
    distance: (f64, f64),
}

impl<'a> Subject<'a> {
    fn new(engine: &'a Engine) -> Subject<'a> {
        let (loads, peaks, times) = (Vec::new(), Vec::new(), Vec::new());
        Subject { engine, process: None, failure: None, loads, peaks, times, distance: (0.0, 1.0) }
    }

    /// Loads the model in a fresh process.
    fn start(&mut self, load: &Request, versions: &mut Vec<String>) {
        if self.failure.is_some() {
            return;
        }
        self.process = None;
        match self.engine.start() {
            Ok(process) => self.process = Some(process),
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
        if let Some(Answer::Loaded { seconds, peak_bytes, version }) = self.ask(load) {
            self.loads.push(seconds);
            self.peaks.push(peak_bytes as f64);
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
    }

    fn compare(&mut self) {
        if let Some(Answer::Compared { error, cosine }) = self.ask(&Request::Compare) {
            self.distance = (error, cosine);
        }
    }

    /// Runs for about so long, at least twice.
    fn round(&mut self, seconds: f64) {
        let known = self.times.is_empty();
        if known {
            // The first runs are warm-up; they only tell how many fit.
            let Some(Answer::Ran { seconds: warm }) = self.ask(&Request::Run(3)) else { return };
            self.times.extend(warm.last());
        }
        let one = median(&self.times).max(1e-6);
        if known {
            self.times.clear();
        }
        let n = (seconds / one).clamp(2.0, 5000.0) as usize;
        if let Some(Answer::Ran { seconds }) = self.ask(&Request::Run(n)) {
            self.times.extend(seconds);
        }
    }

    fn ask(&mut self, request: &Request) -> Option<Answer> {
        let answer = self.process.as_mut()?.ask(request);
        match answer {
            Ok(Answer::Failed(what)) => self.failure = Some(what),
            Err(error) => self.failure = Some(format!("{error:#}")),
            Ok(answer) => return Some(answer),
        }
        self.process = None;
        None
    }

    fn figure(mut self, model: &str, threads: usize) -> Figure {
        self.times.sort_by(f64::total_cmp);
        let p90 = self.times.get(self.times.len() * 9 / 10).copied().unwrap_or(0.0);
        Figure {
            model: model.to_owned(),
            threads,
            engine: self.engine.name.to_owned(),
            failure: self.failure,
            median: median(&self.times),
            p90,
            runs: self.times.len(),
            load: median(&self.loads),
            peak_bytes: median(&self.peaks) as u64,
            error: self.distance.0,
            cosine: self.distance.1,
        }
    }
}

/// The middle value; 0 of none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
