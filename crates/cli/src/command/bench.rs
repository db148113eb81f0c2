//! `dunlin bench`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use dunlin_core::{Inputs, RunOptions, RunReport};
use serde_json::json;

use crate::input::InputArgs;
use crate::load::LoadArgs;
use crate::style;

/// Measure a model.
///
/// Inputs that are not given are filled with noise (open sizes are 1 unless --shape says more).
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    input: InputArgs,

    /// How many runs to measure.
    #[arg(long, value_name = "N", default_value_t = 50)]
    runs: usize,

    /// Runs before measuring.
    #[arg(long, value_name = "N", default_value_t = 5)]
    warmup: usize,

    /// Stop measuring after so many seconds, if --runs are not done yet.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    max_seconds: f64,

    /// Print figures for scripts.
    #[arg(long)]
    json: bool,
}

impl BenchArgs {
    /// Does it.
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let model = self.load.load()?;
        let load_time = started.elapsed();
        self.input.noise.get_or_insert(0);
        let inputs = Inputs::from(self.input.read(&model)?);
        let mut session = model.session();
        for _ in 0..self.warmup {
            session.run(inputs.clone())?;
        }
        let bar = style::bar(self.runs as u64, "measuring");
        let mut times = Vec::new();
        let measuring = Instant::now();
        while times.len() < self.runs
            && (times.is_empty() || measuring.elapsed().as_secs_f64() < self.max_seconds)
        {
            let inputs = inputs.clone();
            let started = Instant::now();
            let outputs = session.run(inputs)?;
            times.push(started.elapsed());
            drop(outputs);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let options = RunOptions { report: true, ..RunOptions::default() };
        let mut reports = Vec::new();
        for _ in 0..times.len().min(10) {
            reports.extend(session.run_with(inputs.clone(), &options)?.1);
        }
        times.sort_unstable();
        let operators = by_operator(&reports);
        if self.json {
            self.print_json(&times, load_time, &operators, &reports);
        } else {
            self.print(&times, load_time, &operators, &reports);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, times: &[Duration], load_time: Duration, operators: &[Operator], reports: &[RunReport]) {
        println!("{}", style::heading(&self.load.model.display().to_string()));
        println!("load    {}", style::time(load_time));
        println!("runs    {}", times.len());
        for (name, share) in QUANTILES {
            println!("{name:<7} {}", style::time(quantile(times, share)));
        }
        if let Some(report) = reports.first() {
            println!("peak    {} of tensors", style::bytes(report.peak_bytes));
            if report.n_spared > 0 {
                println!("spared  {} nodes of shape arithmetic, known from the run before", report.n_spared);
            }
        }
        let total: f64 = operators.iter().map(|operator| operator.seconds).sum();
        println!("\n{}", style::heading(&format!("{:>10} {:>6} {:>6}  operator", "time", "share", "nodes")));
        for operator in operators {
            println!(
                "{:>10} {:>5.1}% {:>6}  {}",
                style::time(Duration::from_secs_f64(operator.seconds)),
                100.0 * operator.seconds / total.max(1e-12),
                operator.n_nodes,
                operator.name
            );
        }
    }

    fn print_json(
        &self,
        times: &[Duration],
        load_time: Duration,
        operators: &[Operator],
        reports: &[RunReport],
    ) {
        let operators: Vec<_> = operators
            .iter()
            .map(|o| json!({ "operator": o.name, "seconds": o.seconds, "nodes": o.n_nodes }))
            .collect();
        let mut figures = json!({
            "model": self.load.model, "load_seconds": load_time.as_secs_f64(), "runs": times.len(),
            "peak_tensor_bytes": reports.first().map(|report| report.peak_bytes),
            "spared_nodes": reports.first().map(|report| report.n_spared),
            "peak_process_bytes": dunlin_sys::peak_memory_bytes(),
            "operators": operators, "version": env!("CARGO_PKG_VERSION"),
        });
        for (name, share) in QUANTILES {
            figures[format!("{name}_seconds")] = json!(quantile(times, share).as_secs_f64());
        }
        println!("{figures}");
    }
}

const QUANTILES: [(&str, f64); 4] = [("min", 0.0), ("median", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// The smallest time that at least `share` of the sorted times do not exceed.
fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

struct Operator {
    name: &'static str,
    /// Per run: the median of the reported runs.
    seconds: f64,
    n_nodes: usize,
}

/// Times by operator, most expensive first. Nested nodes count in their own operator and in the one around them.
fn by_operator(reports: &[RunReport]) -> Vec<Operator> {
    let mut per_run: HashMap<&'static str, (Vec<f64>, usize)> = HashMap::new();
    for report in reports {
        let mut sums: HashMap<&'static str, (f64, usize)> = HashMap::new();
        for node in &report.nodes {
            let (seconds, n_nodes) = sums.entry(node.op).or_default();
            *seconds += node.time.as_secs_f64();
            *n_nodes += 1;
        }
        for (name, (seconds, n_nodes)) in sums {
            let entry = per_run.entry(name).or_default();
            entry.0.push(seconds);
            entry.1 = n_nodes;
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let rows = per_run.into_iter().map(|(name, (values, n_nodes))| Operator {
        name,
        seconds: median(values),
        n_nodes,
    });
    let mut operators: Vec<Operator> = rows.collect();
    operators.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then(a.name.cmp(b.name)));
    operators
}
