//! `dunlin verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use dunlin_core::{Model, Outputs, Tensor, Value};
use serde_json::json;

use crate::input::{archive, values_of};
use crate::load::LoadArgs;
use crate::{output, style};

/// Check a model against stored inputs and outputs, on every backend of this build.
///
/// The archives' names are the graph's. Without --expected, the outputs are looked for in the archive of the inputs.
/// Exit code 20 if a backend's answer differs.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    load: LoadArgs,

    /// The inputs, an .npz archive.
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// The expected outputs, an .npz archive.
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,

    /// How far floats may differ: the largest difference relative to the largest expected magnitude.
    #[arg(long, value_name = "E", default_value_t = 1e-4)]
    tolerance: f64,

    /// Accept outputs whose cosine to the expected ones is at least this, whatever single elements differ by: for
    /// quantised models.
    #[arg(long, value_name = "C")]
    cosine: Option<f64>,

    /// Print figures for scripts.
    #[arg(long)]
    json: bool,
}

/// How one output compares.
struct Comparison {
    device: String,
    output: String,
    /// Largest difference over largest expected magnitude; infinite if shapes or types differ.
    error: f64,
    cosine: f64,
    n_nan: usize,
    passed: bool,
}

impl VerifyArgs {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = archive(&self.inputs)?;
        let expected = match &self.expected {
            Some(path) => archive(path)?,
            None => inputs.clone(),
        };
        let mut rows = Vec::new();
        for device in dunlin_core::devices() {
            let builder = self.load.builder().device(device.parse()?);
            let model = builder.load(&self.load.model)?;
            let known = |name: &str| model.inputs().iter().any(|input| *input.name == *name);
            let is_sequence = |name: &str| {
                let info = model.inputs().iter().find(|input| *input.name == *name);
                info.is_some_and(|info| matches!(info.ty, dunlin_core::Type::Sequence(_)))
            };
            let values = values_of(inputs.clone(), is_sequence).into_iter().filter(|(name, _)| known(name));
            let outputs = model.run(values.collect::<Vec<(String, Value)>>())?;
            rows.extend(self.compare(&device, &model, &outputs, &expected)?);
        }
        let passed = rows.iter().all(|row| row.passed);
        if self.json {
            println!("{}", rows_json(&rows, passed));
        } else {
            print_rows(&rows);
        }
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(dunlin_core::ErrorKind::Integrity.row().exit_code)
        })
    }

    fn compare(
        &self,
        device: &str,
        model: &Model,
        outputs: &Outputs,
        expected: &[(String, Tensor)],
    ) -> anyhow::Result<Vec<Comparison>> {
        let mut rows = Vec::new();
        for (name, value) in outputs.iter() {
            let mut entries = Vec::new();
            output::flatten(name, value, &mut entries);
            for (name, tensor) in entries {
                if let Some((_, want)) = expected.iter().find(|(own, _)| *own == name) {
                    rows.push(self.compare_tensor(device, name, &tensor, want)?);
                }
            }
        }
        if rows.is_empty() {
            let names: Vec<&str> = model.outputs().iter().map(|output| &*output.name).collect();
            let path = self.expected.as_ref().unwrap_or(&self.inputs);
            bail!("{}: none of the model's outputs {names:?} is in it", path.display());
        }
        Ok(rows)
    }

    fn compare_tensor(
        &self,
        device: &str,
        output: String,
        got: &Tensor,
        want: &Tensor,
    ) -> anyhow::Result<Comparison> {
        let mut row =
            Comparison { device: device.into(), output, error: 0.0, cosine: 1.0, n_nan: 0, passed: false };
        if let (Ok(got), Ok(want)) = (got.strings(), want.strings()) {
            row.passed = got == want;
            row.error = if row.passed { 0.0 } else { f64::INFINITY };
            return Ok(row);
        }
        if got.shape() != want.shape() {
            row.error = f64::INFINITY;
            return Ok(row);
        }
        let is_float = got.dtype().is_float();
        let (got, want) = (output::numbers(got)?, output::numbers(want).context("expected outputs")?);
        (row.error, row.cosine) = (relative_error(&got, &want), cosine(&got, &want));
        row.n_nan = got.iter().filter(|x| x.is_nan()).count();
        let near = if is_float { row.error <= self.tolerance } else { row.error == 0.0 };
        row.passed = near || self.cosine.is_some_and(|limit| row.cosine >= limit);
        Ok(row)
    }
}

/// The largest difference relative to the largest expected magnitude; NaN and infinities must be at the same places.
fn relative_error(got: &[f64], want: &[f64]) -> f64 {
    let scale = want.iter().filter(|x| x.is_finite()).fold(0.0f64, |scale, x| scale.max(x.abs()));
    let difference = |(&got, &want): (&f64, &f64)| {
        if got == want || got.is_nan() && want.is_nan() {
            0.0
        } else if got.is_finite() && want.is_finite() {
            (got - want).abs()
        } else {
            f64::INFINITY
        }
    };
    let largest = got.iter().zip(want).map(difference).fold(0.0, f64::max);
    if largest == 0.0 { 0.0 } else { largest / scale.max(f64::MIN_POSITIVE) }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm == 0.0 { f64::from(u8::from(a == b)) } else { dot(a, b) / norm }
}

fn print_rows(rows: &[Comparison]) {
    println!(
        "{}",
        style::heading(&format!(
            "{:<12} {:<8} {:>10} {:>10} {:>6}  output",
            "device", "result", "error", "cosine", "NaN"
        ))
    );
    for row in rows {
        let result = if row.passed { style::good("same    ") } else { style::bad("differs ") };
        println!(
            "{:<12} {result} {:>10.2e} {:>10.6} {:>6}  {}",
            row.device, row.error, row.cosine, row.n_nan, row.output
        );
    }
}

fn rows_json(rows: &[Comparison], passed: bool) -> serde_json::Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let error = if row.error.is_finite() { json!(row.error) } else { json!("infinite") };
            json!({
                "device": row.device, "output": row.output, "error": error, "cosine": row.cosine,
                "nan": row.n_nan, "passed": row.passed,
            })
        })
        .collect();
    json!({ "passed": passed, "outputs": rows })
}
