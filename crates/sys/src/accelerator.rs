//! The library of accelerators: opened at run time, called through a table of functions, each side freeing what it made.
//!
//! What requests and replies mean is not known here: they are bytes. Both sides are built from the same sources, which the
//! table's `encoding` proves; its first field is its size, so that a table of another shape is told apart before anything
//! else of it is read.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::os;

/// What the library exports: a function of this type, under this name, that gives its table.
pub const ENTRY: &str = "dunlin_accelerator_table";

/// The functions of the library. All of them may be called from any thread.
#[repr(C)]
#[derive(Debug)]
pub struct Table {
    /// The size of this struct.
    pub size: usize,
    /// The first byte of the encoding's name.
    pub encoding: *const u8,
    /// How many bytes it has.
    pub n_encoding: usize,
    /// Opens a device by its name, with so many threads for kernels on the CPU; 0 and a reply if that fails.
    pub open: unsafe extern "C" fn(*const u8, usize, usize, *mut Reply) -> u64,
    /// Ends a device.
    pub close: unsafe extern "C" fn(u64),
    /// Does what the request says, with the bytes of some tensors, perhaps writing to memory.
    pub call: unsafe extern "C" fn(u64, *const u8, usize, *const Part, usize, *mut u8, usize, *mut Reply),
    /// Calls a function with an argument once, where the device's threads are.
    pub enter: unsafe extern "C" fn(u64, unsafe extern "C" fn(*mut c_void), *mut c_void),
    /// Frees a reply.
    pub free: unsafe extern "C" fn(*mut Reply),
}

// SAFETY: the table and the name that it points to never change.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

/// Bytes that one side made and only it can free.
#[repr(C)]
#[derive(Debug)]
pub struct Reply {
    /// The first byte; null for none.
    pub data: *mut u8,
    /// How many there are.
    pub n_bytes: usize,
}

/// Bytes that are lent for the time of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The first byte.
    pub data: *const u8,
    /// How many there are.
    pub n_bytes: usize,
}

/// Why there are no accelerators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceleratorError {
    /// The library, or one that it needs, cannot be opened.
    Missing {
        /// What was tried.
        library: PathBuf,
        /// What the system says: it names what is missing.
        reason: String,
    },
    /// The library is not of this build.
    Build {
        /// Where it is.
        library: PathBuf,
        /// What it is.
        got: String,
    },
}

impl std::fmt::Display for AcceleratorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AcceleratorError::Missing { library, reason } => {
                write!(f, "{} cannot be opened: {reason}", library.display())
            }
            AcceleratorError::Build { library, got } => {
                write!(f, "{} is of another build of Dunlin: {got}", library.display())
            }
        }
    }
}

impl std::error::Error for AcceleratorError {}

/// The opened library. It stays open for as long as the process lives.
#[derive(Debug, Clone, Copy)]
pub struct Accelerator {
    table: &'static Table,
}

