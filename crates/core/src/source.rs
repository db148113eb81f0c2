//! Where a model's bytes come from.

use std::path::Path;

use dunlin_formats::Mapping;
use dunlin_formats::onnx::{ExternalData, ExternalFolder};
use dunlin_sys::Bytes;

use crate::Error;

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

impl Source for Bytes {
    fn open(&self, _mapping: Mapping) -> Result<Bytes, Error> {
        Ok(self.clone())
    }
}
