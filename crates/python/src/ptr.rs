//! The one place that follows Python's pointers: the memory of arrays and bytes, arrays over Dunlin's memory, and DLPack.
//!
//! Memory of Python's is borrowed with a reference to the object that owns it, so it stays in place. What nothing can check is
//! that no other thread of the program writes to an array while a run reads it: as with numpy itself, that is the program's part.

#![allow(unsafe_code, reason = "this is the file for it")]

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use dunlin_core::{Error, ErrorKind, Shape};
use numpy::npyffi::{self, PY_ARRAY_API};
use numpy::prelude::*;
use numpy::{PyArrayDescr, PyUntypedArray};
use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};

use crate::dlpack::{Managed, ManagedVersioned};

/// Memory of a Python object, which is kept alive.
pub(crate) struct Held {
    address: NonNull<u8>,
    n_bytes: usize,
    _owner: Owner,
}

/// What keeps memory in place until it is dropped.
#[allow(dead_code, reason = "held, and given back when dropped")]
enum Owner {
    Object(Py<PyAny>),
    Exchange(Exchange),
}

// SAFETY: the memory is only read, by any thread; the owner's reference is given back by PyO3, which does so from any thread, or by the
// producer's deleter, which DLPack allows to be called from any thread.
unsafe impl Send for Held {}
// SAFETY: as above; nothing is changed through a shared reference.
unsafe impl Sync for Held {}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: each constructor took address and length from an object that `_owner` keeps, and none of them moves its memory.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr(), self.n_bytes) }
    }
}

impl Held {
    /// The memory of an array whose elements lie densely in row-major order and hold no objects.
    pub fn array(array: &Bound<'_, PyUntypedArray>) -> Option<Held> {
        let n_bytes = dense_bytes(array)?;
        let owner = Owner::Object(array.clone().into_any().unbind());
        Some(Held { address: data(array), n_bytes, _owner: owner })
    }

    /// The memory of a bytes object, which never changes.
    pub fn bytes(bytes: &Bound<'_, PyBytes>) -> Held {
        let address = NonNull::from(bytes.as_bytes()).cast();
        let owner = Owner::Object(bytes.clone().into_any().unbind());
        Held { address, n_bytes: bytes.as_bytes().len(), _owner: owner }
    }

    /// The memory of a tensor that another library lent through DLPack: `n_bytes` from its first element on.
    pub fn exchanged(exchange: Exchange, n_bytes: usize) -> Option<Held> {
        let lent = exchange.tensor();
        let offset = usize::try_from(lent.byte_offset).ok()?;
        let address = match NonNull::new(lent.data.cast::<u8>()) {
            // SAFETY: DLPack says that the first element lies so many bytes behind the address, within the same memory.
            Some(start) => unsafe { start.add(offset) },
            None if n_bytes == 0 => NonNull::dangling(),
            None => return None,
        };
        Some(Held { address, n_bytes, _owner: Owner::Exchange(exchange) })
    }
}

/// Bytes of an array's elements, if they lie densely in row-major order and hold no objects.
fn dense_bytes(array: &Bound<'_, PyUntypedArray>) -> Option<usize> {
    let dtype = array.dtype();
    let is_plain = array.is_c_contiguous() && !dtype.has_object();
    array.len().checked_mul(dtype.itemsize()).filter(|_| is_plain)
}

fn data(array: &Bound<'_, PyUntypedArray>) -> NonNull<u8> {
    // SAFETY: `array` is an array, so the pointer leads to one; its address of the elements is read and not followed.
    let address = unsafe { (*array.as_array_ptr()).fields.data };
    NonNull::new(address.cast()).unwrap_or(NonNull::dangling())
}

/// The memory of an array of the caller's that a run writes to, for as long as the array is borrowed. `None` if it is not dense, or may
/// not be written. No two slices that live at a time may overlap: `run.rs` refuses such arrays before it asks for any.
#[allow(
    clippy::mut_from_ref,
    reason = "the array is a handle; that nobody else looks at its memory is said above"
)]
pub(crate) fn array_mut<'a>(array: &'a Bound<'_, PyUntypedArray>) -> Option<&'a mut [u8]> {
    let n_bytes = dense_bytes(array)?;
    // SAFETY: as in `data`.
    let flags = unsafe { (*array.as_array_ptr()).fields.flags };
    if flags & npyffi::NPY_ARRAY_WRITEABLE == 0 {
        return None;
    }
    // SAFETY: the array is dense and has so many bytes, is writable, and is kept by the borrow; that nobody else looks at the bytes meanwhile is
    // the caller's part (see the module), and that no other slice here overlaps, `run.rs`'s.
    Some(unsafe { std::slice::from_raw_parts_mut(data(array).as_ptr(), n_bytes) })
}

