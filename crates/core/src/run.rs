//! One run: inputs checked and put in order, the plan run within a guard, outputs handed out or left in the caller's memory.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use dunlin_exec::{Environment, Observer, Output, Resources, Stop};
use dunlin_ir::{DType, Dim, Type, Value};
use dunlin_sys::{Arena, FloatState};
use smallvec::SmallVec;

use crate::model::Inner;
use crate::report::Recorder;
use crate::{Error, ErrorKind, InputInfo, Inputs, Outputs, RunOptions, RunReport};

/// What one run at a time needs; kept, so that repeated runs allocate nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    environment: Environment,
    arena: Arena,
    /// In the model's order.
    pub inputs: Vec<Option<Value>>,
    /// In the model's order.
    pub outputs: Vec<Output>,
}

impl Scratch {
    /// Puts inputs in the model's order and checks them against its signature.
    pub fn arrange(&mut self, model: &Inner, inputs: Inputs<'_>) -> Result<(), Error> {
        self.inputs.clear();
        self.inputs.resize_with(model.inputs.len(), || None);
        for (order, (name, value)) in inputs.values.into_iter().enumerate() {
            let position = match &name {
                Some(name) => model.input_position(name)?,
                None if order < self.inputs.len() => order,
                None => {
                    let message = format!("too many inputs: the model takes {}", self.inputs.len());
                    return Err(Error::new(ErrorKind::Input, message));
                }
            };
            let value = check(&model.inputs[position], value)?;
            if self.inputs[position].replace(value).is_some() {
                let message = format!("input {:?} is given twice", model.inputs[position].name);
                return Err(Error::new(ErrorKind::Input, message));
            }
        }
        Ok(())
    }

    /// Runs on arranged inputs.
    pub fn run(
        &mut self,
        model: &Inner,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        self.outputs.resize_with(model.outputs.len(), Output::default);
        let report = self.execute(model, options)?;
        let values = self.outputs.iter_mut().filter_map(Output::take).collect();
        Ok((Outputs::new(model.output_names.clone(), values), report))
    }

    /// Runs on arranged inputs, with outputs in the caller's memory. Those that are states of the model are copied there: their
    /// values outlive the call.
    pub fn run_into(
        &mut self,
        model: &Inner,
        places: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        let positions = positions(model, places)?;
        let is_state = |position| model.states.iter().any(|&(_, output)| output == position);
        let lent = places.iter_mut().zip(&positions).filter(|&(_, &position)| !is_state(position));
        self.outputs.resize_with(model.outputs.len(), Output::default);
        let arena = self.arena.clone();
        let report = arena.lending(|lender| {
            for ((_, memory), &position) in lent {
                self.outputs[position].offer(lender.lend(memory));
            }
            let report = self.execute(model, options);
            self.outputs.iter_mut().for_each(Output::withdraw);
            report
        })?;
        for ((name, memory), position) in places.iter_mut().zip(positions) {
            if let Some(value) = self.outputs[position].value() {
                copy_out(name, value, memory)?;
            }
        }
        Ok(report)
    }

    /// Lets go of everything but memory.
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.outputs.clear();
    }

    fn execute(&mut self, model: &Inner, options: &RunOptions) -> Result<Option<RunReport>, Error> {
        for (info, value) in model.inputs.iter().zip(&self.inputs) {
            if value.is_none() && !info.is_optional {
                let message = format!("input {:?} ({}) is missing", info.name, info.ty);
                return Err(Error::new(ErrorKind::Input, message));
            }
        }
        let observed = options.report.then(|| (Recorder::default(), Instant::now()));
        let stop = Stop {
            cancel: options.cancel.as_ref().map(|cancel| cancel.flag()),
            deadline: options.deadline,
            ..Stop::default()
        };
        self.arena.reset_peak();
        let resources = Resources {
            pool: model.workers.parallel(),
            arena: &self.arena,
            limits: &model.limits.run,
            stop: &stop,
            seed: options.seed,
            observer: observed.as_ref().map(|(recorder, _)| recorder as &dyn Observer),
        };
        let (inputs, outputs, environment) = (&mut self.inputs, &mut self.outputs, &mut self.environment);
        let run = AssertUnwindSafe(|| {
            let _float_state = FloatState::enter();
            let special = model.specialization(inputs);
            let n_spared = special.as_ref().map_or(0, |special| special.n_spared());
            let inputs = inputs.drain(..);
            dunlin_exec::run_into(&model.plan, special.as_deref(), inputs, &resources, environment, outputs)
                .map(|()| n_spared)
        });
        let result = std::panic::catch_unwind(run).map_err(|payload| Error::panicked(&*payload))?;
        let n_spared = result.map_err(|error| Error::from(*error))?;
        Ok(observed.map(|(recorder, started)| RunReport {
            nodes: recorder.into_nodes(),
            time: started.elapsed(),
            peak_bytes: self.arena.peak_bytes(),
            n_spared,
        }))
    }
}

