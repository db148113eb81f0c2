//! Core's errors as Python's exceptions, whose classes are in `dunlin/_errors.py`.

use dunlin_core::{Error, ErrorKind};
use pyo3::prelude::*;

/// The exception for an error.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let made = (|| {
        let make = py.import("dunlin._errors")?.getattr("make")?;
        let file = error.file().map(|file| file.as_os_str());
        let facts = (
            error.kind().name(),
            error.to_string(),
            error.message(),
            file,
            error.node(),
            error.op(),
            error.offset(),
            error.hint(),
        );
        make.call1(facts)
    })();
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The exception for an argument that cannot be used.
pub(crate) fn input(py: Python<'_>, message: &str) -> PyErr {
    raise(py, &Error::new(ErrorKind::Input, message))
}

/// The exception for a session that is in the middle of another call, which only bindings know of.
pub(crate) fn busy(py: Python<'_>) -> PyErr {
    let message = "the session is in the middle of another call";
    let made = py.import("dunlin._errors").and_then(|module| module.call_method1("busy", (message,)));
    made.map_or_else(|error| error, PyErr::from_value)
}