/// The addresses that a dense array's elements take.
pub(crate) fn addresses(array: &Bound<'_, PyUntypedArray>) -> Option<std::ops::Range<usize>> {
    let start = data(array).addr().get();
    Some(start..start.checked_add(dense_bytes(array)?)?)
}

/// A new array over `memory`, which belongs to `owner` and stays in place for as long as that lives.
///
/// `is_writable` says that nobody but the array looks at the memory.
pub(crate) fn array_over<'py>(
    descr: Bound<'py, PyArrayDescr>,
    shape: &Shape,
    memory: &[u8],
    owner: Bound<'py, PyAny>,
    is_writable: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = descr.py();
    let expected = descr.itemsize().checked_mul(shape.n_elements());
    if expected != Some(memory.len()) {
        let message = format!("an array of shape {shape} over {} bytes", memory.len());
        return Err(crate::error::raise(py, &Error::new(ErrorKind::Internal, message)));
    }
    // numpy refuses more dimensions than it knows, and reads no more than it is told of.
    let mut dims: [npyffi::npy_intp; MAX_RANK] = [0; MAX_RANK];
    let rank = shape.rank().min(MAX_RANK);
    for (dim, &size) in dims.iter_mut().zip(shape.dims()) {
        *dim = size as npyffi::npy_intp;
    }
    let n_dims = if shape.rank() > MAX_RANK { i32::MAX } else { rank as i32 };
    let flags = if is_writable { npyffi::NPY_ARRAY_WRITEABLE } else { 0 };
    // SAFETY: numpy's table is there once an array or a type of it is. The description's reference goes over to the array; `dims` has as many
    // sizes as are named; without strides the layout is row-major, and the lengths were compared above; the memory outlives the array because the
    // array holds `owner` from the next call on, whose reference goes over, too, also where it fails.
    unsafe {
        let array = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            PyUntypedArray::type_object_raw(py),
            descr.into_dtype_ptr(),
            n_dims,
            dims.as_mut_ptr(),
            std::ptr::null_mut(),
            memory.as_ptr().cast_mut().cast::<c_void>(),
            flags,
            std::ptr::null_mut(),
        );
        let array = Bound::from_owned_ptr_or_err(py, array)?;
        match PY_ARRAY_API.PyArray_SetBaseObject(py, array.as_ptr().cast(), owner.into_ptr()) {
            0 => Ok(array),
            _ => Err(PyErr::fetch(py)),
        }
    }
}

/// The most dimensions that numpy knows.
const MAX_RANK: usize = 64;