/// Which output each place is for.
fn positions(model: &Inner, places: &[(&str, &mut [u8])]) -> Result<SmallVec<[usize; 8]>, Error> {
    let mut positions = SmallVec::new();
    for (name, _) in places {
        let position = model.output_position(name)?;
        if positions.contains(&position) {
            return Err(Error::new(ErrorKind::Input, format!("output {name:?} is named twice")));
        }
        positions.push(position);
    }
    Ok(positions)
}

/// Copies an output into the caller's memory.
fn copy_out(name: &str, value: &Value, memory: &mut [u8]) -> Result<(), Error> {
    let tensor = value.as_tensor().filter(|tensor| tensor.dtype() != DType::String).ok_or_else(|| {
        let what = value.as_tensor().map_or(value.kind(), |_| "tensor of strings");
        Error::new(ErrorKind::DType, format!("output {name:?} is a {what}: it has no bytes to be copied"))
    })?;
    if tensor.bytes().len() != memory.len() {
        let message = format!(
            "output {name:?} is {} {}, {} bytes; the memory has {}",
            tensor.dtype(),
            tensor.shape(),
            tensor.bytes().len(),
            memory.len()
        );
        return Err(Error::new(ErrorKind::Shape, message));
    }
    memory.copy_from_slice(tensor.bytes());
    Ok(())
}

/// Checks one input against the signature, and makes it what the graph expects: aligned, optional where declared so.
fn check(info: &InputInfo, value: Value) -> Result<Value, Error> {
    let name = &info.name;
    match (&info.ty, value) {
        (Type::Tensor { dtype, dims }, Value::Tensor(tensor)) => {
            if let Some(dtype) = dtype.filter(|&dtype| dtype != tensor.dtype()) {
                let message = format!("input {name:?} needs {dtype}, got {}", tensor.dtype());
                return Err(Error::new(ErrorKind::DType, message));
            }
            let fits = |dims: &[Dim]| {
                let fits = |(dim, &size): (&Dim, &usize)| dim.known().is_none_or(|known| known == size);
                dims.len() == tensor.rank() && dims.iter().zip(tensor.shape().iter()).all(fits)
            };
            if dims.as_deref().is_some_and(|dims| !fits(dims)) {
                let message = format!("input {name:?} needs {}, got {}", info.ty, tensor.shape());
                return Err(Error::new(ErrorKind::Shape, message));
            }
            aligned(Value::Tensor(tensor))
        }
        (Type::Optional(_), Value::Optional(value)) => aligned(Value::Optional(value)),
        (Type::Optional(_), value) => aligned(Value::Optional(Some(Box::new(value)))),
        (Type::Tensor { .. }, value) => mismatch(info, &value),
        (Type::Sequence(_), value @ Value::Sequence(_)) | (Type::Map(..), value @ Value::Map(_)) => {
            aligned(value)
        }
        (Type::Sequence(_) | Type::Map(..), value) => mismatch(info, &value),
        (Type::Unknown, value) => aligned(value),
    }
}

/// The value with all tensors within aligned.
fn aligned(value: Value) -> Result<Value, Error> {
    Ok(value.into_aligned()?)
}

fn mismatch(info: &InputInfo, value: &Value) -> Result<Value, Error> {
    let message = format!("input {:?} needs {}, got a {}", info.name, info.ty, value.kind());
    Err(Error::new(ErrorKind::DType, message))
}
