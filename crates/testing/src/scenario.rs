//! The scenarios of tests/scenarios: what they hold, and whether somebody's answers to one are right.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// A model with runs and what must come of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence.
    pub about: String,
    /// The model's path, from the repository's root.
    pub model: String,
    /// Whether the steps share a session.
    #[serde(default)]
    pub session: bool,
    /// Pairs of an input and the output that a session hands on to it.
    #[serde(default)]
    pub states: Vec<(String, String)>,
    /// How many threads runs may use.
    #[serde(default = "one")]
    pub threads: usize,
    /// What the load ends with, instead of steps.
    pub load_error: Option<Refusal>,
    /// Runs, one after the other.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The inputs by name.
    pub inputs: BTreeMap<String, Array>,
    /// The outputs by name, if it succeeds.
    #[serde(default)]
    pub outputs: BTreeMap<String, Array>,
    /// What it ends with otherwise.
    pub error: Option<Refusal>,
    /// By how much floats may differ, relative to what is expected.
    #[serde(default)]
    pub relative: f64,
    /// By how much floats and integers may differ beyond that.
    #[serde(default)]
    pub absolute: f64,
}

/// An error that is expected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Its kind, by name.
    pub kind: String,
    /// Words of its message.
    #[serde(default)]
    pub mentions: Vec<String>,
}

/// A dense tensor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Array {
    /// The element type, by name.
    pub dtype: String,
    /// The size of each axis.
    pub shape: Vec<usize>,
    /// The little-endian bytes, in base64.
    #[serde(default)]
    pub data: String,
    /// The elements of a tensor of strings.
    #[serde(default)]
    pub strings: Vec<String>,
}

/// What somebody answered to a step or a load.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The outputs by name.
    Outputs(BTreeMap<String, Array>),
    /// The kind of an error and its message.
    Error(String, String),
}

/// What a target answered to all scenarios: the file that `DUNLIN_SCENARIOS_OUT` names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// The language, with what tells it from others of that language.
    pub target: String,
    /// The instruction set of the kernels.
    pub isa: String,
    /// What became of each scenario, by name.
    pub scenarios: BTreeMap<String, Outcome>,
}

/// What became of a scenario.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the answers are right.
    pub ok: bool,
    /// What is wrong.
    #[serde(default)]
    pub why: String,
    /// Of each step that succeeded the outputs' bytes, in base64; the texts of strings, joined by line feeds.
    #[serde(default)]
    pub outputs: Vec<BTreeMap<String, String>>,
}

fn one() -> usize {
    1
}

/// All scenarios of a folder, by name.
///
/// # Errors
/// What cannot be read, and why; and a folder without any.
pub fn read_all(folder: &Path) -> Result<BTreeMap<String, Scenario>, String> {
    let mut scenarios = BTreeMap::new();
    let list = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in list {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let scenario =
            serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        scenarios.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), scenario);
    }
    if scenarios.is_empty() {
        return Err(format!("{} holds no scenario", folder.display()));
    }
    Ok(scenarios)
}

impl Scenario {
    /// Looks at answers: one to each step, or one to the load.
    pub fn check(&self, answers: &[Answer]) -> Outcome {
        let checked = match &self.load_error {
            Some(refusal) => self.check_load(refusal, answers),
            None => self.check_steps(answers),
        };
        let outputs = answers.iter().filter_map(|answer| match answer {
            Answer::Outputs(outputs) => {
                Some(outputs.iter().map(|(name, array)| (name.clone(), array.recorded())).collect())
            }
            Answer::Error(..) => None,
        });
        Outcome { ok: checked.is_ok(), why: checked.err().unwrap_or_default(), outputs: outputs.collect() }
    }

    fn check_load(&self, refusal: &Refusal, answers: &[Answer]) -> Result<(), String> {
        match answers {
            [answer] => refusal.check(answer).map_err(|why| format!("load: {why}")),
            _ => Err("the model was loaded".to_owned()),
        }
    }

