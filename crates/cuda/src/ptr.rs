//! The one place that follows the caller's pointers: the functions of the table.
//!
//! The caller is `dunlin_sys::Accelerator` of a build with the same encoding, which is checked before it calls anything: every
//! pointer has the length that comes with it, and is lent for the call.

use std::ffi::c_void;

use dunlin_sys::{Part, Reply, Table};

static TABLE: Table = Table {
    size: size_of::<Table>(),
    encoding: dunlin_ir::ENCODING.as_ptr(),
    n_encoding: dunlin_ir::ENCODING.len(),
    open,
    close,
    call,
    enter,
    free,
};

/// The table of this library's functions. It is static.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_accelerator_table() -> *const Table {
    &TABLE
}

unsafe extern "C" fn open(name: *const u8, n_name: usize, n_threads: usize, reply: *mut Reply) -> u64 {
    // SAFETY: the caller lends so many bytes.
    let name = unsafe { slice(name, n_name) };
    match super::open(&String::from_utf8_lossy(name), n_threads) {
        Ok(device) => device,
        Err(answer) => {
            // SAFETY: the caller's reply is to be written.
            unsafe { give(answer, reply) };
            0
        }
    }
}

unsafe extern "C" fn close(device: u64) {
    super::close(device);
}

unsafe extern "C" fn call(
    device: u64,
    request: *const u8,
    n_request: usize,
    tensors: *const Part,
    n_tensors: usize,
    output: *mut u8,
    n_output: usize,
    reply: *mut Reply,
) {
    // SAFETY: the caller lends so many bytes.
    let request = unsafe { slice(request, n_request) };
    // SAFETY: the caller lends so many parts.
    let parts = unsafe { slice(tensors, n_tensors) };
    // SAFETY: each part lends as many bytes as it says.
    let tensors: Vec<&[u8]> = parts.iter().map(|part| unsafe { slice(part.data, part.n_bytes) }).collect();
    let output = match n_output {
        0 => &mut [],
        // SAFETY: the caller lends so many bytes to be written, which nobody else touches.
        n => unsafe { std::slice::from_raw_parts_mut(output, n) },
    };
    let answer = super::call(device, request, &tensors, output);
    // SAFETY: the caller's reply is to be written.
    unsafe { give(answer, reply) };
}

unsafe extern "C" fn enter(device: u64, work: unsafe extern "C" fn(*mut c_void), argument: *mut c_void) {
    let argument = Argument(argument);
    let mut work = move || {
        let argument = &argument;
        // SAFETY: the caller gave the function for this argument, to be called once from any thread.
        unsafe { work(argument.0) }
    };
    super::enter(device, &mut work);
}

unsafe extern "C" fn free(reply: *mut Reply) {
    // SAFETY: the caller hands back what `give` wrote, once.
    let reply = unsafe { &mut *reply };
    if !reply.data.is_null() {
        let bytes = std::ptr::slice_from_raw_parts_mut(reply.data, reply.n_bytes);
        // SAFETY: `give` took it from a box of so many bytes.
        drop(unsafe { Box::from_raw(bytes) });
        *reply = Reply::none();
    }
}

/// Hands an answer out, to be freed by `free`.
unsafe fn give(answer: Vec<u8>, reply: *mut Reply) {
    if answer.is_empty() {
        return;
    }
    let n_bytes = answer.len();
    let data = Box::into_raw(answer.into_boxed_slice()).cast::<u8>();
    // SAFETY: the caller of this function has a reply to be written.
    unsafe { *reply = Reply { data, n_bytes } };
}

unsafe fn slice<'a, T>(data: *const T, n: usize) -> &'a [T] {
    if n == 0 {
        return &[];
    }
    // SAFETY: the caller of this function lends so many elements.
    unsafe { std::slice::from_raw_parts(data, n) }
}

/// The caller's argument, on its way to the device's threads.
struct Argument(*mut c_void);
// SAFETY: the caller allows any thread.
unsafe impl Send for Argument {}