/// numpy's type of this number, one of its built-in ones.
pub(crate) fn built_in_dtype(py: Python<'_>, number: npyffi::NPY_TYPES) -> Bound<'_, PyArrayDescr> {
    // SAFETY: every number of the enumeration has its type, whose new reference is ours.
    unsafe {
        let descr = PY_ARRAY_API.PyArray_DescrFromType(py, number as _);
        Bound::from_owned_ptr(py, descr.cast()).cast_into_unchecked()
    }
}

/// A tensor that another library lent through DLPack, given back when it is dropped.
pub(crate) enum Exchange {
    Plain(NonNull<Managed>),
    Versioned(NonNull<ManagedVersioned>),
}

impl Exchange {
    /// Takes the tensor out of a capsule, which nobody else can take it from after that. `None` if it holds none (any more).
    pub fn take(capsule: &Bound<'_, PyCapsule>) -> Option<Exchange> {
        let pointer = |name: &CStr| capsule.pointer_checked(Some(name)).ok();
        let (exchange, used) = match (pointer(VERSIONED), pointer(PLAIN)) {
            (Some(pointer), _) => (Exchange::Versioned(pointer.cast()), USED_VERSIONED),
            (None, Some(pointer)) => (Exchange::Plain(pointer.cast()), USED_PLAIN),
            (None, None) => return None,
        };
        // SAFETY: it is a capsule; the name is static. By DLPack's protocol renaming takes the tensor over.
        let renamed = unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), used.as_ptr()) };
        (renamed == 0).then_some(exchange)
    }

    /// The tensor's description.
    pub fn tensor(&self) -> &crate::dlpack::Lent {
        match self {
            // SAFETY: the capsule of this name led to such a struct, which is ours until its deleter is called.
            Exchange::Plain(managed) => unsafe { &managed.as_ref().tensor },
            // SAFETY: as above.
            Exchange::Versioned(managed) => unsafe { &managed.as_ref().tensor },
        }
    }

    /// The protocol's major version.
    pub fn major(&self) -> u32 {
        match self {
            Exchange::Plain(_) => 0,
            // SAFETY: as in `tensor`; the version stands first in every version of the struct.
            Exchange::Versioned(managed) => unsafe { managed.as_ref().version.major },
        }
    }

    /// The sizes, and the steps from element to element where the elements do not lie densely.
    pub fn dims(&self) -> Option<(&[i64], Option<&[i64]>)> {
        let lent = self.tensor();
        let rank = usize::try_from(lent.rank).ok()?;
        let list = |pointer: *const i64| {
            // SAFETY: DLPack says that there are as many as the tensor has dimensions, where the pointer is not null.
            (!pointer.is_null()).then(|| unsafe { std::slice::from_raw_parts(pointer, rank) })
        };
        if rank == 0 {
            return Some((&[], None));
        }
        Some((list(lent.shape)?, list(lent.strides)))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        match self {
            Exchange::Plain(managed) => {
                // SAFETY: the tensor is ours (see `take`), and its deleter is called this once.
                if let Some(deleter) = unsafe { managed.as_ref() }.deleter {
                    // SAFETY: as above.
                    unsafe { deleter(managed.as_ptr()) }
                }
            }
            Exchange::Versioned(managed) => {
                // SAFETY: as above.
                if let Some(deleter) = unsafe { managed.as_ref() }.deleter {
                    // SAFETY: as above.
                    unsafe { deleter(managed.as_ptr()) }
                }
            }
        }
    }
}

const PLAIN: &CStr = c"dltensor";
const USED_PLAIN: &CStr = c"used_dltensor";
const VERSIONED: &CStr = c"dltensor_versioned";
const USED_VERSIONED: &CStr = c"used_dltensor_versioned";

/// Lends a tensor through a capsule of the newer kind. The box is freed by its consumer, or with the capsule.
pub(crate) fn lend_versioned(py: Python<'_>, managed: Box<ManagedVersioned>) -> PyResult<Bound<'_, PyAny>> {
    lend(py, Box::into_raw(managed).cast(), VERSIONED, free_versioned)
}

/// Lends a tensor through a capsule of the older kind, as [`lend_versioned`].
pub(crate) fn lend_plain(py: Python<'_>, managed: Box<Managed>) -> PyResult<Bound<'_, PyAny>> {
    lend(py, Box::into_raw(managed).cast(), PLAIN, free_plain)
}

fn lend<'py>(
    py: Python<'py>,
    pointer: *mut c_void,
    name: &'static CStr,
    destructor: unsafe extern "C" fn(*mut ffi::PyObject),
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the name is static, and the destructor knows what a capsule of this name holds.
    unsafe {
        let capsule = ffi::PyCapsule_New(pointer, name.as_ptr(), Some(destructor));
        Bound::from_owned_ptr_or_err(py, capsule)
    }
}

unsafe extern "C" fn free_versioned(capsule: *mut ffi::PyObject) {
    // SAFETY: Python gives the capsule that `lend` made; a consumer that took the tensor renamed it.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, VERSIONED.as_ptr()) == 1 {
            delete_versioned(ffi::PyCapsule_GetPointer(capsule, VERSIONED.as_ptr()).cast());
        }
    }
}

unsafe extern "C" fn free_plain(capsule: *mut ffi::PyObject) {
    // SAFETY: as in `free_versioned`.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, PLAIN.as_ptr()) == 1 {
            delete_plain(ffi::PyCapsule_GetPointer(capsule, PLAIN.as_ptr()).cast());
        }
    }
}

/// The deleter of tensors that [`lend_versioned`] lends.
pub(crate) unsafe extern "C" fn delete_versioned(managed: *mut ManagedVersioned) {
    // SAFETY: the pointer came out of the box in `lend_versioned`, and the consumer calls this once.
    drop(unsafe { Box::from_raw(managed) });
}

/// The deleter of tensors that [`lend_plain`] lends.
pub(crate) unsafe extern "C" fn delete_plain(managed: *mut Managed) {
    // SAFETY: as above.
    drop(unsafe { Box::from_raw(managed) });
}
