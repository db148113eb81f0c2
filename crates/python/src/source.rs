//! Where a model comes from: a path, bytes, a file or its descriptor, or a function that reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use dunlin_core::{Builder, Cancel, Error, ErrorKind, FilePart, Mapping, Model, TensorError};
use dunlin_sys::{AlignedBuf, Bytes};
use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use crate::error::{input, raise};
use crate::options::Failure;
use crate::ptr::Held;

/// A model's source.
pub(crate) enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    Part(FilePart),
    Reader(Reader),
}

/// What readers need to know besides.
pub(crate) struct Stop {
    pub cancel: Cancel,
    pub deadline: Option<Instant>,
    pub max_bytes: u64,
    pub failure: Failure,
}

impl Source {
    /// The source that an object stands for. `offset` and `length` are the part of a descriptor's file, `length` that of a reader.
    pub fn of(object: &Bound<'_, PyAny>, offset: u64, length: Option<u64>, stop: Stop) -> PyResult<Source> {
        let py = object.py();
        if object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>() {
            let part = FilePart::of_descriptor(object.extract()?, offset, length);
            return part.map(Source::Part).map_err(|error| raise(py, &error));
        }
        if offset != 0 {
            return Err(input(py, "an offset goes with a file descriptor"));
        }
        if object.is_instance_of::<PyString>() || object.hasattr("__fspath__")? {
            return Ok(Source::Path(object.extract()?));
        }
        if object.is_callable() {
            let n_bytes = length.ok_or_else(|| input(py, "a function that reads goes with a length"))?;
            return Ok(Source::Reader(Reader { n_bytes, read: object.clone().unbind(), stop }));
        }
        if object.hasattr("read")? {
            return Ok(Source::Bytes(bytes_of(&object.call_method0("read")?)?));
        }
        bytes_of(object).map(Source::Bytes)
    }

    /// Loads.
    pub fn load(&self, builder: Builder) -> Result<Model, Error> {
        match self {
            Source::Path(path) => builder.load(path),
            Source::Bytes(bytes) => builder.load_from(bytes),
            Source::Part(part) => builder.load_from(part),
            Source::Reader(reader) => builder.load_from(reader),
        }
    }
}

/// The memory of a bytes-like object, or a copy if somebody could change it.
pub(crate) fn bytes_of(object: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    let py = object.py();
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Bytes::foreign(Arc::new(Held::bytes(bytes))));
    }
    let array = py.import("numpy")?.call_method1("frombuffer", (object, "uint8"))?;
    let is_writable: bool = array.getattr("flags")?.getattr("writeable")?.extract()?;
    let held = Held::array(array.cast::<PyUntypedArray>()?);
    let held = held.ok_or_else(|| input(py, "bytes must lie densely in memory"))?;
    if !is_writable {
        return Ok(Bytes::foreign(Arc::new(held)));
    }
    let copy = AlignedBuf::copy_of(held.as_ref()).map_err(TensorError::from);
    copy.map(Bytes::from).map_err(|error| raise(py, &error.into()))
}

/// A function of Python's that reads: `read(offset, n_bytes)` gives bytes, at least one and at most so many.
pub(crate) struct Reader {
    n_bytes: u64,
    read: Py<PyAny>,
    stop: Stop,
}

impl Reader {
    fn check_stop(&self) -> Result<(), Error> {
        if self.stop.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "cancelled while the model was read"));
        }
        if self.stop.deadline.is_some_and(|at| Instant::now() >= at) {
            return Err(Error::new(ErrorKind::Deadline, "the deadline passed while the model was read"));
        }
        Ok(())
    }

    /// Reads once into `part`, which begins at byte `offset`; how many bytes there are now.
    fn read_part(&self, part: &mut [u8], offset: u64) -> Result<usize, Error> {
        self.check_stop()?;
        let read = Python::attach(|py| {
            let given = self.read.bind(py).call1((offset, part.len()))?;
            let given = bytes_of(&given)?;
            let fits = (1..=part.len()).contains(&given.len());
            if fits {
                part[..given.len()].copy_from_slice(given.as_slice());
            }
            Ok((given.len(), fits))
        });
        match read {
            Ok((n, true)) => Ok(n),
            Ok((n, false)) => {
                let n_asked = part.len();
                let message =
                    format!("the reader gave {n} bytes at byte {offset}, where {n_asked} were asked for");
                Err(Error::new(ErrorKind::Io, message))
            }
            Err(error) => {
                self.stop.failure.set(error);
                Err(Error::new(ErrorKind::Io, "the reader raised an exception"))
            }
        }
    }
}

impl dunlin_core::Source for Reader {
    fn open(&self, _: Mapping) -> Result<Bytes, Error> {
        if self.n_bytes > self.stop.max_bytes {
            let message =
                format!("the model has {} bytes, the limit is {}", self.n_bytes, self.stop.max_bytes);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let n_bytes = usize::try_from(self.n_bytes).unwrap_or(usize::MAX);
        let mut buffer = AlignedBuf::zeroed(n_bytes).map_err(TensorError::from)?;
        let mut rest = buffer.as_mut_slice();
        let mut offset = 0;
        while !rest.is_empty() {
            let n_asked = rest.len().min(PART_BYTES);
            let n = self.read_part(&mut rest[..n_asked], offset)?;
            rest = &mut rest[n..];
            offset += n as u64;
        }
        Ok(buffer.into())
    }
}

/// How much a reader is asked for at a time: cancellation is looked at in between.
const PART_BYTES: usize = 1 << 20;
