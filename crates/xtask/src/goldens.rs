//! The references that golden.py made, as jobs.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use dunlin_testing::protocol::{Job, Kind, Rule, Stored};
use serde::Deserialize;

use crate::place;

/// A model with stored inputs and outputs, as golden.py lists it.
#[derive(Debug, Clone, Deserialize)]
pub struct Golden {
    /// The model's name in tests/models.toml.
    pub model: String,
    path: String,
    dir: String,
    compare: String,
    tolerance: Option<f64>,
    inputs: Vec<Named>,
    outputs: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: String,
    kind: Kind,
    dtype: String,
}

/// The first golden of each model whose name holds one of the parts.
pub fn first_of_each(filter: &[String]) -> Result<Vec<Golden>> {
    let mut goldens = read(filter)?;
    goldens.dedup_by(|a, b| a.model == b.model);
    if goldens.is_empty() {
        bail!("no model is selected");
    }
    Ok(goldens)
}

/// The goldens of the models whose names hold one of the parts; all without parts.
pub fn read(filter: &[String]) -> Result<Vec<Golden>> {
    #[derive(Deserialize)]
    struct Index {
        cases: Vec<Golden>,
    }
    let path = place::cache()?.join("goldens/index.json");
    if !path.exists() {
        bail!("{} is missing; run `cargo xtask models` and `cargo xtask golden`", path.display());
    }
    let index: Index = serde_json::from_str(&std::fs::read_to_string(&path)?)
        .with_context(|| format!("reading {}", path.display()))?;
    let wanted = |golden: &Golden| filter.is_empty() || filter.iter().any(|part| golden.model.contains(part));
    Ok(index.cases.into_iter().filter(wanted).collect())
}

impl Golden {
    /// Model and number of the case.
    pub fn case(&self) -> &str {
        self.dir.trim_start_matches("goldens/")
    }

    /// Whether all inputs and outputs are tensors of numbers.
    pub fn is_numeric(&self) -> bool {
        let numeric = |value: &Named| value.kind == Kind::Tensor && !value.dtype.contains("string");
        self.inputs.iter().chain(&self.outputs).all(numeric)
    }

    /// Files of weights that lie beside the model.
    pub fn external(&self) -> Result<Vec<PathBuf>> {
        let data = place::cache()?.join(format!("{}.data", self.path));
        Ok(data.exists().then_some(data).into_iter().collect())
    }

    /// The golden as a worker's job.
    pub fn job(&self, backend: &str, threads: usize) -> Result<Job> {
        let cache = place::cache()?;
        let stored = |values: &[Named]| {
            values.iter().map(|value| Stored { name: value.name.clone(), kind: value.kind }).collect()
        };
        Ok(Job {
            model: cache.join(&self.path),
            data: vec![cache.join(&self.dir)],
            inputs: stored(&self.inputs),
            outputs: stored(&self.outputs),
            rule: self.rule()?,
            backend: backend.to_owned(),
            threads,
        })
    }

    fn rule(&self) -> Result<Rule> {
        Ok(match (self.compare.as_str(), self.tolerance) {
            ("quantized", _) => Rule::Quantized,
            ("half", _) => Rule::Half,
            ("float", Some(tolerance)) => Rule::Relative { tolerance },
            ("float", None) => bail!("{} has no tolerance", self.model),
            (other, _) => bail!("{}: no comparison is called {other:?}", self.model),
        })
    }
}
