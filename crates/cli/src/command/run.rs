//! `dunlin run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use dunlin_core::{Model, RunOptions, RunReport};
use serde_json::json;

use crate::input::InputArgs;
use crate::load::LoadArgs;
use crate::{output, style};

/// Run a model.
///
/// Without --outputs or --json the outputs are summarised: the best classes of a list of scores, the range of
/// anything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dunlin run digits.onnx --image seven.png
  dunlin run model.onnx --inputs in.npz --outputs out.npz --report
  dunlin run resnet.onnx --image cat.jpg --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --labels classes.txt")]
pub struct RunArgs {
    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    input: InputArgs,

    /// Write the outputs to an .npz archive under the graph's names.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,

    /// Print the outputs as JSON; with --report, an object of `outputs` and `report`.
    #[arg(long)]
    json: bool,

    /// How many of the best classes to show.
    #[arg(long, value_name = "K", default_value_t = 3)]
    top: usize,

    /// A file with the classes' names, one a line; by default the model's own metadata `labels`, if it has any.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Print what each node took and where it ran (on stderr).
    #[arg(long)]
    report: bool,

    /// Give up after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,

    /// Of the graph's random numbers.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
}

impl RunArgs {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let model = self.load.load()?;
        let inputs = self.input.read(&model)?;
        let deadline = match self.timeout {
            Some(seconds) => {
                Some(Instant::now() + Duration::try_from_secs_f64(seconds).context("--timeout")?)
            }
            None => None,
        };
        let options = RunOptions { deadline, seed: self.seed, report: self.report, ..RunOptions::default() };
        let (outputs, report) = model.run_with(inputs, &options)?;
        if let Some(report) = report.as_ref().filter(|_| !self.json) {
            eprint!("{}", report_table(report));
        }
        if let Some(path) = &self.outputs {
            output::write_archive(path, &outputs)?;
        }
        if self.json {
            let outputs = output::to_json(&outputs)?;
            match &report {
                Some(report) => println!("{}", json!({ "outputs": outputs, "report": report_json(report) })),
                None => println!("{outputs}"),
            }
        } else if self.outputs.is_none() {
            output::summarize(&outputs, self.top, &self.labels(&model)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn labels(&self, model: &Model) -> anyhow::Result<Vec<String>> {
        if let Some(path) = &self.labels {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Ok(text.lines().map(str::to_owned).collect());
        }
        let own = model.metadata().metadata.iter().find(|(key, _)| key == "labels");
        Ok(own.map(|(_, value)| value.split(',').map(str::to_owned).collect()).unwrap_or_default())
    }
}

/// Each node of a run: time, backend, type, bytes, operator, name.
pub fn report_table(report: &RunReport) -> String {
    let total = report.time.as_secs_f64().max(1e-12);
    let mut text = format!(
        "{:>10} {:>6}  {:<10} {:<10} {:>10}  {:<22} node\n",
        "time", "share", "backend", "type", "output", "operator"
    );
    for node in &report.nodes {
        let share = 100.0 * node.time.as_secs_f64() / total;
        let dtype = node.dtype.map_or("-", |dtype| dtype.name());
        let fallback =
            node.fallback.as_ref().map(|reason| format!("  (fallback: {reason})")).unwrap_or_default();
        text += &format!(
            "{:>10} {share:>5.1}%  {:<10} {dtype:<10} {:>10}  {}{:<22} {}{fallback}\n",
            style::time(node.time),
            node.backend,
            style::bytes(node.output_bytes),
            "  ".repeat(node.depth),
            node.op,
            node.node,
        );
    }
    text + &format!(
        "total {}, peak {} of tensors\n",
        style::time(report.time),
        style::bytes(report.peak_bytes)
    )
}

/// A run's report for scripts.
pub fn report_json(report: &RunReport) -> serde_json::Value {
    let nodes: Vec<_> = report
        .nodes
        .iter()
        .map(|node| {
            json!({
                "node": node.node, "op": node.op, "backend": node.backend, "depth": node.depth,
                "dtype": node.dtype.map(|dtype| dtype.name()), "seconds": node.time.as_secs_f64(),
                "output_bytes": node.output_bytes, "fallback": node.fallback,
            })
        })
        .collect();
    json!({
        "seconds": report.time.as_secs_f64(), "peak_bytes": report.peak_bytes, "spared_nodes": report.n_spared,
        "nodes": nodes,
    })
}
