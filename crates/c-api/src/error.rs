//! The detail of errors: the last one of each thread, and those that completion callbacks are given.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use dunlin_core::Error;
use dunlin_sys::PerThread;

use crate::handle::{Kind, Object, find};
use crate::status::{Failure, c_string, dunlin_status, guard_value};

/// Why an asynchronous run did not work. Lent to the completion callback, for as long as that runs.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_error {
    _opaque: [u8; 0],
}

/// The object behind `dunlin_error`: made before the run, so that telling of a failure cannot fail.
#[derive(Debug, Default)]
pub(crate) struct ErrorObject(OnceLock<Detail>);

impl Object for ErrorObject {
    type Opaque = dunlin_error;
    const KIND: Kind = Kind::Error;
    const NAME: &'static str = "dunlin_error";
}

impl ErrorObject {
    /// Fills the object, once.
    pub fn set(&self, failure: Failure) {
        let _ = self.0.set(Detail::of(failure));
    }
}

/// An error as C reads it.
#[derive(Debug)]
struct Detail {
    status: dunlin_status,
    message: CString,
    node: Option<CString>,
    operator: Option<CString>,
    file: Option<CString>,
    hint: Option<CString>,
    offset: Option<u64>,
}

impl Detail {
    fn of(failure: Failure) -> Detail {
        let error = failure.detail.as_ref();
        Detail {
            status: failure.status,
            message: c_string(&failure.message),
            node: error.and_then(Error::node).map(c_string),
            operator: error.and_then(Error::op).map(c_string),
            file: error.and_then(Error::file).map(|file| c_string(&file.to_string_lossy())),
            hint: error.and_then(Error::hint).map(c_string),
            offset: error.and_then(Error::offset),
        }
    }
}

static LAST: PerThread<Detail> = PerThread::new();

/// Keeps a failure as the calling thread's last.
pub(crate) fn remember(failure: Failure) {
    LAST.set(Detail::of(failure));
}

fn last(part: impl Fn(&Detail) -> Option<&CString>) -> *const c_char {
    // The text stays where it is until the thread's next failure.
    LAST.with(|last| part(last).map(|text| text.as_ptr())).flatten().unwrap_or(std::ptr::null())
}

/// The full message of this thread's last failed call, with file, node, offset and hint; NULL if none has failed.
///
/// The text is Dunlin's and stays until the next call of this thread that fails. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error() -> *const c_char {
    last(|error| Some(&error.message))
}

/// The node at which this thread's last failed call failed, by its name in the model; NULL if it was at none.
///
/// The text is Dunlin's and stays until the next call of this thread that fails. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error_node() -> *const c_char {
    last(|error| error.node.as_ref())
}

/// The operator of that node, or NULL. Lifetime as `dunlin_last_error_node()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error_operator() -> *const c_char {
    last(|error| error.operator.as_ref())
}

/// The file that this thread's last failed call was about, or NULL. Lifetime as `dunlin_last_error_node()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error_file() -> *const c_char {
    last(|error| error.file.as_ref())
}

/// What to do about this thread's last failure, or NULL if there is nothing to say. Lifetime as
/// `dunlin_last_error_node()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error_hint() -> *const c_char {
    last(|error| error.hint.as_ref())
}

/// The byte of the file at which this thread's last failure was found, in `*out_offset`; `false` if it has none.
///
/// `out_offset` may be NULL. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_last_error_offset(out_offset: *mut u64) -> bool {
    let offset = LAST.with(|last| last.offset).flatten();
    if let Some(offset) = offset {
        crate::ptr::put(out_offset, offset);
    }
    offset.is_some()
}

fn part(error: *const dunlin_error, part: impl Fn(&Detail) -> Option<&CString>) -> *const c_char {
    guard_value(std::ptr::null(), || {
        let error = find::<ErrorObject>(error)?;
        Ok(error.0.get().and_then(part).map_or(std::ptr::null(), |text| text.as_ptr()))
    })
}

/// The status of an error; `DUNLIN_INVALID_HANDLE` for handles that are not valid (any more). Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_status(error: *const dunlin_error) -> dunlin_status {
    guard_value(dunlin_status::DUNLIN_INVALID_HANDLE, || {
        Ok(find::<ErrorObject>(error)?.0.get().map_or(dunlin_status::DUNLIN_OK, |detail| detail.status))
    })
}

/// The full message of an error, or NULL for handles that are not valid. The text is lent as long as the error. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_message(error: *const dunlin_error) -> *const c_char {
    part(error, |detail| Some(&detail.message))
}

/// The node at which a run failed, by its name in the model, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_node(error: *const dunlin_error) -> *const c_char {
    part(error, |detail| detail.node.as_ref())
}

/// The operator of that node, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_operator(error: *const dunlin_error) -> *const c_char {
    part(error, |detail| detail.operator.as_ref())
}

/// The file that an error is about, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_file(error: *const dunlin_error) -> *const c_char {
    part(error, |detail| detail.file.as_ref())
}

/// What to do about an error, or NULL if there is nothing to say. Lent as `dunlin_error_message()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_hint(error: *const dunlin_error) -> *const c_char {
    part(error, |detail| detail.hint.as_ref())
}

/// The byte of the file at which an error was found, in `*out_offset` (which may be NULL); `false` if it has none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_error_offset(error: *const dunlin_error, out_offset: *mut u64) -> bool {
    guard_value(false, || {
        let offset = find::<ErrorObject>(error)?.0.get().and_then(|detail| detail.offset);
        if let Some(offset) = offset {
            crate::ptr::put(out_offset, offset);
        }
        Ok(offset.is_some())
    })
}