    fn check_steps(&self, answers: &[Answer]) -> Result<(), String> {
        if answers.len() != self.steps.len() {
            return Err(format!("{} of {} steps were answered", answers.len(), self.steps.len()));
        }
        for (at, (step, answer)) in self.steps.iter().zip(answers).enumerate() {
            step.check(answer).map_err(|why| format!("step {at}: {why}"))?;
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, answer: &Answer) -> Result<(), String> {
        if let Some(refusal) = &self.error {
            return refusal.check(answer);
        }
        let Answer::Outputs(outputs) = answer else { return Err(answer.described()) };
        if !outputs.keys().eq(self.outputs.keys()) {
            return Err(format!("outputs {:?}, not {:?}", outputs.keys(), self.outputs.keys()));
        }
        for (name, expected) in &self.outputs {
            expected
                .check(&outputs[name], self.relative, self.absolute)
                .map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(())
    }
}

impl Refusal {
    fn check(&self, answer: &Answer) -> Result<(), String> {
        match answer {
            Answer::Error(kind, message)
                if *kind == self.kind && self.mentions.iter().all(|word| message.contains(word)) =>
            {
                Ok(())
            }
            answer => Err(format!(
                "expected {} that mentions {:?}; {}",
                self.kind,
                self.mentions,
                answer.described()
            )),
        }
    }
}

impl Answer {
    fn described(&self) -> String {
        match self {
            Answer::Outputs(_) => "the run succeeded".to_owned(),
            Answer::Error(kind, message) => format!("the run ended with {kind}: {message}"),
        }
    }
}

impl Array {
    /// A tensor of bytes.
    pub fn of_bytes(dtype: &str, shape: Vec<usize>, bytes: &[u8]) -> Array {
        Array { dtype: dtype.to_owned(), shape, data: BASE64.encode(bytes), strings: Vec::new() }
    }

    /// A tensor of strings.
    pub fn of_strings(shape: Vec<usize>, strings: Vec<String>) -> Array {
        Array { dtype: "string".to_owned(), shape, data: String::new(), strings }
    }

    /// The bytes of its elements.
    ///
    /// # Errors
    /// What is wrong with the base64.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        BASE64.decode(&self.data).map_err(|error| error.to_string())
    }

    /// As records have it.
    fn recorded(&self) -> String {
        if self.dtype == "string" { BASE64.encode(self.strings.join("\n")) } else { self.data.clone() }
    }

    fn check(&self, got: &Array, relative: f64, absolute: f64) -> Result<(), String> {
        if (&got.dtype, &got.shape) != (&self.dtype, &self.shape) {
            return Err(format!("{}{:?}, not {}{:?}", got.dtype, got.shape, self.dtype, self.shape));
        }
        if got.strings != self.strings {
            return Err(format!("{:?}, not {:?}", got.strings, self.strings));
        }
        let is_float = self.dtype.contains("float");
        if !is_float && absolute == 0.0 {
            let first = || format!("bytes {:?}, not {:?}", got.bytes(), self.bytes());
            return if got.data == self.data { Ok(()) } else { Err(first()) };
        }
        let (got, expected) = (got.numbers()?, self.numbers()?);
        if got.len() != expected.len() {
            return Err(format!("{} elements, not {}", got.len(), expected.len()));
        }
        for (at, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            let bound = if is_float { absolute + relative * expected.abs() } else { absolute };
            let is_near =
                got == expected || got.is_nan() && expected.is_nan() || (got - expected).abs() <= bound;
            if !is_near {
                return Err(format!("{got} at {at}, not {expected}"));
            }
        }
        Ok(())
    }

    /// The elements as the widest float; 64-bit integers beyond 2^53 lose their last digits.
    fn numbers(&self) -> Result<Vec<f64>, String> {
        let bytes = self.bytes()?;
        Ok(match &*self.dtype {
            "string" => Vec::new(),
            "bool" | "uint8" => bytes.iter().copied().map(f64::from).collect(),
            "int8" => each(&bytes, |x| f64::from(i8::from_le_bytes(x))),
            "int16" => each(&bytes, |x| f64::from(i16::from_le_bytes(x))),
            "uint16" => each(&bytes, |x| f64::from(u16::from_le_bytes(x))),
            "int32" => each(&bytes, |x| f64::from(i32::from_le_bytes(x))),
            "uint32" => each(&bytes, |x| f64::from(u32::from_le_bytes(x))),
            "int64" => each(&bytes, |x| i64::from_le_bytes(x) as f64),
            "uint64" => each(&bytes, |x| u64::from_le_bytes(x) as f64),
            "float16" => each(&bytes, |x| f16::from_le_bytes(x).to_f64()),
            "bfloat16" => each(&bytes, |x| bf16::from_le_bytes(x).to_f64()),
            "float32" => each(&bytes, |x| f64::from(f32::from_le_bytes(x))),
            "float64" => each(&bytes, f64::from_le_bytes),
            other => return Err(format!("elements of {other} cannot be compared")),
        })
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| number(chunk)).collect()
}
