//! Dunlin as a measured engine: requests on standard input, answers on standard output.

use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use dunlin_core::{Inputs, Session, Value};
use dunlin_testing::protocol::{Answer, Job, Request};
use dunlin_testing::{compare, engine};

fn main() -> std::io::Result<()> {
    let mut loaded = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request = serde_json::from_str::<Request>(&line?).map_err(|error| error.to_string());
        let answer = request.and_then(|request| answer(&mut loaded, request)).unwrap_or_else(Answer::Failed);
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}

/// A model, what it is run on, and what came out last.
struct Loaded {
    session: Session,
    inputs: Vec<(String, Value)>,
    expected: Vec<Value>,
    outputs: Vec<Value>,
}

impl Loaded {
    fn run(&mut self) -> Result<(), String> {
        let outputs = self.session.run(Inputs::named(self.inputs.iter().cloned()));
        self.outputs = outputs.map_err(|error| error.to_string())?.into_values();
        Ok(())
    }
}

fn answer(loaded: &mut Option<Loaded>, request: Request) -> Result<Answer, String> {
    match (request, loaded.as_mut()) {
        (Request::Load(job), _) => load(loaded, &job),
        (Request::Run(n), Some(loaded)) => {
            let timed = |_| {
                let start = Instant::now();
                loaded.run().map(|()| start.elapsed().as_secs_f64())
            };
            Ok(Answer::Ran { seconds: (0..n).map(timed).collect::<Result<_, _>>()? })
        }
        (Request::Compare, Some(loaded)) => {
            let (error, cosine) = compare::distance(&loaded.outputs, &loaded.expected)?;
            Ok(Answer::Compared { error, cosine })
        }
        (_, None) => Err("no model is loaded".to_owned()),
    }
}

fn load(loaded: &mut Option<Loaded>, job: &Job) -> Result<Answer, String> {
    let folder = job.data.first().ok_or("a job to measure needs data")?;
    let inputs = engine::read_all(folder, "input", &job.inputs).map_err(|failure| failure.to_string())?;
    let expected = engine::read_all(folder, "output", &job.outputs).map_err(|failure| failure.to_string())?;
    let before = reset_peak()?;
    let start = Instant::now();
    let model = engine::load(&job.model, &job.backend, job.threads).map_err(|failure| failure.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let names = job.inputs.iter().map(|input| input.name.clone());
    let session = model.session();
    let mut now = Loaded { session, inputs: names.zip(inputs).collect(), expected, outputs: Vec::new() };
    now.run()?;
    let peak_bytes = status("VmHWM")?.saturating_sub(before);
    *loaded = Some(now);
    Ok(Answer::Loaded { seconds, peak_bytes, version: format!("Dunlin {}", env!("CARGO_PKG_VERSION")) })
}

/// Forgets the highest memory use so far; what is in use now, in bytes.
fn reset_peak() -> Result<u64, String> {
    // Where the system does not know this, peaks count from the start of the process.
    let _ = fs::write("/proc/self/clear_refs", "5");
    status("VmRSS")
}

fn status(field: &str) -> Result<u64, String> {
    if !Path::new("/proc/self/status").exists() {
        return Ok(0);
    }
    let text = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.map(|kib| kib * 1024).ok_or_else(|| format!("no {field} in /proc/self/status"))
}
