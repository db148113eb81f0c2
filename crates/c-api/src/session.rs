//! Sessions: repeated runs that keep buffers and states.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dunlin_core::{Inputs, Outputs, RunOptions, RunReport, Session, Value};
use dunlin_sys::Bytes;

use crate::handle::{Kind, Object, find, free, store};
use crate::model::{ModelObject, dunlin_model};
use crate::ptr;
use crate::report::dunlin_report;
use crate::run::{Call, Place, Runner, dunlin_done_fn, dunlin_output, dunlin_run_options};
use crate::status::{Failure, dunlin_status, guard};
use crate::value::{dunlin_value, tensor};

/// Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one gets `DUNLIN_BUSY`.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_session {
    _opaque: [u8; 0],
}

/// The object behind `dunlin_session`: the session, unless a call has taken it.
#[derive(Debug)]
pub(crate) struct SessionObject(Mutex<Option<Session>>);

/// A session that a call has taken, and gives back when it ends, however it ends.
pub(crate) struct Taken {
    object: Arc<SessionObject>,
    session: Option<Session>,
}

impl Taken {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        self.session.as_mut().ok_or_else(busy)
    }
}

impl Runner for Taken {
    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Failure> {
        Ok(self.session()?.run_with(inputs, options)?)
    }

    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [Place<'_>],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Failure> {
        Ok(self.session()?.run_into_with(inputs, places, options)?)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        *self.object.slot() = self.session.take();
    }
}

impl Object for SessionObject {
    type Opaque = dunlin_session;
    const KIND: Kind = Kind::Session;
    const NAME: &'static str = "dunlin_session";
}

impl SessionObject {
    fn slot(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a session for the time of a call.
fn take(session: *const dunlin_session) -> Result<Taken, Failure> {
    let object = find::<SessionObject>(session)?;
    let session = object.slot().take().ok_or_else(busy)?;
    Ok(Taken { object, session: Some(session) })
}

fn busy() -> Failure {
    Failure::new(dunlin_status::DUNLIN_BUSY, "the session is in the middle of another call")
}

/// Makes a session of a model, which may be freed before it. End it with `dunlin_session_free()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_new(
    model: *const dunlin_model,
    out_session: *mut *mut dunlin_session,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_session, "out_session")?;
        let session = find::<ModelObject>(model)?.model.session();
        ptr::put(out_session, store(SessionObject(Mutex::new(Some(session))))?);
        Ok(())
    })
}

/// Ends a session. NULL is allowed; a run that is under way goes on. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_free(session: *mut dunlin_session) {
    guard(|| {
        free::<SessionObject>(session);
        Ok(())
    });
}

/// Runs a session. Inputs that are states may be left out from the second run on. After a failure the states are as before.
/// Otherwise as `dunlin_model_run()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_run(
    session: *mut dunlin_session,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    out_outputs: *mut *mut dunlin_value,
    n_outputs: usize,
    out_report: *mut *mut dunlin_report,
) -> dunlin_status {
    guard(|| {
        let mut taken = take(session)?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run(out_outputs, n_outputs, &mut taken)
    })
}

/// Runs a session with outputs in the host's memory, as `dunlin_model_run_into()`; outputs that are states are copied. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_run_into(
    session: *mut dunlin_session,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    outputs: *const dunlin_output,
    n_outputs: usize,
    out_report: *mut *mut dunlin_report,
) -> dunlin_status {
    guard(|| {
        let mut taken = take(session)?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run_into(outputs, n_outputs, &mut taken)
    })
}

/// Runs a session in the background, as `dunlin_model_run_async()`. Until the callback is called, other calls of the session get
/// `DUNLIN_BUSY`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_run_async(
    session: *mut dunlin_session,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    want_report: bool,
    done: dunlin_done_fn,
    user: *mut c_void,
) -> dunlin_status {
    guard(|| {
        let taken = take(session)?;
        let call = Call { names, inputs, n_inputs, options, out_report: std::ptr::null_mut() };
        call.run_async(want_report, done, user, taken)
    })
}

/// Sets a state, by the name of its input, to a tensor, which stays the caller's; borrowed memory is copied. Since 0.1.
///
/// Statuses: `DUNLIN_NOT_FOUND` if no such state was declared with `dunlin_options_add_state()`.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_set_state(
    session: *mut dunlin_session,
    input: *const c_char,
    input_length: usize,
    value: *const dunlin_value,
) -> dunlin_status {
    guard(|| {
        let value = find::<Value>(value)?;
        let value = tensor(&value)?;
        let is_borrowed = value.shared_bytes().is_some_and(Bytes::is_foreign);
        let value = if is_borrowed { value.copied()? } else { value.clone() };
        take(session)?.session()?.set_state(ptr::text(input, input_length, "input")?, value)?;
        Ok(())
    })
}

/// A state by the name of its input, as a value that the caller frees; `*out_value` is NULL before the first run. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_state(
    session: *mut dunlin_session,
    input: *const c_char,
    input_length: usize,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let mut taken = take(session)?;
        let value = taken.session()?.state(ptr::text(input, input_length, "input")?)?.cloned();
        ptr::put(out_value, value.map_or(Ok(std::ptr::null_mut()), store)?);
        Ok(())
    })
}

/// Forgets all states: the next run starts anew. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_reset(session: *mut dunlin_session) -> dunlin_status {
    guard(|| {
        take(session)?.session()?.reset();
        Ok(())
    })
}
