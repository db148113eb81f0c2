//! Threads and per-thread values by POSIX calls, whose failures are numbers.

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A thread. Dropping it lets the thread go on by itself; forgetting it does no harm.
#[derive(Debug)]
pub struct Thread {
    id: libc::pthread_t,
    is_finished: Arc<AtomicBool>,
    is_joined: Cell<bool>,
}

// SAFETY: `pthread_t` names a thread for whichever thread asks; it is joined or detached once, by the owner.
unsafe impl Send for Thread {}
// SAFETY: shared access only reads the flag: joining takes the value, and `is_joined` is changed by no other.
unsafe impl Sync for Thread {}

/// What a new thread is given.
struct Start {
    name: [u8; MAX_NAME_BYTES + 1],
    work: Box<dyn FnOnce() + Send>,
    is_finished: Arc<AtomicBool>,
}

/// Longest name of a thread that every system takes, in bytes.
const MAX_NAME_BYTES: usize = 15;

impl Thread {
    /// Starts a thread. A panic in `work` ends it silently.
    ///
    /// # Errors
    /// The system's, if it refuses a thread.
    pub fn spawn(name: &str, stack_bytes: usize, work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
        let is_finished = Arc::new(AtomicBool::new(false));
        let mut start = Box::new(Start {
            name: [0; MAX_NAME_BYTES + 1],
            work: Box::new(work),
            is_finished: is_finished.clone(),
        });
        let n = name.len().min(MAX_NAME_BYTES);
        start.name[..n].copy_from_slice(&name.as_bytes()[..n]);
        let id = create(stack_bytes, Box::into_raw(start))?;
        Ok(Thread { id, is_finished, is_joined: Cell::new(false) })
    }

    /// Whether its work is done.
    pub fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// Waits for its end.
    pub fn join(self) {
        self.is_joined.set(true);
        // SAFETY: the thread was created joinable, and neither joined nor detached: both happen once, by the owner.
        unsafe { libc::pthread_join(self.id, ptr::null_mut()) };
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if !self.is_joined.get() {
            // SAFETY: as in `join`.
            unsafe { libc::pthread_detach(self.id) };
        }
    }
}

/// Creates a thread that runs `begin(start)`, which takes `start` over unless this fails.
fn create(stack_bytes: usize, start: *mut Start) -> io::Result<libc::pthread_t> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut id = MaybeUninit::<libc::pthread_t>::uninit();
    // SAFETY: the attributes are initialised before they are used, and destroyed after; a size that the system does not like
    // leaves its default. The id is written if the call says 0. `start` came from `Box::into_raw`.
    let status = unsafe {
        let mut status = libc::pthread_attr_init(attributes.as_mut_ptr());
        if status == 0 {
            libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), stack_bytes);
            status = libc::pthread_create(id.as_mut_ptr(), attributes.as_ptr(), begin, start.cast());
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
        }
        status
    };
    if status != 0 {
        // SAFETY: no thread has started, so that the box is still ours.
        drop(unsafe { Box::from_raw(start) });
        return Err(io::Error::from_raw_os_error(status));
    }
    // SAFETY: written, as the status is 0.
    Ok(unsafe { id.assume_init() })
}

extern "C" fn begin(start: *mut c_void) -> *mut c_void {
    // SAFETY: `create` has handed this thread a `Start` from `Box::into_raw`, and keeps no pointer to it.
    let start = *unsafe { Box::from_raw(start.cast::<Start>()) };
    if let Ok(name) = CStr::from_bytes_until_nul(&start.name) {
        set_name(name);
    }
    // A panic must not leave a function that C calls. Its payload may panic when it is dropped.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(start.work)) {
        std::mem::forget(payload);
    }
    start.is_finished.store(true, Ordering::Release);
    ptr::null_mut()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_name(name: &CStr) {
    // SAFETY: the calling thread exists, and the name ends with a NUL.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
}

#[cfg(any(target_os = "macos", target_os = "ios"))]
fn set_name(name: &CStr) {
    // SAFETY: the name ends with a NUL.
    unsafe { libc::pthread_setname_np(name.as_ptr()) };
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios")))]
fn set_name(_: &CStr) {}

/// A value for each thread that has set one, dropped when the thread ends, or (the unloading thread's) when the library is unloaded.
///
/// Where the system has no room for another value, or no key for all of them, there is none.
#[derive(Debug)]
pub struct PerThread<T: 'static> {
    /// 0 until there is a key; then one more than it; `usize::MAX` if there is none to be had.
    key: AtomicUsize,
    value: PhantomData<fn(T)>,
}

