//! Small models of classical machine learning against what ONNX Runtime makes of them (`tests/golden/ml/make.py`).

use std::path::Path;

use dunlin_testing::engine;
use dunlin_testing::protocol::{Job, Rule, Stored, Work};

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    inputs: Vec<Stored>,
    outputs: Vec<Stored>,
}

#[test]
fn models_agree_with_onnx_runtime() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/ml"));
    let cases = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&cases).unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let job = Job {
            model: folder.join(&case.name).join("model.onnx"),
            data: vec![folder.join(&case.name)],
            inputs: case.inputs,
            outputs: case.outputs,
            rule: Rule::Close { rtol: 1e-5, atol: 1e-6 },
            backend: "cpu".into(),
            threads: 2,
        };
        if let Some(failure) = engine::perform(&Work::Check(job)).failure {
            failures.push(format!("{}: {}: {}", case.name, failure.kind, failure.message));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
