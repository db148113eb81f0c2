//! How a local file becomes bytes: mapped or copied.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use dunlin_sys::{Bytes, FileMap, read_range};

/// How the reader holds a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mapping {
    /// Map it: nothing is read before it is needed. If another program truncates the file meanwhile, the process
    /// gets a SIGBUS.
    #[default]
    Map,
    /// Read all of it into memory.
    Copy,
}

impl Mapping {
    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Whatever opening, mapping or reading reports; what is not a regular file is refused.
    pub fn open(self, path: &Path) -> io::Result<Bytes> {
        // Before opening: to open a pipe would wait for its writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = File::open(path)?;
        let n_bytes = file.metadata()?.len();
        self.open_range(&file, 0..n_bytes)
    }

    /// A range of an open file, in bytes.
    ///
    /// # Errors
    /// Whatever mapping or reading reports; a range that does not lie in the file is refused.
    pub fn open_range(self, file: &File, range: Range<u64>) -> io::Result<Bytes> {
        match self {
            Mapping::Map => Ok(Bytes::mapped(Arc::new(FileMap::of_range(file, range)?))),
            Mapping::Copy => Ok(read_range(file, range)?.into()),
        }
    }
}
