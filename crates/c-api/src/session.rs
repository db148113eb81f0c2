//! Sessions: repeated runs that keep buffers and states.

use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use dunlin_core::{Session, Value};

use crate::handle::{Kind, Object, find, free, store};
use crate::model::{ModelObject, dunlin_model};
use crate::ptr;
use crate::report::dunlin_report;
use crate::run::{Call, dunlin_output, dunlin_run_options};
use crate::status::{Failure, dunlin_status, guard};
use crate::value::{dunlin_value, tensor};

/// Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one gets `DUNLIN_BUSY`.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_session {
    _opaque: [u8; 0],
}

/// The object behind `dunlin_session`.
#[derive(Debug)]
pub(crate) struct SessionObject(Mutex<Session>);

impl Object for SessionObject {
    type Opaque = dunlin_session;
    const KIND: Kind = Kind::Session;
    const NAME: &'static str = "dunlin_session";
}

impl SessionObject {
    fn session(&self) -> Result<MutexGuard<'_, Session>, Failure> {
        match self.0.try_lock() {
            Ok(session) => Ok(session),
            // A panic was caught in the middle of a run; core leaves the states as they were before it.
            Err(TryLockError::Poisoned(poisoned)) => Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => {
                let message = "the session is in the middle of another call";
                Err(Failure::new(dunlin_status::DUNLIN_BUSY, message))
            }
        }
    }
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
        ptr::put(out_session, store(SessionObject(Mutex::new(session)))?);
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
        let session = find::<SessionObject>(session)?;
        let mut session = session.session()?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run(out_outputs, n_outputs, &mut |inputs, options| Ok(session.run_with(inputs, options)?))
    })
}

/// Runs a session and copies outputs into the host's memory, as `dunlin_model_run_into()`. Since 0.1.
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
        let session = find::<SessionObject>(session)?;
        let mut session = session.session()?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run_into(outputs, n_outputs, &mut |inputs, options| Ok(session.run_with(inputs, options)?))
    })
}

/// Sets a state, by the name of its input, to a tensor, which stays the caller's. Statuses: `DUNLIN_NOT_FOUND` if no such state was
/// declared with `dunlin_options_add_state()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_set_state(
    session: *mut dunlin_session,
    input: *const c_char,
    input_length: usize,
    value: *const dunlin_value,
) -> dunlin_status {
    guard(|| {
        let session = find::<SessionObject>(session)?;
        let value = tensor(&*find::<Value>(value)?)?.clone();
        session.session()?.set_state(ptr::text(input, input_length, "input")?, value)?;
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
        let session = find::<SessionObject>(session)?;
        let session = session.session()?;
        let value = session.state(ptr::text(input, input_length, "input")?)?.cloned();
        ptr::put(out_value, value.map_or(Ok(std::ptr::null_mut()), store)?);
        Ok(())
    })
}

/// Forgets all states: the next run starts anew. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_reset(session: *mut dunlin_session) -> dunlin_status {
    guard(|| {
        find::<SessionObject>(session)?.session()?.reset();
        Ok(())
    })
}