impl Accelerator {
    /// Opens the library that lies beside the one this code is in, or else where the system looks for libraries.
    ///
    /// # Errors
    /// [`AcceleratorError`]; a later call tries again.
    pub fn open(encoding: &str) -> Result<Accelerator, AcceleratorError> {
        static OPENED: OnceLock<Accelerator> = OnceLock::new();
        if let Some(opened) = OPENED.get() {
            return Ok(*opened);
        }
        let beside = os::own_library().and_then(|own| Some(own.parent()?.join(NAME)));
        let library = beside.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(NAME));
        let missing = |error: libloading::Error| AcceleratorError::Missing {
            library: library.clone(),
            reason: error.to_string(),
        };
        // SAFETY: the library is ours, by its name; its initialisers are those of Rust's standard library and the device's.
        let opened = unsafe { libloading::Library::new(&library) }.map_err(missing)?;
        // SAFETY: the symbol of this name is a function of this type in every version of the library.
        let entry = unsafe { opened.get::<unsafe extern "C" fn() -> *const Table>(ENTRY.as_bytes()) };
        // SAFETY: as above; it takes nothing and gives a static table.
        let table = unsafe { entry.map_err(missing)?() };
        // SAFETY: a table begins with its size, whatever its version, and lives as long as its library, which is never closed.
        let is_known = !table.is_null() && unsafe { (*table).size } == size_of::<Table>();
        if !is_known {
            return Err(AcceleratorError::Build { library, got: "its table has another size".to_owned() });
        }
        // SAFETY: the size is that of our table, so that the fields are.
        let table: &'static Table = unsafe { &*table };
        // SAFETY: the table says where its encoding's name is, which is static.
        let got = unsafe { std::slice::from_raw_parts(table.encoding, table.n_encoding) };
        if got != encoding.as_bytes() {
            let got = format!("{}, not {encoding}", String::from_utf8_lossy(got));
            return Err(AcceleratorError::Build { library, got });
        }
        std::mem::forget(opened);
        Ok(*OPENED.get_or_init(|| Accelerator { table }))
    }

    /// Opens a device by its name.
    ///
    /// # Errors
    /// The library's reply.
    pub fn device(self, name: &str, n_threads: usize) -> Result<AcceleratorDevice, Vec<u8>> {
        let mut reply = Reply::none();
        // SAFETY: the name is lent for the call, the reply is ours to be written.
        let id = unsafe { (self.table.open)(name.as_ptr(), name.len(), n_threads, &mut reply) };
        let bytes = self.take(reply);
        if id == 0 { Err(bytes) } else { Ok(AcceleratorDevice { library: self, id }) }
    }

    /// Copies a reply and gives it back to be freed.
    fn take(self, mut reply: Reply) -> Vec<u8> {
        if reply.data.is_null() {
            return Vec::new();
        }
        // SAFETY: the library says that it made so many bytes there, and leaves them until they are freed.
        let bytes = unsafe { std::slice::from_raw_parts(reply.data, reply.n_bytes) }.to_vec();
        // SAFETY: the reply came from this library, and is freed once.
        unsafe { (self.table.free)(&mut reply) };
        bytes
    }
}

impl Reply {
    /// No bytes.
    pub fn none() -> Reply {
        Reply { data: std::ptr::null_mut(), n_bytes: 0 }
    }
}

/// A device of the library's, ended when this is dropped.
#[derive(Debug)]
pub struct AcceleratorDevice {
    library: Accelerator,
    id: u64,
}

impl AcceleratorDevice {
    /// Sends a request with the bytes of some tensors; the reply. The library may write to `output`.
    pub fn call(&self, request: &[u8], tensors: &[&[u8]], output: &mut [u8]) -> Vec<u8> {
        let parts: Vec<Part> =
            tensors.iter().map(|bytes| Part { data: bytes.as_ptr(), n_bytes: bytes.len() }).collect();
        let mut reply = Reply::none();
        let (request, n_request) = (request.as_ptr(), request.len());
        let (parts, n_parts) = (parts.as_ptr(), parts.len());
        // SAFETY: everything is lent for the call, with the lengths that it has; the output is ours alone.
        unsafe {
            let (output, n_output) = (output.as_mut_ptr(), output.len());
            (self.library.table.call)(
                self.id, request, n_request, parts, n_parts, output, n_output, &mut reply,
            );
        }
        self.library.take(reply)
    }

    /// Does some work where the device's threads are.
    ///
    /// # Panics
    /// With the payload of a panic in the work.
    pub fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        let mut lent = Work { work, panic: None };
        // SAFETY: the library calls the function at most once before it returns, with this argument, from one thread, and the
        // work may be done by another thread than this.
        unsafe { (self.library.table.enter)(self.id, do_work, (&raw mut lent).cast()) };
        if let Some(payload) = lent.panic {
            resume_unwind(payload);
        }
    }
}

impl Drop for AcceleratorDevice {
    fn drop(&mut self) {
        // SAFETY: the device was opened by this library and is closed once.
        unsafe { (self.library.table.close)(self.id) }
    }
}

struct Work<'a> {
    work: &'a mut (dyn FnMut() + Send),
    panic: Option<Box<dyn Any + Send>>,
}

/// Nothing unwinds into the library.
unsafe extern "C" fn do_work(argument: *mut c_void) {
    // SAFETY: `enter` gave this argument, which nobody else touches until the library returns.
    let lent = unsafe { &mut *argument.cast::<Work<'_>>() };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(&mut *lent.work)) {
        lent.panic = Some(payload);
    }
}

/// What the library's file is called.
const NAME: &str = if cfg!(windows) {
    "dunlin_cuda.dll"
} else if cfg!(target_vendor = "apple") {
    "libdunlin_cuda.0.dylib"
} else {
    "libdunlin_cuda.so.0"
};
