//! The calls that Linux, Android, macOS and the BSDs share.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;
use std::ptr;

use memmap2::{Mmap, UncheckedAdvice};

use super::Advice;

/// The process's id, which a child that was forked does not share with its parent.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Keeps the host's signal handlers off the calling thread, which is one of ours.
///
/// The signals that a thread causes by its own instructions, and the ones that profilers send, stay.
pub(crate) fn block_signals() {
    const KEPT: [libc::c_int; 8] = [
        libc::SIGABRT,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGPROF,
        libc::SIGSEGV,
        libc::SIGSYS,
        libc::SIGTRAP,
    ];
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigfillset` initialises the set it is given, the other calls only read or change that valid set; a
    // null pointer for the old mask means that it is not wanted.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        for signal in KEPT {
            libc::sigdelset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
    }
}

/// A second handle to the file of a descriptor, closed in programs that the process starts.
pub(crate) fn duplicate(descriptor: i32) -> io::Result<File> {
    // SAFETY: always sound; a number that is no open descriptor is an error.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fcntl` has just made this descriptor, so that nobody else owns or closes it.
    Ok(unsafe { File::from_raw_fd(copy) })
}

/// Fills `buffer` from byte `offset` of a file on; the file's own position stays.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
}

/// The file of the library or program that this code is in.
#[cfg(feature = "accelerator")]
pub(crate) fn own_library() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;

    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    let here: fn() -> Option<std::path::PathBuf> = own_library;
    // SAFETY: any address may be asked about; `info` is written if the answer is not 0.
    let found = unsafe { libc::dladdr(here as *const libc::c_void, info.as_mut_ptr()) };
    // SAFETY: it was zeroed, which is valid, and perhaps written since.
    let name = unsafe { info.assume_init() }.dli_fname;
    if found == 0 || name.is_null() {
        return None;
    }
    // SAFETY: the loader's name of the file ends with a NUL and lives as long as the file is loaded, as this code is.
    let name = unsafe { std::ffi::CStr::from_ptr(name) };
    Some(std::ffi::OsStr::from_bytes(name.to_bytes()).into())
}

/// Lets a write to a pipe that nobody reads any more end the process without a word, as other commands of a pipeline do.
///
/// For programs, never for a library: it is the process that changes.
pub fn end_on_closed_pipe() {
    // SAFETY: sets the disposition of one signal to the system's own; no handler of ours is installed.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// The size of a page of memory.
pub(crate) fn page_bytes() -> Option<usize> {
    // SAFETY: always sound; an unknown name gives -1.
    let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(page_bytes).ok().filter(|bytes| bytes.is_power_of_two())
}

/// Passes `advice` on for the pages that lie wholly within `range` of a file's map. It is no more than advice: errors
/// are ignored, and a range outside the map is cut.
pub(crate) fn advise(map: &Mmap, range: Range<usize>, advice: Advice) {
    let Some(page_bytes) = page_bytes() else { return };
    // A map begins at a page, so that multiples of the page size within it are pages too. Its last page may be partial.
    let start = range.start.next_multiple_of(page_bytes);
    let end = if range.end >= map.len() { map.len() } else { range.end / page_bytes * page_bytes };
    if start >= end {
        return;
    }
    let n = end - start;
    let _ = match advice {
        Advice::Sequential => map.advise_range(memmap2::Advice::Sequential, start, n),
        Advice::WillNeed => map.advise_range(memmap2::Advice::WillNeed, start, n),
        // SAFETY: the map is read-only and backed by a file, and nothing was ever written to it, so that a page that
        // was dropped comes back from the file as it was: what `&[u8]`s into the map see does not change.
        Advice::DontNeed => unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, start, n) },
    };
}
