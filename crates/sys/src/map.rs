//! Read-only file maps.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use crate::AlignedBuf;
use crate::os::{self, Advice};

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

    /// Maps `range` of an open file, in bytes. It need not begin at a page.
    ///
    /// # Errors
    /// Whatever the system reports; a range that does not lie in the file is an error.
    pub fn of_range(file: &File, range: Range<u64>) -> io::Result<FileMap> {
        let out_of_file =
            || io::Error::new(io::ErrorKind::InvalidInput, "the range does not lie in the file");
        if range.start > range.end || range.end > file.metadata()?.len() {
            return Err(out_of_file());
        }
        let n = usize::try_from(range.end - range.start).map_err(|_| out_of_file())?;
        if n == 0 {
            return Ok(FileMap { map: None });
        }
        // SAFETY: as in `from_file`.
        let map = unsafe { memmap2::MmapOptions::new().offset(range.start).len(n).map(file)? };
        Ok(FileMap { map: Some(map) })
    }

    /// The file's bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }

    /// Passes advice about a part of the file on to the system, which may heed it.
    pub(crate) fn advise(&self, range: Range<usize>, advice: Advice) {
        if let Some(map) = &self.map {
            os::advise(map, range, advice);
        }
    }
}

/// Reads `range` of an open file into memory, without moving the position that others read it at.
///
/// # Errors
/// Whatever the system reports; a range that does not lie in the file is an error.
pub fn read_range(file: &File, range: Range<u64>) -> io::Result<AlignedBuf> {
    if range.start > range.end || range.end > file.metadata()?.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the range does not lie in the file"));
    }
    let refused = || io::Error::from(io::ErrorKind::OutOfMemory);
    let n_bytes = usize::try_from(range.end - range.start).map_err(|_| refused())?;
    let mut buf = AlignedBuf::zeroed(n_bytes).map_err(|_| refused())?;
    os::read_exact_at(file, buf.as_mut_slice(), range.start)?;
    Ok(buf)
}

/// A second handle to the file that a descriptor of the process stands for; the descriptor itself is left alone.
///
/// # Errors
/// Whatever duplicating it reports: the descriptor is not open. `Unsupported` where there are no descriptors.
pub fn file_of_descriptor(descriptor: i32) -> io::Result<File> {
    os::duplicate(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;
    use std::sync::Arc;
    use std::{env, fs, process};

    #[test]
    fn advice_changes_no_byte() {
        let path = env::temp_dir().join(format!("dunlin-map-{}", process::id()));
        let expected: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &expected).unwrap();
        let bytes = Bytes::mapped(Arc::new(FileMap::open(&path).unwrap()));
        for range in [0..0, 0..1, 1..99_999, 4096..8192, 4095..8193, 0..100_000, 99_999..100_000] {
            let part = bytes.slice(range.clone()).unwrap();
            part.advise_sequential();
            part.advise_will_need();
            part.advise_dont_need();
            assert_eq!(part.as_slice(), &expected[range]);
        }
        assert_eq!(bytes.as_slice(), expected);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_range_of_a_file_is_that_range() {
        let path = env::temp_dir().join(format!("dunlin-range-{}", process::id()));
        let expected: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &expected).unwrap();
        let file = File::open(&path).unwrap();
        for range in [0..0, 0..1, 1..9_999, 4096..8192, 4097..8191, 10_000..10_000] {
            let map = FileMap::of_range(&file, range.clone()).unwrap();
            let part = &expected[range.start as usize..range.end as usize];
            assert_eq!(map.as_slice(), part);
            assert_eq!(read_range(&file, range).unwrap().as_slice(), part);
        }
        #[allow(clippy::reversed_empty_ranges, reason = "the case")]
        for range in [0..10_001, 5..4, u64::MAX..u64::MAX] {
            assert!(FileMap::of_range(&file, range.clone()).is_err());
            assert!(read_range(&file, range).is_err());
        }
        fs::remove_file(&path).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_that_are_not_needed_leave_the_process() {
        let path = env::temp_dir().join(format!("dunlin-rss-{}", process::id()));
        fs::write(&path, vec![3u8; 8 << 20]).unwrap();
        let bytes = Bytes::mapped(Arc::new(FileMap::open(&path).unwrap()));
        assert!(bytes.as_slice().iter().all(|&byte| byte == 3));
        let before = resident_bytes(&bytes);
        bytes.slice(100..(8 << 20) - 100).unwrap().advise_dont_need();
        let after = resident_bytes(&bytes);
        fs::remove_file(&path).unwrap();
        assert_eq!(before, 8 << 20);
        assert!(after <= 256 << 10, "{after} bytes stayed");
    }

    /// How much of the map that `bytes` begin is in this process's page tables ("Rss" in `/proc/self/smaps`).
    #[cfg(target_os = "linux")]
    fn resident_bytes(bytes: &Bytes) -> usize {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let start = format!("{:x}-", bytes.as_slice().as_ptr().addr());
        let mut entry = smaps.lines().skip_while(|line| !line.starts_with(&start));
        let rss = entry.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }
}
