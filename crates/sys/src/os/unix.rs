//! The calls that Linux, Android, macOS and the BSDs share.

use std::mem::MaybeUninit;
use std::ptr;

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
