//! How a local file becomes bytes: mapped or copied.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use dunlin_sys::{AlignedBuf, Bytes, FileMap};

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
        match self {
            Mapping::Map => Ok(Bytes::mapped(Arc::new(FileMap::open(path)?))),
            Mapping::Copy => read_all(File::open(path)?),
        }
    }
}

fn read_all(mut file: File) -> io::Result<Bytes> {
    let refused = || io::Error::from(io::ErrorKind::OutOfMemory);
    let n_bytes = usize::try_from(file.metadata()?.len()).map_err(|_| refused())?;
    let mut buf = AlignedBuf::zeroed(n_bytes).map_err(|_| refused())?;
    file.read_exact(buf.as_mut_slice())?;
    Ok(buf.into())
}
