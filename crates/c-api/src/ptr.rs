//! The one place that follows the host's pointers and calls its functions.
//!
//! Every pointer that arrives here was given by a C caller under the contract of the header: it is NULL, or points to as many
//! elements as the call says, which stay in place and unchanged until the call returns (or until a release function is
//! called, where there is one). No check can find out whether a host keeps that promise; NULL, lengths that overflow,
//! misalignment and text that is not UTF-8 are found.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::dunlin_error;
use crate::report::dunlin_report;
use crate::status::{Failure, dunlin_status};
use crate::value::dunlin_value;

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

/// Refuses a struct whose first field does not tell a size that is known.
pub(crate) fn check_size(got: usize, expected: usize, name: &str) -> Result<(), Failure> {
    if got == expected {
        return Ok(());
    }
    let message = format!("the size in the struct is {got}, not sizeof({name}), {expected}");
    Err(Failure::new(dunlin_status::DUNLIN_INPUT, message))
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

/// Hands a line of the log to the host.
pub(crate) fn call_log(
    log: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    user: User,
    level: i32,
    line: &CStr,
) {
    // SAFETY: the host gave the function for this pointer; the line lives until it returns.
    unsafe { log(user.0, level, line.as_ptr()) }
}

/// Asks the host for `n` calls of `run(task)`.
pub(crate) fn call_spawn(
    spawn: unsafe extern "C" fn(*mut c_void, Option<unsafe extern "C" fn(*mut c_void)>, *mut c_void, usize),
    user: User,
    run: unsafe extern "C" fn(*mut c_void),
    task: *mut c_void,
    n: usize,
) {
    // SAFETY: the host gave the function for this pointer, to be called while its pool lives.
    unsafe { spawn(user.0, Some(run), task, n) }
}

/// Has the host fill `buffer` from byte `offset` of its source on; how many bytes it says it wrote.
pub(crate) fn call_read(
    read: unsafe extern "C" fn(*mut c_void, u64, *mut c_void, usize) -> i64,
    user: User,
    offset: u64,
    buffer: &mut [u8],
) -> i64 {
    // SAFETY: the host gave the function for this pointer, to write at most as many bytes as the buffer has.
    unsafe { read(user.0, offset, buffer.as_mut_ptr().cast(), buffer.len()) }
}

/// The host's function for the end of an asynchronous run.
pub(crate) type DoneFn = unsafe extern "C" fn(
    *mut c_void,
    *const dunlin_error,
    *const *mut dunlin_value,
    usize,
    *mut dunlin_report,
);

/// Tells the host that an asynchronous run has ended.
pub(crate) fn call_done(
    done: DoneFn,
    user: User,
    error: *const dunlin_error,
    outputs: &[*mut dunlin_value],
    report: *mut dunlin_report,
) {
    // SAFETY: the host gave the function for this pointer, to be called once; the array lives until it returns.
    unsafe { done(user.0, error, outputs.as_ptr(), outputs.len(), report) }
}

/// Called when Dunlin no longer needs memory that the host lent it.
pub type ReleaseFn = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// The host's pointer for its callbacks, with its release.
#[derive(Debug)]
pub(crate) struct Owned {
    pub user: User,
    release: ReleaseFn,
    is_kept: AtomicBool,
}

impl Owned {
    /// The pointer is released when this is dropped, if [`Owned::keep`] was called before.
    pub fn new(user: *mut c_void, release: ReleaseFn) -> Owned {
        Owned { user: User(user), release, is_kept: AtomicBool::new(false) }
    }

    /// The call that took the pointer has worked: from now on the release is ours.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::Release);
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(release) = self.release
            && *self.is_kept.get_mut()
        {
            // SAFETY: the host gave the function for this pointer, to be called once.
            unsafe { release(self.user.0) }
        }
    }
}

/// Memory of the host, with its release.
#[derive(Debug)]
pub(crate) struct Lent {
    address: *const u8,
    n_bytes: usize,
    owner: Owned,
}

// SAFETY: the memory is only read, and by the contract of the header may be from any thread.
unsafe impl Send for Lent {}
// SAFETY: as above.
unsafe impl Sync for Lent {}

impl Lent {
    /// Borrows `n` bytes at `pointer`. They are released when this is dropped, if [`Lent::keep`] was called before.
    pub fn new(
        pointer: *const c_void,
        n: usize,
        release: ReleaseFn,
        user: *mut c_void,
    ) -> Result<Lent, Failure> {
        let bytes = slice(pointer.cast::<u8>(), n, "the memory")?;
        Ok(Lent { address: bytes.as_ptr(), n_bytes: n, owner: Owned::new(user, release) })
    }

    /// The call that borrowed the memory has worked: from now on the release is ours.
    pub fn keep(&self) {
        self.owner.keep();
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `new` took address and length from a slice; the host keeps the memory in place until it is released, and
        // writes to it only while no call reads it, so that nothing here outlives such a write.
        unsafe { std::slice::from_raw_parts(self.address, self.n_bytes) }
    }
}

/// Text that Dunlin made, for tests.
#[cfg(test)]
pub(crate) fn read_text(pointer: *const c_char) -> Option<String> {
    text(pointer, NUL_TERMINATED, "text").ok().map(str::to_owned)
}
