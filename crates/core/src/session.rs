//! Repeated runs with kept buffers and states.

use dunlin_ir::{Tensor, Value};

use crate::run::Scratch;
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
        let states = vec![None; model.inner().states.len()];
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
    pub fn run<'n>(&mut self, inputs: impl Into<Inputs<'n>>) -> Result<Outputs, Error> {
        self.run_with(inputs, &RunOptions::default()).map(|(outputs, _)| outputs)
    }

    /// Runs the model with choices.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_with<'n>(
        &mut self,
        inputs: impl Into<Inputs<'n>>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        self.with_scratch(|session| {
            session.arrange(inputs.into())?;
            let (outputs, report) = session.scratch.run(session.model.inner(), options)?;
            for (state, &(_, output)) in session.states.iter_mut().zip(&session.model.inner().states) {
                *state = Some(outputs[output].clone());
            }
            Ok((outputs, report))
        })
    }

    /// Runs the model with its outputs, or some of them, in the caller's memory, as [`Model::run_into`]; those that are states
    /// are copied there.
    ///
    /// # Errors
    /// As [`Model::run_into`]; states are then as before the run.
    pub fn run_into<'n>(
        &mut self,
        inputs: impl Into<Inputs<'n>>,
        outputs: &mut [(&str, &mut [u8])],
    ) -> Result<(), Error> {
        self.run_into_with(inputs, outputs, &RunOptions::default()).map(|_| ())
    }

    /// As [`Session::run_into`], with choices.
    ///
    /// # Errors
    /// As [`Session::run_into`].
    pub fn run_into_with<'n>(
        &mut self,
        inputs: impl Into<Inputs<'n>>,
        outputs: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        self.with_scratch(|session| {
            session.arrange(inputs.into())?;
            let report = session.scratch.run_into(session.model.inner(), outputs, options)?;
            for (state, &(_, output)) in session.states.iter_mut().zip(&session.model.inner().states) {
                *state = session.scratch.outputs[output].value().cloned();
            }
            Ok(report)
        })
    }

    fn with_scratch<R>(&mut self, f: impl FnOnce(&mut Session) -> R) -> R {
        let result = f(self);
        self.scratch.clear();
        result
    }

    /// The inputs in the model's order, with the states where they are left out.
    fn arrange(&mut self, inputs: Inputs<'_>) -> Result<(), Error> {
        let model = self.model.inner();
        self.scratch.arrange(model, inputs)?;
        for (state, &(input, _)) in self.states.iter().zip(&model.states) {
            let value = &mut self.scratch.inputs[input];
            if value.is_none() {
                value.clone_from(state);
            }
        }
        Ok(())
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
        let at = self.model.inner().states.iter().position(named);
        at.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the model declares no state {input:?}")))
    }
}
