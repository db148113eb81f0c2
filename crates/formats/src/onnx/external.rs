//! Weights that lie in files beside the model: which file, which part of it, and that it is none other.

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dunlin_sys::Bytes;

use super::proto::{StringStringEntryProto, name_text};
use crate::Mapping;

/// Where the external data of a model come from.
pub trait ExternalData {
    /// All bytes of what a tensor calls `location`. Called once per tensor: keep what was opened.
    ///
    /// # Errors
    /// [`ExternalError`], if there is no such thing or it must not be read.
    fn open(&self, location: &str) -> Result<Bytes, ExternalError>;
}

/// Why external data could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalError {
    /// The tensor does not say where its data are.
    #[error("its data are external, but it names no location")]
    NoLocation,
    /// The model has no folder and no other source of external data was given.
    #[error("its data are in {location:?}, but a model from memory has no folder to look in; give a source")]
    NoSource {
        /// The location it names.
        location: String,
    },
    /// The location leads out of the model's folder.
    #[error(
        "its data are in {location:?}, which is not inside the model's folder; only files inside are read"
    )]
    Escapes {
        /// The location it names.
        location: String,
    },
    /// The file could not be read.
    #[error("its data are in {location:?}, which cannot be read: {source}")]
    Io {
        /// The location it names.
        location: String,
        /// What the system says.
        source: io::Error,
    },
    /// The given source of external data does not know the location.
    #[error("its data are in {location:?}, which is not among the files given")]
    NotFound {
        /// The location it names.
        location: String,
    },
    /// An offset or length that is not a number.
    #[error("its data are in {location:?} with {key} {value:?}, which is not a number of bytes")]
    Number {
        /// The location it names.
        location: String,
        /// `offset` or `length`.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// A length that is not the tensor's.
    #[error("its data are {length} bytes of {location:?}, but it needs {needed}")]
    Length {
        /// The location it names.
        location: String,
        /// The length it names.
        length: u64,
        /// The length that its shape and type need.
        needed: usize,
    },
    /// A range that the file does not have.
    #[error("its data are {needed} bytes at offset {offset} of {location:?}, which has only {file_bytes}")]
    Range {
        /// The location it names.
        location: String,
        /// Where the data should start.
        offset: u64,
        /// How many bytes are needed.
        needed: usize,
        /// The file's size.
        file_bytes: usize,
    },
}

/// The folder of a model: files in it are opened once, files outside of it never.
#[derive(Debug)]
pub struct ExternalFolder {
    /// The model's folder by the path given, and, if the model is a link, the one where it really lies.
    folders: Vec<PathBuf>,
    mapping: Mapping,
    opened: Mutex<HashMap<String, Bytes>>,
}

impl ExternalFolder {
    /// The folder that the model at `path` lies in.
    ///
    /// # Errors
    /// Whatever resolving the path reports.
    pub fn of_model(path: &Path, mapping: Mapping) -> io::Result<ExternalFolder> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut folders = vec![parent.unwrap_or(Path::new(".")).canonicalize()?];
        // Stores that keep files under their hash link to both the model and its data from another folder.
        if let Some(real) = path.canonicalize()?.parent().filter(|real| *real != folders[0]) {
            folders.push(real.to_path_buf());
        }
        Ok(ExternalFolder { folders, mapping, opened: Mutex::default() })
    }

    /// The real path of a location, if it lies inside the folder.
    fn resolve(&self, location: &str) -> Result<PathBuf, ExternalError> {
        let escapes = || ExternalError::Escapes { location: location.to_owned() };
        let relative = Path::new(location);
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.is_empty() || !relative.components().all(inside) {
            return Err(escapes());
        }
        let path =
            self.folders[0].join(relative).canonicalize().map_err(|source| io_error(location, source))?;
        if self.folders.iter().any(|folder| path.starts_with(folder)) { Ok(path) } else { Err(escapes()) }
    }
}

impl ExternalData for ExternalFolder {
    fn open(&self, location: &str) -> Result<Bytes, ExternalError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = opened.get(location) {
            return Ok(bytes.clone());
        }
        let path = self.resolve(location)?;
        let bytes = self.mapping.open(&path).map_err(|source| io_error(location, source))?;
        opened.insert(location.to_owned(), bytes.clone());
        Ok(bytes)
    }
}

/// Files by name, for models that come from memory.
impl ExternalData for HashMap<String, Bytes> {
    fn open(&self, location: &str) -> Result<Bytes, ExternalError> {
        self.get(location).cloned().ok_or_else(|| ExternalError::NotFound { location: location.to_owned() })
    }
}

fn io_error(location: &str, source: io::Error) -> ExternalError {
    ExternalError::Io { location: location.to_owned(), source }
}

/// The `needed` bytes that a tensor's `external_data` entries describe.
pub(super) fn read_external(
    entries: &[StringStringEntryProto],
    needed: usize,
    source: Option<&dyn ExternalData>,
) -> Result<Bytes, ExternalError> {
    let location = value(entries, "location").ok_or(ExternalError::NoLocation)?;
    let offset = number(entries, "offset", &location)?.unwrap_or(0);
    if let Some(length) = number(entries, "length", &location)?.filter(|&length| length != needed as u64) {
        return Err(ExternalError::Length { location, length, needed });
    }
    let Some(source) = source else { return Err(ExternalError::NoSource { location }) };
    let file = source.open(&location)?;
    let range = usize::try_from(offset).ok().and_then(|start| Some(start..start.checked_add(needed)?));
    range.and_then(|range| file.slice(range)).ok_or_else(|| ExternalError::Range {
        location,
        offset,
        needed,
        file_bytes: file.len(),
    })
}

fn value(entries: &[StringStringEntryProto], key: &str) -> Option<String> {
    let entry = entries.iter().find(|entry| entry.key == key)?;
    Some(name_text(&entry.value).into_owned())
}

fn number(
    entries: &[StringStringEntryProto],
    key: &'static str,
    location: &str,
) -> Result<Option<u64>, ExternalError> {
    let Some(value) = value(entries, key) else { return Ok(None) };
    match value.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(ExternalError::Number { location: location.to_owned(), key, value }),
    }
}
