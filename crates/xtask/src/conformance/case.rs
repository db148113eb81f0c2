//! The tests' index, as onnx_tests.py writes it.

use std::path::Path;

use anyhow::{Context, Result};
use dunlin_testing::protocol::{Distribution, Job, Rule, Stored};
use serde::Deserialize;

/// One test.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// The suite that it belongs to.
    pub suite: String,
    /// Its name within the suite.
    pub name: String,
    /// The operator that it is about.
    pub op: String,
    /// The operator's domain; empty for the main one.
    pub domain: String,
    dir: String,
    data_sets: usize,
    rtol: f64,
    atol: f64,
    random: Option<Distribution>,
    inputs: Vec<Stored>,
    outputs: Vec<Stored>,
}

impl Case {
    /// Suite and name.
    pub fn id(&self) -> String {
        format!("{}/{}", self.suite, self.name)
    }

    /// The test as a worker's job.
    pub fn job(&self, folder: &Path, backend: &str) -> Job {
        let home = folder.join(&self.dir);
        let close = Rule::Close { rtol: self.rtol, atol: self.atol };
        Job {
            model: home.join("model.onnx"),
            data: (0..self.data_sets).map(|i| home.join(format!("test_data_set_{i}"))).collect(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            rule: self.random.map_or(close, Rule::Drawn),
            backend: backend.to_owned(),
            threads: 1,
        }
    }
}

/// The version of the onnx package and all of its tests.
pub fn read_index(folder: &Path) -> Result<(String, Vec<Case>)> {
    #[derive(Deserialize)]
    struct Index {
        onnx: String,
        cases: Vec<Case>,
    }
    let path = folder.join("index.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let index: Index = serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    Ok((index.onnx, index.cases))
}
