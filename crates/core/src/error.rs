//! The one error of the public API: a kind, a place, and the facts behind it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use dunlin_exec::{NodeError, OpError, PlanError};
use dunlin_formats::onnx::{LowerError, ParseError, ReadError};
use dunlin_ir::TensorError;
use dunlin_sys::PoolError;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be opened or read.
    Io,
    /// The bytes are not a model, or damaged.
    Format,
    /// The model needs something that Dunlin does not have.
    Unsupported,
    /// The model's graph is not well formed.
    Graph,
    /// Shapes within the model, or of its inputs, do not fit.
    Shape,
    /// Element types do not fit.
    DType,
    /// An input is missing, unknown, or has values that the model does not allow.
    Input,
    /// No memory.
    OutOfMemory,
    /// One of the limits was reached.
    Limit,
    /// Something that was asked for by name does not exist.
    NotFound,
    /// Contents do not match their checksum or reference.
    Integrity,
    /// A node cannot run on the device, and falling back is denied.
    Placement,
    /// The device failed.
    Device,
    /// The load or run was cancelled.
    Cancelled,
    /// The load's or run's deadline passed.
    Deadline,
    /// A bug in Dunlin.
    Internal,
}

/// One row of the table that ties error kinds to the numbers of other worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow {
    /// The kind.
    pub kind: ErrorKind,
    /// Its name in messages and in JSON.
    pub name: &'static str,
    /// The number in the C interface. Fixed for ever.
    pub status: i32,
    /// The exit code of the `dunlin` command.
    pub exit_code: u8,
    /// The HTTP status that a server answers with.
    pub http: u16,
}

const fn row(kind: ErrorKind, name: &'static str, status: i32, exit_code: u8, http: u16) -> StatusRow {
    StatusRow { kind, name, status, exit_code, http }
}

/// Every kind with its numbers. Status 0 is success; exit code 1 is any other failure and 2 a wrong command line.
pub const STATUS_TABLE: &[StatusRow] = &[
    row(ErrorKind::Io, "io", 1, 10, 500),
    row(ErrorKind::Format, "format", 2, 11, 422),
    row(ErrorKind::Unsupported, "unsupported", 3, 12, 501),
    row(ErrorKind::Graph, "graph", 4, 13, 422),
    row(ErrorKind::Shape, "shape", 5, 14, 400),
    row(ErrorKind::DType, "dtype", 6, 15, 400),
    row(ErrorKind::Input, "input", 7, 16, 400),
    row(ErrorKind::OutOfMemory, "out-of-memory", 8, 17, 503),
    row(ErrorKind::Limit, "limit", 9, 18, 413),
    row(ErrorKind::NotFound, "not-found", 10, 19, 404),
    row(ErrorKind::Integrity, "integrity", 11, 20, 422),
    row(ErrorKind::Placement, "placement", 12, 21, 501),
    row(ErrorKind::Device, "device", 13, 22, 503),
    row(ErrorKind::Cancelled, "cancelled", 14, 23, 499),
    row(ErrorKind::Deadline, "deadline", 15, 24, 504),
    row(ErrorKind::Internal, "internal", 16, 25, 500),
];

impl ErrorKind {
    /// The kind's numbers.
    pub fn row(self) -> StatusRow {
        // Every kind has its row: a test walks them.
        STATUS_TABLE.iter().copied().find(|row| row.kind == self).unwrap_or(STATUS_TABLE[15])
    }

    /// The kind's name in messages and in JSON.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// What went wrong, where, and what to do about it.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    kind: Option<ErrorKind>,
    message: String,
    file: Option<PathBuf>,
    node: Option<String>,
    op: Option<String>,
    offset: Option<u64>,
    hint: Option<&'static str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Error {
        let kind = match error {
            PoolError::Count { .. } => ErrorKind::Input,
            _ => ErrorKind::OutOfMemory,
        };
        Error::new(kind, error.to_string())
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { inner: Box::new(Inner { kind: Some(kind), message: message.into(), ..Inner::default() }) }
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind.unwrap_or(ErrorKind::Internal)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The model's file, if it came from one.
    pub fn file(&self) -> Option<&Path> {
        self.inner.file.as_deref()
    }

    /// The node, by its name in the model.
    pub fn node(&self) -> Option<&str> {
        self.inner.node.as_deref()
    }

    /// The node's operator.
    pub fn op(&self) -> Option<&str> {
        self.inner.op.as_deref()
    }

    /// The byte of the file that is wrong, or where the node begins.
    pub fn offset(&self) -> Option<u64> {
        self.inner.offset
    }

    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint
    }

    pub(crate) fn in_file(mut self, file: Option<&Path>) -> Error {
        self.inner.file = self.inner.file.or_else(|| file.map(Path::to_path_buf));
        self
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Error {
        self.inner.hint = Some(hint);
        self
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Error {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Io,
        };
        let mut new = Error::new(kind, error.to_string()).in_file(Some(path));
        new.inner.source = Some(Box::new(error));
        new
    }

    /// The error that a caught panic becomes: a bug in Dunlin, never the caller's.
    pub fn panicked(payload: &(dyn std::any::Any + Send)) -> Error {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let message = format!("a bug in Dunlin: {}", text.as_deref().unwrap_or("panicked"));
        Error::new(ErrorKind::Internal, message).with_hint("please report it with the model and the input")
    }
}

