//! Attention and the norms around it: models of one operator each, whose answers come from ONNX Runtime, as
//! `data/attention/make.py` tells, which writes both.

use std::path::PathBuf;

use dunlin_core::{Inputs, Model, Tensor, Threads, Value};

/// One model with its inputs and what must come of them.
#[derive(Default)]
struct Case {
    name: String,
    inputs: Vec<(String, Value)>,
    outputs: Vec<(String, Tensor)>,
}

#[test]
fn operators_answer_as_elsewhere() {
    let cases = cases();
    assert!(!cases.is_empty());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|what| format!("{}: {what}", case.name)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let builder = Model::builder().threads(Threads::Count(2));
    let model =
        builder.load(folder().join(format!("{}.onnx", case.name))).map_err(|error| error.to_string())?;
    let outputs = model.run(Inputs::named(case.inputs.clone())).map_err(|error| error.to_string())?;
    if outputs.len() != case.outputs.len() {
        return Err(format!("{} outputs instead of {}", outputs.len(), case.outputs.len()));
    }
    for ((name, expected), (_, got)) in case.outputs.iter().zip(outputs.iter()) {
        let Value::Tensor(got) = got else { return Err(format!("{name} is no tensor")) };
        if !same(expected, got) {
            return Err(format!("{name}: expected {expected:?}, got {got:?}"));
        }
    }
    Ok(())
}

fn same(a: &Tensor, b: &Tensor) -> bool {
    match (a.view::<f32>(), b.view::<f32>()) {
        (Ok(x), Ok(y)) => {
            let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 + 1e-5 * x.abs();
            a.shape() == b.shape() && x.iter().zip(y).all(close)
        }
        _ => a == b,
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/attention"))
}

/// The cases of `cases.txt`: a name per case, and indented below it `in NAME TENSOR` and `out NAME TENSOR`.
fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases.txt")).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let Some(fields) = line.strip_prefix("  ") else {
            cases.push(Case { name: line.to_owned(), ..Case::default() });
            continue;
        };
        let case = cases.last_mut().unwrap();
        let mut fields = fields.split(' ');
        let (kind, name) = (fields.next().unwrap(), fields.next().unwrap().to_owned());
        let tensor = tensor_of(fields);
        match kind {
            "in" => case.inputs.push((name, Value::Tensor(tensor))),
            _ => case.outputs.push((name, tensor)),
        }
    }
    cases
}

/// `TYPE SIZES ELEMENTS`
fn tensor_of<'t>(mut fields: impl Iterator<Item = &'t str>) -> Tensor {
    let (dtype, sizes) = (fields.next().unwrap(), fields.next().unwrap());
    let sizes = sizes.split(',').filter(|size| *size != "-");
    let shape: Vec<usize> = sizes.map(|size| size.parse().unwrap()).collect();
    macro_rules! parsed {
        ($type:ty) => {
            Tensor::from_slice(shape, &fields.map(|x| x.parse::<$type>().unwrap()).collect::<Vec<_>>())
        };
    }
    let tensor = match dtype {
        "float32" => parsed!(f32),
        "int32" => parsed!(i32),
        "int64" => parsed!(i64),
        "int8" => parsed!(i8),
        "uint8" => parsed!(u8),
        other => panic!("{other}"),
    };
    tensor.unwrap()
}
