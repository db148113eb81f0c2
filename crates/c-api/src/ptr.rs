//! The one place that follows the host's pointers and calls its functions.
//!
//! Every pointer that arrives here was given by a C caller under the contract of the header: it is NULL, or points to as many
//! elements as the call says, which stay in place and unchanged until the call returns (or until a release function is
//! called, where there is one). No check can find out whether a host keeps that promise; NULL, lengths that overflow,
//! misalignment and text that is not UTF-8 are found.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::status::{Failure, dunlin_status};

/// The length that stands for text which ends with a NUL.
pub(crate) const NUL_TERMINATED: usize = usize::MAX;

/// The `n` elements at `pointer`; NULL is allowed for none.
pub(crate) fn slice<'a, T>(pointer: *const T, n: usize, what: &str) -> Result<&'a [T], Failure> {
    check(pointer, n, what)?;
    if n == 0 {
        return Ok(&[]);
    }
    // SAFETY: `check` found the pointer aligned and not NULL, and the length not beyond the address space; the caller
    // promises the elements (see the module).
    Ok(unsafe { std::slice::from_raw_parts(pointer, n) })
}

/// The `n` elements at `pointer`, to be written; NULL is allowed for none.
pub(crate) fn slice_mut<'a, T>(pointer: *mut T, n: usize, what: &str) -> Result<&'a mut [T], Failure> {
    check(pointer, n, what)?;
    if n == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `slice`; the caller promises that nobody else touches the elements during the call.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, n) })
}

fn check<T>(pointer: *const T, n: usize, what: &str) -> Result<(), Failure> {
    if n == 0 {
        return Ok(());
    }
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    let fits = n.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize);
    if !fits {
        return Err(Failure::new(
            dunlin_status::DUNLIN_INPUT,
            format!("{what} has more elements than can be addressed"),
        ));
    }
    if !pointer.is_aligned() {
        let message = format!("{what} is not aligned to {} bytes", align_of::<T>());
        return Err(Failure::new(dunlin_status::DUNLIN_INPUT, message));
    }
    Ok(())
}

/// Text of `n` bytes, or up to its NUL if `n` is [`NUL_TERMINATED`].
pub(crate) fn text<'a>(pointer: *const c_char, n: usize, what: &str) -> Result<&'a str, Failure> {
    let bytes = if n == NUL_TERMINATED {
        if pointer.is_null() {
            return Err(Failure::null(what));
        }
        // SAFETY: not NULL, and the caller promises a NUL.
        unsafe { CStr::from_ptr(pointer) }.to_bytes()
    } else {
        slice(pointer.cast::<u8>(), n, what)?
    };
    let wrong = |_| Failure::new(dunlin_status::DUNLIN_INPUT, format!("{what} is not UTF-8"));
    std::str::from_utf8(bytes).map_err(wrong)
}

/// Writes a result. To be called last, when nothing can fail any more, with a pointer that [`writable`] has seen.
pub(crate) fn put<T>(out: *mut T, value: T) {
    if out.is_null() {
        return;
    }
    // SAFETY: not NULL, and the caller promises room for one value; the write needs no alignment.
    unsafe { out.write_unaligned(value) }
}

/// Refuses NULL where a result must be written.
pub(crate) fn writable<T>(out: *mut T, what: &str) -> Result<(), Failure> {
    if out.is_null() { Err(Failure::null(what)) } else { Ok(()) }
}

/// The host's pointer for its callbacks, handed back as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User(pub *mut c_void);
// SAFETY: the pointer is never followed here; the header says from which threads callbacks come.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// Tells the host how far loading has come.
pub(crate) fn call_progress(progress: unsafe extern "C" fn(*mut c_void, f32), user: User, fraction: f32) {
    // SAFETY: the host gave the function for this pointer, to be called while it loads.
    unsafe { progress(user.0, fraction) }
}

/// Called when Dunlin no longer needs memory that the host lent it.
pub type ReleaseFn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Memory of the host, with its release.
#[derive(Debug)]
pub(crate) struct Lent {
    bytes: &'static [u8],
    release: ReleaseFn,
    user: User,
    is_kept: AtomicBool,
}

impl Lent {
    /// Borrows `n` bytes at `pointer`. They are released when this is dropped, if [`Lent::keep`] was called before.
    pub fn new(
        pointer: *const c_void,
        n: usize,
        release: ReleaseFn,
        user: *mut c_void,
    ) -> Result<Lent, Failure> {
        let bytes = slice(pointer.cast::<u8>(), n, "the memory")?;
        Ok(Lent { bytes, release, user: User(user), is_kept: AtomicBool::new(false) })
    }

    /// The call that borrowed the memory has worked: from now on the release is ours.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::Release);
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(release) = self.release
            && *self.is_kept.get_mut()
        {
            // SAFETY: the host gave the function for this pointer, to be called once.
            unsafe { release(self.user.0) }
        }
    }
}

/// Text that Dunlin made, for tests.
#[cfg(test)]
pub(crate) fn read_text(pointer: *const c_char) -> Option<String> {
    text(pointer, NUL_TERMINATED, "text").ok().map(str::to_owned)
}
