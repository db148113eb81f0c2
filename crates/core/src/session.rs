//! Repeated runs with kept buffers and states.

use dunlin_ir::{Tensor, Value};

use crate::model::Scratch;
use crate::{Error, ErrorKind, Inputs, Model, Outputs, RunOptions, RunReport};

/// A sequence of runs that reuses its buffers and carries the model's states from run to run.
///
/// One session belongs to one thread at a time; any number of sessions share a model.
#[derive(Debug)]
pub struct Session {
    model: Model,
    scratch: Scratch,
    /// One value per state of the model, in the order of their declaration.
    states: Vec<Option<Value>>,
}

impl Session {
    pub(crate) fn new(model: Model) -> Session {
        let states = vec![None; model.states().len()];
        Session { model, scratch: Scratch::default(), states }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Runs the model. Inputs that are states may be left out from the second run on.
    ///
    /// # Errors
    /// As [`Model::run`]; states are then as before the run.
    pub fn run(&mut self, inputs: impl Into<Inputs>) -> Result<Outputs, Error> {
        self.run_with(inputs, &RunOptions::default()).map(|(outputs, _)| outputs)
    }

    /// Runs the model with choices.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_with(
        &mut self,
        inputs: impl Into<Inputs>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        let mut values = self.model.arrange(inputs.into())?;
        for (state, &(input, _)) in self.states.iter().zip(self.model.states()) {
            if values[input].is_none() {
                values[input].clone_from(state);
            }
        }
        let (outputs, report) = self.model.execute(values, options, &mut self.scratch)?;
        for (state, &(_, output)) in self.states.iter_mut().zip(self.model.states()) {
            *state = Some(outputs[output].clone());
        }
        Ok((outputs, report))
    }

    /// Runs the model and copies its outputs into the caller's buffers.
    ///
    /// # Errors
    /// As [`Session::run`]; [`ErrorKind::NotFound`] for an unknown output, [`ErrorKind::Shape`] for a buffer whose
    /// length in bytes is not the output's.
    pub fn run_into(
        &mut self,
        inputs: impl Into<Inputs>,
        outputs: &mut [(&str, &mut [u8])],
    ) -> Result<(), Error> {
        let results = self.run(inputs)?;
        copy_out(&results, outputs)
    }

    /// Sets a state by the name of its input.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the model declares no such state.
    pub fn set_state(&mut self, input: &str, value: Tensor) -> Result<(), Error> {
        let at = self.state_position(input)?;
        self.states[at] = Some(value.into());
        Ok(())
    }

    /// A state by the name of its input; `None` before the first run.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the model declares no such state.
    pub fn state(&self, input: &str) -> Result<Option<&Value>, Error> {
        Ok(self.states[self.state_position(input)?].as_ref())
    }

    /// Forgets all states: the next run starts anew.
    pub fn reset(&mut self) {
        self.states.fill(None);
    }

    fn state_position(&self, input: &str) -> Result<usize, Error> {
        let named = |&(position, _): &(usize, usize)| *self.model.inputs()[position].name == *input;
        let at = self.model.states().iter().position(named);
        at.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the model declares no state {input:?}")))
    }
}

/// Copies outputs into the caller's buffers.
pub(crate) fn copy_out(results: &Outputs, outputs: &mut [(&str, &mut [u8])]) -> Result<(), Error> {
    for (name, buffer) in outputs {
        let value = results
            .get(name)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the model has no output {name:?}")))?;
        let tensor = value.as_tensor().ok_or_else(|| {
            Error::new(ErrorKind::DType, format!("output {name:?} is a {}, not a tensor", value.kind()))
        })?;
        if tensor.bytes().len() != buffer.len() {
            let message = format!(
                "output {name:?} is {} {}, {} bytes; the buffer has {}",
                tensor.dtype(),
                tensor.shape(),
                tensor.bytes().len(),
                buffer.len()
            );
            return Err(Error::new(ErrorKind::Shape, message));
        }
        buffer.copy_from_slice(tensor.bytes());
    }
    Ok(())
}
