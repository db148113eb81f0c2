//! Read-only file maps.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file mapped read-only into memory.
///
/// A file that another program truncates while it is mapped makes reads fail with SIGBUS: that is what
/// `Mapping::Copy` in the core crate is for.
#[derive(Debug)]
pub struct FileMap {
    map: Option<memmap2::Mmap>,
}

impl FileMap {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// Whatever opening or mapping the file reports.
    pub fn open(path: &Path) -> io::Result<FileMap> {
        let file = File::open(path)?;
        Self::from_file(&file)
    }

    /// Maps an open file from its first to its last byte.
    ///
    /// # Errors
    /// Whatever the system reports; a directory is an error.
    pub fn from_file(file: &File) -> io::Result<FileMap> {
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
        }
        if meta.len() == 0 {
            return Ok(FileMap { map: None });
        }
        // SAFETY: the map is only ever read, as plain bytes. Another process may change the file below us; the
        // bytes are then other bytes (each read is checked by its reader), and a truncation is a SIGBUS, which the
        // type's documentation names.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(FileMap { map: Some(map) })
    }

    /// The file's bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}
