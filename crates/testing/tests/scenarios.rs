//! The scenarios that every language runs, in Rust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dunlin_core::{DType, Error, Inputs, Model, Outputs, Session, Shape, Tensor, Threads, Value};
use dunlin_testing::scenario::{Answer, Array, Record, Scenario, Step, read_all};

#[test]
fn scenarios_are_answered() {
    let scenarios = read_all(&repository().join("tests/scenarios")).unwrap();
    let outcomes: BTreeMap<_, _> =
        scenarios.iter().map(|(name, scenario)| (name.clone(), scenario.check(&answers(scenario)))).collect();
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.ok)
        .map(|(name, outcome)| format!("{name}: {}", outcome.why))
        .collect();
    let record = Record {
        target: "rust".to_owned(),
        isa: dunlin_core::instruction_set().to_owned(),
        scenarios: outcomes,
    };
    if let Some(path) = std::env::var_os("DUNLIN_SCENARIOS_OUT") {
        std::fs::write(path, serde_json::to_vec(&record).unwrap()).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn answers(scenario: &Scenario) -> Vec<Answer> {
    let builder = Model::builder().threads(Threads::Count(scenario.threads));
    let builder =
        scenario.states.iter().fold(builder, |builder, (input, output)| builder.state(input, output));
    let model = match builder.load(repository().join(&scenario.model)) {
        Ok(model) => model,
        Err(error) => return vec![refused(&error)],
    };
    let mut session = scenario.session.then(|| model.session());
    scenario.steps.iter().map(|step| answer(&model, session.as_mut(), step)).collect()
}

fn answer(model: &Model, session: Option<&mut Session>, step: &Step) -> Answer {
    let inputs = Inputs::named(step.inputs.iter().map(|(name, array)| (name.as_str(), tensor(array))));
    let outputs = match session {
        Some(session) => session.run(inputs),
        None => model.run(inputs),
    };
    outputs.map_or_else(|error| refused(&error), |outputs| Answer::Outputs(arrays(&outputs)))
}

fn refused(error: &Error) -> Answer {
    Answer::Error(error.kind().name().to_owned(), error.to_string())
}

fn tensor(array: &Array) -> Tensor {
    let shape = Shape::new(&array.shape);
    if array.dtype == "string" {
        return Tensor::from_strings(shape, array.strings.clone()).unwrap();
    }
    let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == array.dtype).unwrap();
    let mut tensor = Tensor::zeroed(dtype, shape).unwrap();
    tensor.try_bytes_mut().unwrap().copy_from_slice(&array.bytes().unwrap());
    tensor
}

fn arrays(outputs: &Outputs) -> BTreeMap<String, Array> {
    let array = |value: &Value| {
        let tensor = value.as_tensor().unwrap();
        let shape = tensor.shape().to_vec();
        match tensor.strings() {
            Ok(strings) => Array::of_strings(shape, strings.to_vec()),
            Err(_) => Array::of_bytes(tensor.dtype().name(), shape, tensor.bytes()),
        }
    };
    outputs.iter().map(|(name, value)| (name.to_owned(), array(value))).collect()
}
