//! Where a model's bytes come from.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use dunlin_formats::Mapping;
use dunlin_formats::onnx::{ExternalData, ExternalFolder};
use dunlin_sys::Bytes;

use crate::{Error, ErrorKind};

/// Where a model's bytes come from: a path, memory, or whatever else implements this.
pub trait Source {
    /// What to call it in messages: the path of a file.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// The model's bytes.
    ///
    /// # Errors
    /// Whatever opening reports.
    fn open(&self, mapping: Mapping) -> Result<Bytes, Error>;

    /// Where weights that the model keeps outside of its file are found.
    ///
    /// # Errors
    /// Whatever looking for the place reports.
    fn external(&self, _mapping: Mapping) -> Result<Option<Box<dyn ExternalData>>, Error> {
        Ok(None)
    }
}

impl Source for Path {
    fn file(&self) -> Option<&Path> {
        Some(self)
    }

    fn open(&self, mapping: Mapping) -> Result<Bytes, Error> {
        mapping.open(self).map_err(|error| Error::io(self, error))
    }

    fn external(&self, mapping: Mapping) -> Result<Option<Box<dyn ExternalData>>, Error> {
        let folder = ExternalFolder::of_model(self, mapping).map_err(|error| Error::io(self, error))?;
        Ok(Some(Box::new(folder)))
    }
}

/// A part of an open file, such as a model inside of an archive that is stored uncompressed.
#[derive(Debug)]
pub struct FilePart {
    file: File,
    range: Range<u64>,
}

impl FilePart {
    /// The bytes `range` of `file`, which is only read, and at no position but these.
    pub fn new(file: File, range: Range<u64>) -> FilePart {
        FilePart { file, range }
    }

    /// Bytes `offset` to `offset + n_bytes` of the file of an open descriptor, or all from `offset` on. The descriptor is
    /// duplicated: the caller's may be closed as soon as this returns.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it is not open, or on systems without descriptors; [`ErrorKind::Input`] for a part that does not
    /// lie in the file.
    pub fn of_descriptor(descriptor: i32, offset: u64, n_bytes: Option<u64>) -> Result<FilePart, Error> {
        let name = || PathBuf::from(format!("descriptor {descriptor}"));
        let io = |error| Error::io(&name(), error);
        let file = dunlin_sys::file_of_descriptor(descriptor).map_err(io)?;
        let file_bytes = file.metadata().map_err(io)?.len();
        let end = n_bytes.map_or(Some(file_bytes), |n_bytes| offset.checked_add(n_bytes));
        match end.filter(|&end| offset <= end && end <= file_bytes) {
            Some(end) => Ok(FilePart::new(file, offset..end)),
            None => {
                let message = format!(
                    "the part at byte {offset} does not lie in the file of {}, which has {file_bytes} bytes",
                    name().display()
                );
                Err(Error::new(ErrorKind::Input, message))
            }
        }
    }
}

impl Source for FilePart {
    fn open(&self, mapping: Mapping) -> Result<Bytes, Error> {
        let io = |error| Error::io(Path::new("the file's part"), error);
        mapping.open_range(&self.file, self.range.clone()).map_err(io)
    }
}

impl Source for Bytes {
    fn open(&self, _mapping: Mapping) -> Result<Bytes, Error> {
        Ok(self.clone())
    }
}
