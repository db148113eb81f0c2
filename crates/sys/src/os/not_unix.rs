//! Where there is no `fork`, there are no signals, and nobody takes advice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use memmap2::Mmap;

use super::Advice;

/// One number for ever: there is no `fork`.
pub(crate) fn process_id() -> u32 {
    0
}

/// Pipes end nobody here.
pub fn end_on_closed_pipe() {}

/// Nothing to block.
pub(crate) fn block_signals() {}

/// There are no descriptors.
pub(crate) fn duplicate(_: i32) -> io::Result<File> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no file descriptors"))
}

/// Fills `buffer` from byte `offset` of a file on. It moves the file's position, which nobody shares here.
pub(crate) fn read_exact_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

/// Unknown: libraries are found where the system looks for them, which begins with the program's folder.
#[cfg(feature = "accelerator")]
pub(crate) fn own_library() -> Option<std::path::PathBuf> {
    None
}

/// Unknown.
pub(crate) fn page_bytes() -> Option<usize> {
    None
}

/// Ignored.
pub(crate) fn advise(_: &Mmap, _: Range<usize>, _: Advice) {}