impl<T: 'static> PerThread<T> {
    /// No thread has a value.
    pub const fn new() -> PerThread<T> {
        PerThread { key: AtomicUsize::new(0), value: PhantomData }
    }

    /// Gives the calling thread a value, in the place of its last one. Within [`PerThread::with`] nothing happens.
    pub fn set(&'static self, value: T) {
        let Some(key) = self.key() else { return };
        // SAFETY: the key holds a `Slot<T>` or null, which is this thread's alone and lives until the key is set again or the thread ends.
        let old = unsafe { libc::pthread_getspecific(key).cast::<Slot<T>>().as_ref() };
        if old.is_some_and(|old| old.n_readers.get() > 0) {
            return;
        }
        let old = old.map_or(ptr::null_mut(), |old| ptr::from_ref(old).cast_mut());
        let new = Box::into_raw(Box::new(Slot { n_readers: Cell::new(0), value }));
        // SAFETY: setting the key takes the old slot out, which nobody reads (looked up above), so that it can be dropped. Where there is
        // no room for the new one it is still ours.
        unsafe {
            match libc::pthread_setspecific(key, new.cast()) {
                0 => destroy::<T>(old.cast()),
                _ => destroy::<T>(new.cast()),
            }
        }
    }

    /// Calls `f` with the calling thread's value, if it has one.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Option<R> {
        // Nothing was set if there is no key.
        let key = known(self.key.load(Ordering::Acquire))?;
        // SAFETY: the key holds a `Slot<T>` or null; while it has readers, `set` leaves it, and the thread is busy here.
        let slot = unsafe { libc::pthread_getspecific(key).cast::<Slot<T>>().as_ref() }?;
        let _reader = Reader::enter(&slot.n_readers);
        Some(f(&slot.value))
    }

    fn key(&self) -> Option<libc::pthread_key_t> {
        let key = self.key.load(Ordering::Acquire);
        if key != 0 {
            return known(key);
        }
        let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        let again = self.key.load(Ordering::Acquire);
        if again != 0 {
            return known(again);
        }
        let mut key: libc::pthread_key_t = 0;
        let mut found = usize::MAX;
        if let Some(place) = keys.iter_mut().find(|place| place.is_none()) {
            // SAFETY: the key is written if the call says 0; `destroy::<T>` is for the slots that `set` puts there.
            if unsafe { libc::pthread_key_create(&mut key, Some(destroy::<T>)) } == 0 {
                *place = Some((key, destroy::<T>));
                found = key as usize + 1;
            }
        }
        self.key.store(found, Ordering::Release);
        known(found)
    }
}

impl<T: 'static> Default for PerThread<T> {
    fn default() -> PerThread<T> {
        PerThread::new()
    }
}

fn known(key: usize) -> Option<libc::pthread_key_t> {
    if key == 0 || key == usize::MAX { None } else { Some((key - 1) as libc::pthread_key_t) }
}

/// A thread's value.
struct Slot<T> {
    /// Calls of `with` that are under way.
    n_readers: Cell<usize>,
    value: T,
}

struct Reader<'a>(&'a Cell<usize>);

impl<'a> Reader<'a> {
    fn enter(n_readers: &'a Cell<usize>) -> Reader<'a> {
        n_readers.set(n_readers.get() + 1);
        Reader(n_readers)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Drops the slot of a thread that ends.
unsafe extern "C" fn destroy<T>(value: *mut c_void) {
    if !value.is_null() {
        // SAFETY: the system hands over what `PerThread::set` has made with `Box::into_raw`, once. A panic must not leave.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(value.cast::<Slot<T>>()) })));
    }
}

/// A key and its destructor.
type Key = (libc::pthread_key_t, unsafe extern "C" fn(*mut c_void));

/// The keys that there are: a few for the whole library.
static KEYS: Mutex<[Option<Key>; 8]> = Mutex::new([None; 8]);

/// Gives the keys back when the library is unloaded, so that no thread calls a destructor that is gone.
extern "C" fn delete_keys() {
    let Ok(mut keys) = KEYS.try_lock() else { return };
    for (key, destroy) in keys.iter_mut().filter_map(Option::take) {
        // SAFETY: the key is ours, and the value one for its destructor; the library is going, so that nobody uses either again.
        unsafe {
            let value = libc::pthread_getspecific(key);
            libc::pthread_key_delete(key);
            destroy(value);
        }
    }
}

#[used]
#[cfg_attr(any(target_os = "macos", target_os = "ios"), unsafe(link_section = "__DATA,__mod_term_func"))]
#[cfg_attr(not(any(target_os = "macos", target_os = "ios")), unsafe(link_section = ".fini_array"))]
static DELETE_KEYS: extern "C" fn() = delete_keys;
