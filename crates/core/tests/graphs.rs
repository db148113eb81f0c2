//! Functions, nested graphs, names and containers: small models whose answers come from elsewhere, as
//! `data/graphs/make.py` tells, which writes both.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dunlin_core::{Bool, Device, ErrorKind, Inputs, Limits, Model, RunOptions, Tensor, Threads, Value};

/// One model with its inputs and what must come of them.
#[derive(Default)]
struct Case {
    name: String,
    inputs: Vec<(String, Value)>,
    outputs: Vec<(String, Value)>,
    error: Option<String>,
}

#[test]
fn models_answer_as_elsewhere() {
    check_all(Device::Cpu);
}

#[test]
#[cfg(feature = "candle")]
fn models_answer_on_candle_as_elsewhere() {
    check_all(Device::CandleCpu);
}

fn check_all(device: Device) {
    let failures: Vec<String> = cases()
        .iter()
        .filter_map(|case| check(case, device).err().map(|what| format!("{}: {what}", case.name)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_loop_without_end_is_ended() {
    let load = |limits| Model::builder().limits(limits).load(folder().join("loop_without_end.onnx")).unwrap();
    let x = || Tensor::from_slice([3], &[1.0f32, 2.0, 3.0]).unwrap();
    let mut limits = Limits::default();
    limits.run.loop_steps = 100;
    assert_eq!(load(limits).run([x()]).unwrap_err().kind(), ErrorKind::Limit);
    let deadline = Some(Instant::now() + Duration::from_millis(50));
    let options = RunOptions { deadline, ..RunOptions::default() };
    let error = load(Limits::default()).run_with([x()], &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
}

#[test]
fn each_iteration_draws_other_numbers_and_each_run_the_same() {
    let model = Model::load(folder().join("loop_that_draws.onnx")).unwrap();
    let draw = || {
        let outputs = model.run([Tensor::scalar(3i64).unwrap()]).unwrap();
        outputs[0].as_tensor().unwrap().view::<f32>().unwrap().to_vec()
    };
    let drawn = draw();
    assert_ne!(drawn[..4], drawn[4..8]);
    assert_ne!(drawn[4..8], drawn[8..]);
    assert_eq!(drawn, draw());
}

fn check(case: &Case, device: Device) -> Result<(), String> {
    let mut limits = Limits::default();
    limits.read.max_nodes = 10_000;
    let builder = Model::builder().device(device).threads(Threads::Count(1)).limits(limits);
    let model = builder.load(folder().join(format!("{}.onnx", case.name)));
    let model = match (model, &case.error) {
        (Ok(model), None) => model,
        (Ok(_), Some(error)) => return Err(format!("loads, but should fail with {error:?}")),
        (Err(error), Some(part)) if error.to_string().contains(part) => return Ok(()),
        (Err(error), _) => return Err(error.to_string()),
    };
    // Twice: slots and buffers of the first run serve the second, which is specialised for its shapes.
    for _ in 0..2 {
        let outputs = model.run(Inputs::named(case.inputs.clone())).map_err(|error| error.to_string())?;
        if outputs.len() != case.outputs.len() {
            return Err(format!("{} outputs instead of {}", outputs.len(), case.outputs.len()));
        }
        for ((name, expected), (got_name, got)) in case.outputs.iter().zip(outputs.iter()) {
            if name != got_name || !same(expected, got) {
                return Err(format!("{name}: expected {expected:?}, got {got_name} {got:?}"));
            }
        }
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Tensor(a), Value::Tensor(b)) => match (a.view::<f32>(), b.view::<f32>()) {
            (Ok(x), Ok(y)) => {
                a.shape() == b.shape() && x.iter().zip(y).all(|(x, y)| (x - y).abs() <= 1e-5 * x.abs())
            }
            _ => a == b,
        },
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Optional(None), Value::Optional(None)) => true,
        _ => false,
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/graphs"))
}

/// The cases of `cases.txt`: a name per case, and indented below it `in NAME VALUE`, `out NAME VALUE`, `error PART`.
fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases.txt")).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(fields) = line.strip_prefix("  ") else {
            let name = line.split_whitespace().next().unwrap().to_owned();
            cases.push(Case { name, ..Case::default() });
            continue;
        };
        let case = cases.last_mut().unwrap();
        let (kind, rest) = fields.split_once(' ').unwrap();
        let mut named = || {
            let (name, value) = rest.split_once(' ').unwrap();
            (name.to_owned(), value_of(value, &mut lines))
        };
        match kind {
            "in" => case.inputs.push(named()),
            "out" => case.outputs.push(named()),
            _ => case.error = Some(rest.to_owned()),
        }
    }
    cases
}

/// `none`, `sequence N` with the elements on the next N lines, or `TYPE SIZES ELEMENTS`.
fn value_of<'t>(text: &str, lines: &mut impl Iterator<Item = &'t str>) -> Value {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields[0] == "none" {
        return Value::Optional(None);
    }
    if fields[0] == "sequence" {
        let element = |_| {
            value_of(lines.next().unwrap().trim().splitn(3, ' ').nth(2).unwrap(), &mut std::iter::empty())
        };
        return Value::Sequence((0..fields[1].parse::<usize>().unwrap()).map(element).collect());
    }
    let sizes = fields[1].split(',').filter(|size| *size != "-");
    let shape: Vec<usize> = sizes.map(|size| size.parse().unwrap()).collect();
    let elements = &fields[2..];
    let tensor = match fields[0] {
        "float32" => {
            let elements: Vec<f32> = elements.iter().map(|e| e.parse().unwrap()).collect();
            Tensor::from_slice(shape, &elements)
        }
        "int64" => {
            let elements: Vec<i64> = elements.iter().map(|e| e.parse().unwrap()).collect();
            Tensor::from_slice(shape, &elements)
        }
        "bool" => {
            let elements: Vec<Bool> = elements.iter().map(|e| Bool::from(*e == "1")).collect();
            Tensor::from_slice(shape, &elements)
        }
        other => panic!("{other}"),
    };
    Value::Tensor(tensor.unwrap())
}
