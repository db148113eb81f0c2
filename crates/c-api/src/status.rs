//! Statuses, and what makes a failure or a panic one.

use std::ffi::{CString, c_char};

use dunlin_core::{Error, ErrorKind};

use crate::error;

/// What came of a call. The numbers are fixed for ever; later versions may add others.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_status {
    /// It worked.
    DUNLIN_OK = 0,
    /// A file could not be opened or read.
    DUNLIN_IO = 1,
    /// The bytes are not a model, or damaged.
    DUNLIN_FORMAT = 2,
    /// The model needs something that Dunlin does not have.
    DUNLIN_UNSUPPORTED = 3,
    /// The model's graph is not well formed.
    DUNLIN_GRAPH = 4,
    /// Shapes within the model, or of its inputs, do not fit.
    DUNLIN_SHAPE = 5,
    /// Element types do not fit.
    DUNLIN_DTYPE = 6,
    /// An argument is missing, unknown, or has a value that is not allowed.
    DUNLIN_INPUT = 7,
    /// No memory.
    DUNLIN_OUT_OF_MEMORY = 8,
    /// One of the limits was reached.
    DUNLIN_LIMIT = 9,
    /// Something that was asked for by name does not exist.
    DUNLIN_NOT_FOUND = 10,
    /// Contents do not match their checksum or reference.
    DUNLIN_INTEGRITY = 11,
    /// A node cannot run on the device, and falling back is denied.
    DUNLIN_PLACEMENT = 12,
    /// The device failed, or is not in this build.
    DUNLIN_DEVICE = 13,
    /// The load or run was cancelled.
    DUNLIN_CANCELLED = 14,
    /// The load's or run's deadline passed.
    DUNLIN_DEADLINE = 15,
    /// A bug in Dunlin: please report it. The handles stay usable.
    DUNLIN_INTERNAL = 16,
    /// A pointer that must not be NULL is NULL.
    DUNLIN_NULL_ARGUMENT = 17,
    /// A handle was freed before, is of another kind, or was never made.
    DUNLIN_INVALID_HANDLE = 18,
    /// A session is in the middle of another call.
    DUNLIN_BUSY = 20,
}

use dunlin_status::*;

/// Why a call did not work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub status: dunlin_status,
    pub message: String,
    pub detail: Option<Error>,
}

impl Failure {
    pub fn new(status: dunlin_status, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), detail: None }
    }

    /// A pointer that must not be NULL is.
    pub fn null(what: &str) -> Failure {
        Failure::new(DUNLIN_NULL_ARGUMENT, format!("{what} is NULL"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { status: status_of(error.kind()), message: error.to_string(), detail: Some(error) }
    }
}

impl From<dunlin_core::TensorError> for Failure {
    fn from(error: dunlin_core::TensorError) -> Failure {
        Error::from(error).into()
    }
}

fn status_of(kind: ErrorKind) -> dunlin_status {
    match kind {
        ErrorKind::Io => DUNLIN_IO,
        ErrorKind::Format => DUNLIN_FORMAT,
        ErrorKind::Unsupported => DUNLIN_UNSUPPORTED,
        ErrorKind::Graph => DUNLIN_GRAPH,
        ErrorKind::Shape => DUNLIN_SHAPE,
        ErrorKind::DType => DUNLIN_DTYPE,
        ErrorKind::Input => DUNLIN_INPUT,
        ErrorKind::OutOfMemory => DUNLIN_OUT_OF_MEMORY,
        ErrorKind::Limit => DUNLIN_LIMIT,
        ErrorKind::NotFound => DUNLIN_NOT_FOUND,
        ErrorKind::Integrity => DUNLIN_INTEGRITY,
        ErrorKind::Placement => DUNLIN_PLACEMENT,
        ErrorKind::Device => DUNLIN_DEVICE,
        ErrorKind::Cancelled => DUNLIN_CANCELLED,
        ErrorKind::Deadline => DUNLIN_DEADLINE,
        _ => DUNLIN_INTERNAL,
    }
}

/// Runs the body of an exported function: a failure becomes this thread's last error, a panic `DUNLIN_INTERNAL`.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> dunlin_status {
    match catch(body) {
        Ok(()) => DUNLIN_OK,
        Err(failure) => {
            let status = failure.status;
            error::remember(failure);
            status
        }
    }
}

/// Runs work whose outcome goes elsewhere than into a status: a panic becomes a failure.
pub(crate) fn catch<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    #[cfg(feature = "quiet")]
    dunlin_core::quiet_panics();
    dunlin_core::catch(body)
}

/// Runs the body of a function that gives a value and cannot fail: `otherwise` stands for a panic or a bad handle.
pub(crate) fn guard_value<T>(otherwise: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    let mut value = otherwise;
    guard(|| {
        value = body()?;
        Ok(())
    });
    value
}

/// Text for C; a NUL within it becomes a space.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', " ")).unwrap_or_default())
}

/// A status as text, such as `"out-of-memory"`. The text is static. May be called from any thread. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_status_name(status: i32) -> *const c_char {
    let name = match status {
        0 => c"ok",
        1 => c"io",
        2 => c"format",
        3 => c"unsupported",
        4 => c"graph",
        5 => c"shape",
        6 => c"dtype",
        7 => c"input",
        8 => c"out-of-memory",
        9 => c"limit",
        10 => c"not-found",
        11 => c"integrity",
        12 => c"placement",
        13 => c"device",
        14 => c"cancelled",
        15 => c"deadline",
        16 => c"internal",
        17 => c"null-argument",
        18 => c"invalid-handle",
        20 => c"busy",
        _ => c"unknown",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_core::STATUS_TABLE;

    #[test]
    fn statuses_are_those_of_the_error_table() {
        for row in STATUS_TABLE {
            assert_eq!(status_of(row.kind) as i32, row.status, "{}", row.name);
            let name = crate::ptr::read_text(dunlin_status_name(row.status)).unwrap();
            assert_eq!(name, row.name);
        }
    }
}
