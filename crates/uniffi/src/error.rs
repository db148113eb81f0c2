//! The one error, and the guard that makes one of a panic.

use dunlin_core::{Error, TensorError};

/// What kind of thing went wrong. [`error_kind_name`] has the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
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
    /// The device failed, or is not in this build.
    Device,
    /// The load or run was cancelled.
    Cancelled,
    /// The load's or run's deadline passed.
    Deadline,
    /// A bug in Dunlin.
    Internal,
    /// A session is in the middle of another call.
    Busy,
}

impl From<dunlin_core::ErrorKind> for ErrorKind {
    fn from(kind: dunlin_core::ErrorKind) -> ErrorKind {
        use dunlin_core::ErrorKind as Core;
        match kind {
            Core::Io => ErrorKind::Io,
            Core::Format => ErrorKind::Format,
            Core::Unsupported => ErrorKind::Unsupported,
            Core::Graph => ErrorKind::Graph,
            Core::Shape => ErrorKind::Shape,
            Core::DType => ErrorKind::DType,
            Core::Input => ErrorKind::Input,
            Core::OutOfMemory => ErrorKind::OutOfMemory,
            Core::Limit => ErrorKind::Limit,
            Core::NotFound => ErrorKind::NotFound,
            Core::Integrity => ErrorKind::Integrity,
            Core::Placement => ErrorKind::Placement,
            Core::Device => ErrorKind::Device,
            Core::Cancelled => ErrorKind::Cancelled,
            Core::Deadline => ErrorKind::Deadline,
            _ => ErrorKind::Internal,
        }
    }
}

/// What went wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Error)]
pub enum DunlinError {
    /// The only case: `kind` tells them apart.
    Failed {
        /// The kind.
        kind: ErrorKind,
        /// All that there is to say in one line, the place and the hint included.
        text: String,
        /// What is wrong, without the place.
        detail: String,
        /// The node, by its name in the model.
        node: Option<String>,
        /// The node's operator.
        op: Option<String>,
        /// The model's file, if it came from one.
        file: Option<String>,
        /// The byte of the file that is wrong, or where the node begins.
        offset: Option<u64>,
        /// What to do about it, if there is something.
        hint: Option<String>,
    },
}

impl DunlinError {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> DunlinError {
        let detail = detail.into();
        DunlinError::Failed {
            kind,
            text: detail.clone(),
            detail,
            node: None,
            op: None,
            file: None,
            offset: None,
            hint: None,
        }
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        let DunlinError::Failed { kind, .. } = self;
        *kind
    }
}

impl From<Error> for DunlinError {
    fn from(error: Error) -> DunlinError {
        DunlinError::Failed {
            kind: error.kind().into(),
            text: error.to_string(),
            detail: error.message().to_owned(),
            node: error.node().map(str::to_owned),
            op: error.op().map(str::to_owned),
            file: error.file().map(|file| file.to_string_lossy().into_owned()),
            offset: error.offset(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl From<TensorError> for DunlinError {
    fn from(error: TensorError) -> DunlinError {
        Error::from(error).into()
    }
}

impl std::fmt::Display for DunlinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let DunlinError::Failed { text, .. } = self;
        f.write_str(text)
    }
}

impl std::error::Error for DunlinError {}

/// The name of a kind of error, such as `out-of-memory`.
#[uniffi::export]
pub fn error_kind_name(kind: ErrorKind) -> String {
    let row = dunlin_core::STATUS_TABLE.iter().find(|row| ErrorKind::from(row.kind) == kind);
    row.map_or("busy", |row| row.name).to_owned()
}

/// Runs the body of an exported function: a panic becomes an error of the kind `internal`.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T, DunlinError>) -> Result<T, DunlinError> {
    #[cfg(feature = "quiet")]
    dunlin_core::quiet_panics();
    dunlin_core::catch(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_name_of_the_table() {
        for row in dunlin_core::STATUS_TABLE {
            assert_eq!(error_kind_name(row.kind.into()), row.name);
        }
        assert_eq!(error_kind_name(ErrorKind::Busy), "busy");
    }

    #[test]
    fn a_panic_is_an_error() {
        let error = guard::<()>(|| panic!("on purpose")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("on purpose"), "{error}");
    }
}
