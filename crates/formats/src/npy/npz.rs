//! Archives of named arrays.

use std::io::{Cursor, Read, Seek, Write};

use dunlin_ir::Tensor;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{NpyError, read_npy, write_npy};

/// Names and tensors in the archive's order.
pub type NpzEntries = Vec<(String, Tensor)>;

/// Reads every array of an archive. One entry may unpack to at most `max_entry_bytes`.
///
/// # Errors
/// [`NpyError::Archive`] if the archive is broken; an error that names the entry if one of its arrays is.
pub fn read_npz(data: &[u8], max_entry_bytes: u64) -> Result<NpzEntries, NpyError> {
    let mut archive = ZipArchive::new(Cursor::new(data)).map_err(broken)?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let file_name = entry.name().map_err(broken)?.into_owned();
        let mut file = Vec::new();
        entry.take(max_entry_bytes.saturating_add(1)).read_to_end(&mut file).map_err(broken)?;
        if file.len() as u64 > max_entry_bytes {
            return Err(NpyError::Archive(format!("{file_name}: more than {max_entry_bytes} bytes")));
        }
        let tensor = read_npy(&file).map_err(|error| NpyError::Archive(format!("{file_name}: {error}")))?;
        entries.push((file_name.strip_suffix(".npy").unwrap_or(&file_name).to_owned(), tensor));
    }
    Ok(entries)
}

/// Writes an archive, uncompressed as `numpy.savez` does.
///
/// # Errors
/// [`NpyError::Archive`] with what the writer reports.
pub fn write_npz<'t>(
    out: impl Write + Seek,
    entries: impl IntoIterator<Item = (&'t str, &'t Tensor)>,
) -> Result<(), NpyError> {
    let mut archive = ZipWriter::new(out);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    for (name, tensor) in entries {
        archive.start_file(format!("{name}.npy"), options).map_err(broken)?;
        archive.write_all(&write_npy(tensor)?).map_err(broken)?;
    }
    archive.finish().map_err(broken)?;
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> NpyError {
    NpyError::Archive(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tensors_survive() {
        let tensors =
            [("a/b", Tensor::scalar(1.0f32).unwrap()), ("ids", Tensor::from_slice([2], &[1i64, 2]).unwrap())];
        let mut file = Cursor::new(Vec::new());
        write_npz(&mut file, tensors.iter().map(|(name, tensor)| (*name, tensor))).unwrap();
        let entries = read_npz(file.get_ref(), 1 << 20).unwrap();
        assert_eq!(entries.len(), 2);
        for ((name, tensor), (read_name, read_tensor)) in tensors.iter().zip(&entries) {
            assert_eq!((*name, tensor), (read_name.as_str(), read_tensor));
        }
        assert!(read_npz(file.get_ref(), 16).is_err());
    }
}
