//! Sessions: repeated runs that keep buffers and states.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{DunlinError, ErrorKind, guard};
use crate::{Input, RunOptions, RunResult, Value, background, run};

/// Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one fails with the kind `busy`.
#[derive(Debug, uniffi::Object)]
pub struct Session {
    slot: Arc<Slot>,
}

/// The session, unless a call has taken it.
type Slot = Mutex<Option<dunlin_core::Session>>;

#[uniffi::export]
impl Session {
    /// Runs the model. Inputs that are states may be left out from the second run on.
    ///
    /// # Errors
    /// As [`crate::Model::run`]; states are then as before the run. Kind `busy` if another call is under way.
    pub fn run(&self, inputs: Vec<Input>, options: RunOptions) -> Result<RunResult, DunlinError> {
        guard(|| {
            let mut taken = Taken::new(&self.slot)?;
            run::result(taken.session()?.run_with(run::inputs(inputs)?, &options.choices())?)
        })
    }

    /// Runs the model in the background. Giving up the wait cancels the run.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub async fn run_async(&self, inputs: Vec<Input>, options: RunOptions) -> Result<RunResult, DunlinError> {
        let (mut taken, inputs) = (Taken::new(&self.slot)?, run::inputs(inputs)?);
        let (choices, own) = options.choices_apart();
        let work = move || {
            let outcome = taken.session()?.run_with(inputs, &choices);
            // Free again before the host hears of it.
            drop(taken);
            run::result(outcome?)
        };
        background::start(own, work)?.await
    }

    /// Sets a state by the name of its input.
    ///
    /// # Errors
    /// Kind `not-found` if the model declares no such state, `dtype` for what is no tensor.
    pub fn set_state(&self, input: String, value: Arc<Value>) -> Result<(), DunlinError> {
        guard(|| {
            let value = value.as_tensor()?.clone();
            Ok(Taken::new(&self.slot)?.session()?.set_state(&input, value)?)
        })
    }

    /// A state by the name of its input; none before the first run.
    ///
    /// # Errors
    /// Kind `not-found` if the model declares no such state.
    pub fn state(&self, input: String) -> Result<Option<Arc<Value>>, DunlinError> {
        guard(|| {
            let mut taken = Taken::new(&self.slot)?;
            Ok(taken.session()?.state(&input)?.cloned().map(Value::shared))
        })
    }

    /// Forgets all states: the next run starts anew.
    ///
    /// # Errors
    /// Kind `busy` if a run is under way.
    pub fn reset(&self) -> Result<(), DunlinError> {
        guard(|| {
            Taken::new(&self.slot)?.session()?.reset();
            Ok(())
        })
    }
}

impl Session {
    pub(crate) fn new(session: dunlin_core::Session) -> Session {
        Session { slot: Arc::new(Mutex::new(Some(session))) }
    }
}

/// A session that a call has taken, and gives back when it ends, however it ends.
struct Taken {
    slot: Arc<Slot>,
    session: Option<dunlin_core::Session>,
}

impl Taken {
    fn new(slot: &Arc<Slot>) -> Result<Taken, DunlinError> {
        let session = lock(slot).take().ok_or_else(busy)?;
        Ok(Taken { slot: slot.clone(), session: Some(session) })
    }

    fn session(&mut self) -> Result<&mut dunlin_core::Session, DunlinError> {
        self.session.as_mut().ok_or_else(busy)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        *lock(&self.slot) = self.session.take();
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<dunlin_core::Session>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn busy() -> DunlinError {
    DunlinError::new(ErrorKind::Busy, "the session is in the middle of another call")
}