/// Does what a binding's function does: a panic becomes an error.
///
/// # Errors
/// What `body` reports, or [`ErrorKind::Internal`].
pub fn catch<T, E: From<Error>>(body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(Error::panicked(&*payload).into()))
}

/// From now on panics print nothing: for libraries that catch them and must not write in their host's name. Only for those that have a
/// copy of Rust's standard library of their own.
pub fn quiet_panics() {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = &self.inner;
        if let Some(file) = &inner.file {
            write!(f, "{}: ", file.display())?;
        }
        match (&inner.node, &inner.op) {
            (Some(node), Some(op)) => write!(f, "node {node:?}: {op} ")?,
            (Some(node), None) => write!(f, "node {node:?}: ")?,
            (None, Some(op)) => write!(f, "{op} ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        if let Some(offset) = inner.offset {
            write!(f, " (at byte {offset})")?;
        }
        match inner.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<NodeError> for Error {
    fn from(error: NodeError) -> Error {
        // The innermost node of nested graphs is where it happened.
        if let OpError::Nested(inner) = error.error {
            return Error::from(*inner);
        }
        let mut new = Error::from(error.error);
        new.inner.node = Some(error.node);
        new.inner.op = Some(error.op);
        new.inner.offset = error.offset;
        new
    }
}

impl From<OpError> for Error {
    fn from(error: OpError) -> Error {
        let kind = match &error {
            OpError::Shape { .. } => ErrorKind::Shape,
            OpError::DType { .. } => ErrorKind::DType,
            OpError::Value { .. } => ErrorKind::Input,
            OpError::MissingInput(_) | OpError::Kind { .. } => ErrorKind::Graph,
            OpError::Unsupported(_) | OpError::LeftOut(_) => ErrorKind::Unsupported,
            OpError::Limit { .. } => ErrorKind::Limit,
            OpError::Cancelled => ErrorKind::Cancelled,
            OpError::Deadline => ErrorKind::Deadline,
            OpError::Device(_) => ErrorKind::Device,
            OpError::OutOfMemory(_) => ErrorKind::OutOfMemory,
            OpError::Tensor(error) => tensor_kind(error),
            _ => ErrorKind::Internal,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Error {
        match error {
            PlanError::Node(error) => Error::from(*error),
            PlanError::Op(error) => Error::from(error),
            error => Error::new(ErrorKind::Graph, error.to_string()),
        }
    }
}

impl From<TensorError> for Error {
    fn from(error: TensorError) -> Error {
        Error::new(tensor_kind(&error), error.to_string())
    }
}

fn tensor_kind(error: &TensorError) -> ErrorKind {
    match error {
        TensorError::DType { .. } => ErrorKind::DType,
        TensorError::OutOfMemory(_) => ErrorKind::OutOfMemory,
        TensorError::ByteLength { .. } | TensorError::ElementCount { .. } => ErrorKind::Shape,
        TensorError::TooLarge(_) => ErrorKind::Limit,
        _ => ErrorKind::Internal,
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        let kind = read_kind(&error);
        match error {
            ReadError::Node { node, op_type, offset, error } => match *error {
                LowerError::Nested(nested) => Error::from(*nested),
                error => {
                    let mut new = Error::new(kind, error.to_string());
                    new.inner.node = Some(node);
                    new.inner.op = Some(op_type);
                    new.inner.offset = offset;
                    new
                }
            },
            other => Error::new(kind, other.to_string()),
        }
    }
}

fn read_kind(error: &ReadError) -> ErrorKind {
    match error {
        ReadError::Parse(ParseError::Scan(error)) if error.is_limit() => ErrorKind::Limit,
        ReadError::Parse(ParseError::OutOfMemory(_)) => ErrorKind::OutOfMemory,
        ReadError::Parse(_) => ErrorKind::Format,
        ReadError::Graph { error, .. } | ReadError::Node { error, .. } => lower_kind(error),
        _ => ErrorKind::Internal,
    }
}

fn lower_kind(error: &LowerError) -> ErrorKind {
    match error {
        LowerError::UnknownOperator { .. } | LowerError::UnknownVersion { .. } | LowerError::LeftOut(_) => {
            ErrorKind::Unsupported
        }
        LowerError::UnknownDType(_) | LowerError::AttributeValue { .. } => ErrorKind::Unsupported,
        LowerError::Decode(_) => ErrorKind::Format,
        LowerError::OutOfMemory(_) => ErrorKind::OutOfMemory,
        LowerError::TooManyNodes(_) | LowerError::FunctionDepth(_) => ErrorKind::Limit,
        LowerError::Tensor(error) => tensor_kind(error),
        LowerError::Nested(error) => read_kind(error),
        _ => ErrorKind::Graph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_kind_once_and_its_numbers_differ() {
        for (i, row) in STATUS_TABLE.iter().enumerate() {
            assert_eq!(row.kind.row(), *row);
            assert_eq!(row.status as usize, i + 1);
            assert_eq!(usize::from(row.exit_code), i + 10);
        }
    }
}
