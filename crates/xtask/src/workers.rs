//! Worker processes: work is shared out among them, and a crash or a hang ends one piece of it, not the run.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use dunlin_testing::protocol::{Failure, Outcome, Work};

use crate::shell::cargo;

/// The kind of failure of work that was not begun in time.
pub const LATE: &str = "late";

/// How workers are built and run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The worker program.
    pub program: PathBuf,
    /// The longest that a piece of work may take.
    pub timeout: Duration,
    /// Workers side by side.
    pub count: usize,
    /// When no more work is begun.
    pub until: Option<Instant>,
    /// Address space of a worker, in bytes, if it is bounded.
    pub memory: Option<u64>,
}

impl Setup {
    /// Builds the worker with the features in a profile of cargo's.
    pub fn build(features: &[&str], profile: &str) -> Result<Setup> {
        let program = build("dunlin-testing", "dunlin-worker", features, profile)?;
        let count = std::thread::available_parallelism().map_or(1, Into::into);
        Ok(Setup { program, timeout: Duration::from_secs(30), count, until: None, memory: None })
    }
}

/// Builds a program of the workspace and says where it lies.
pub fn build(package: &str, program: &str, features: &[&str], profile: &str) -> Result<PathBuf> {
    let mut cargo =
        cargo(&["build", "--quiet", "--package", package, "--bin", program, "--profile", profile]);
    cargo.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    let output = cargo.spawn()?.wait_with_output()?;
    if !output.status.success() {
        bail!("building {program} ended with {}", output.status);
    }
    let lines = String::from_utf8(output.stdout)?;
    let mut messages = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let built =
        messages.find(|message| message["target"]["name"] == program && message["executable"].is_string());
    let path = built.as_ref().and_then(|message| message["executable"].as_str());
    path.map(PathBuf::from).with_context(|| format!("cargo does not say where {program} is"))
}

/// Does the work, in any order; the outcomes are in the order of the work. `progress` hears of each.
/// What is not begun in time fails as [`LATE`].
pub fn perform(setup: &Setup, works: &[Work], progress: impl Fn(usize, &Outcome) + Sync) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![None; works.len()]);
    let work = || {
        let mut worker = None;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(work) = works.get(at) else { break };
            let late = setup.until.is_some_and(|until| Instant::now() > until);
            let outcome = if late { failed(LATE, "no time") } else { one(setup, &mut worker, work) };
            progress(at, &outcome);
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes[at] = Some(outcome);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..setup.count.clamp(1, works.len().max(1)) {
            scope.spawn(work);
        }
    });
    let lost = || failed("crash", "the work was lost");
    let outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect()
}

/// Does one piece, with the worker that is there or a new one. A worker that misbehaves is not kept.
fn one(setup: &Setup, worker: &mut Option<Worker>, work: &Work) -> Outcome {
    let mut current = match worker.take().map_or_else(|| Worker::start(setup), Ok) {
        Ok(current) => current,
        Err(error) => return failed("crash", &format!("{error:#}")),
    };
    match current.ask(work, setup.timeout) {
        Ok(outcome) => {
            *worker = Some(current);
            outcome
        }
        Err(failure) => Outcome { failure: Some(failure), ..Outcome::default() },
    }
}

fn failed(kind: &str, message: &str) -> Outcome {
    Outcome { failure: Some(Failure::new(kind, message)), ..Outcome::default() }
}

/// A running worker process; dropping it ends the process.
struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Worker {
    fn start(setup: &Setup) -> Result<Worker> {
        let mut child = command(setup)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", setup.program.display()))?;
        let requests = child.stdin.take().context("no standard input")?;
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Ok(Worker { child, requests, answers })
    }

    fn ask(&mut self, work: &Work, timeout: Duration) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let line = serde_json::to_string(work).map_err(|error| Failure::new("data", error.to_string()))?;
        let sent = writeln!(self.requests, "{line}").and_then(|()| self.requests.flush());
        if sent.is_err() {
            return Err(self.obituary());
        }
        match self.answers.recv_timeout(timeout) {
            Ok(answer) => serde_json::from_str(&answer)
                .map_err(|error| Failure::new("data", format!("{error}: {answer}"))),
            Err(RecvTimeoutError::Timeout) => {
                Err(Failure::new("timeout", format!("no answer after {} s", start.elapsed().as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.obituary()),
        }
    }

    /// How the process ended.
    fn obituary(&mut self) -> Failure {
        match self.child.wait() {
            Ok(status) => Failure::new("crash", status.to_string()),
            Err(error) => Failure::new("crash", error.to_string()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Either fails only if the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The worker, under a shell that bounds its memory where that is asked for.
fn command(setup: &Setup) -> Command {
    match setup.memory {
        None => Command::new(&setup.program),
        Some(bytes) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -v {} && exec \"$0\"", bytes / 1024)]).arg(&setup.program);
            shell
        }
    }
}
