//! The same graphs on candle's CPU: answers known from elsewhere, and the truth about what fell back.
#![cfg(feature = "candle")]

use std::path::Path;

use dunlin_core::{Device, ErrorKind, Fallback, Model, RunOptions, Tensor, Threads};

fn load(name: &str, fallback: Fallback) -> Result<Model, dunlin_core::Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    Model::builder().device(Device::CandleCpu).fallback(fallback).threads(Threads::Count(2)).load(path)
}

#[test]
fn a_dense_layer_runs_on_the_device_alone() {
    let model = load("gemm.onnx", Fallback::Deny).unwrap();
    assert_eq!(model.report().fallbacks().count(), 0);
    assert!(model.report().nodes.iter().all(|node| node.backend == "candle-cpu"));
    let options = RunOptions { report: true, ..RunOptions::default() };
    for _ in 0..2 {
        let x = Tensor::from_slice([2, 2], &[1.0f32, 2.0, 3.0, 4.0]).unwrap();
        let (outputs, report) = model.run_with([("x", x)], &options).unwrap();
        // `relu(x w + b)`, worked out by hand.
        let y = outputs.tensor("y").unwrap();
        assert_eq!(y.view::<f32>().unwrap(), [0.0, 12.0, 16.0, 0.0, 26.0, 34.0]);
        let nodes = report.unwrap().nodes;
        assert!(nodes.iter().all(|node| node.backend == "candle-cpu" && node.fallback.is_none()));
    }
}

#[test]
fn what_the_device_lacks_is_refused_or_reported() {
    let error = load("graphs/loop_that_draws.onnx", Fallback::Deny).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Placement);
    assert!(
        error.to_string().contains("RandomNormal") || error.to_string().contains("RandomUniform"),
        "{error}"
    );
    let model = load("graphs/loop_that_draws.onnx", Fallback::Report).unwrap();
    assert!(model.report().fallbacks().all(|node| node.backend == "cpu"));
    assert!(model.report().fallbacks().count() > 0);
}

#[test]
fn a_run_without_elements_goes_to_the_cpu() {
    let model = load("gemm.onnx", Fallback::Allow).unwrap();
    let options = RunOptions { report: true, ..RunOptions::default() };
    let x = Tensor::from_slice([0, 2], &[] as &[f32]).unwrap();
    let (outputs, report) = model.run_with([("x", x)], &options).unwrap();
    assert_eq!(outputs.tensor("y").unwrap().shape().dims(), [0, 3]);
    assert!(report.unwrap().nodes.iter().any(|node| node.fallback.is_some()));
}

#[test]
fn device_names_are_read_as_they_are_written() {
    assert_eq!("candle-cpu".parse::<Device>().unwrap(), Device::CandleCpu);
    assert_eq!(Device::CandleCpu.to_string(), "candle-cpu");
    let error = "tpu".parse::<Device>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    assert!(error.to_string().contains("cpu, candle-cpu"), "{error}");
    assert!(dunlin_core::devices().contains(&"candle-cpu".to_owned()));
}
