//! DLPack, by which libraries lend tensors to each other: the structs of its version 1, read and made.

use std::ffi::c_void;
use std::sync::Arc;

use dunlin_core::{DType, Error, ErrorKind, Shape, Tensor};
use dunlin_sys::{AlignedBuf, Bytes};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::error::{input, raise};
use crate::ptr::{self, Exchange, Held};

/// `DLTensor`.
#[repr(C)]
pub(crate) struct Lent {
    pub data: *mut c_void,
    pub device_kind: i32,
    pub device_index: i32,
    pub rank: i32,
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
    pub shape: *const i64,
    pub strides: *const i64,
    pub byte_offset: u64,
}

/// `DLManagedTensor`.
#[repr(C)]
pub(crate) struct Managed {
    pub tensor: Lent,
    context: *mut c_void,
    pub deleter: Option<unsafe extern "C" fn(*mut Managed)>,
    /// Ours, behind what consumers know of.
    _keep: Keep,
}

/// `DLPackVersion`.
#[repr(C)]
pub(crate) struct Version {
    pub major: u32,
    pub minor: u32,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
pub(crate) struct ManagedVersioned {
    pub version: Version,
    context: *mut c_void,
    pub deleter: Option<unsafe extern "C" fn(*mut ManagedVersioned)>,
    flags: u64,
    pub tensor: Lent,
    /// Ours, behind what consumers know of.
    _keep: Keep,
}

/// What a lent tensor's pointers lead to.
struct Keep {
    _tensor: Tensor,
    dims: Box<[i64]>,
}

/// `kDLCPU`.
pub(crate) const CPU: i32 = 1;

/// `kDLCUDAHost`, which processors read as their own memory.
const PINNED: i32 = 3;

/// `DLPACK_FLAG_BITMASK_READ_ONLY`.
const READ_ONLY: u64 = 1;

/// Types, DLPack's codes and bits of an element.
const CODES: &[(DType, u8, u8)] = &[
    (DType::F32, 2, 32),
    (DType::F64, 2, 64),
    (DType::F16, 2, 16),
    (DType::BF16, 4, 16),
    (DType::I8, 0, 8),
    (DType::I16, 0, 16),
    (DType::I32, 0, 32),
    (DType::I64, 0, 64),
    (DType::U8, 1, 8),
    (DType::U16, 1, 16),
    (DType::U32, 1, 32),
    (DType::U64, 1, 64),
    (DType::Bool, 6, 8),
    (DType::C64, 5, 64),
    (DType::C128, 5, 128),
    (DType::F8E4M3FN, 10, 8),
    (DType::F8E4M3FNUZ, 11, 8),
    (DType::F8E5M2, 12, 8),
    (DType::F8E5M2FNUZ, 13, 8),
    (DType::F8E8M0, 14, 8),
];

/// Borrows the tensor of an object with `__dlpack__`; copies it once if its elements do not lie densely.
pub(crate) fn read(object: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    let py = object.py();
    let (kind, _): (i32, i32) = object.call_method0("__dlpack_device__")?.extract()?;
    if kind != CPU && kind != PINNED {
        let message = "the tensor lies on another device than the CPU: move it first";
        return Err(raise(py, &Error::new(ErrorKind::Device, message)));
    }
    let capsule = capsule(object)?.cast_into::<PyCapsule>()?;
    let refused = |what: &str| input(py, &format!("a DLPack capsule with {what}"));
    let exchange = Exchange::take(&capsule).ok_or_else(|| refused("no tensor in it"))?;
    if exchange.major() > 1 {
        return Err(refused("a version that is not known"));
    }
    let (code, bits, lanes) = (exchange.tensor().code, exchange.tensor().bits, exchange.tensor().lanes);
    let known = CODES.iter().find(|row| (row.1, row.2) == (code, bits) && lanes == 1);
    let Some(&(dtype, ..)) = known else {
        let message = format!("DLPack's type {code} of {bits} bits and {lanes} lanes is no element type");
        return Err(raise(py, &Error::new(ErrorKind::DType, message)));
    };
    let layout = Layout::of(&exchange).ok_or_else(|| refused("sizes that are not sound"))?;
    layout.tensor(exchange, dtype).map_err(|error| raise(py, &error))
}

/// Asks for the newer struct first; older producers do not know the argument.
fn capsule<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let arguments = PyDict::new(object.py());
    arguments.set_item("max_version", (1, 0))?;
    match object.call_method("__dlpack__", (), Some(&arguments)) {
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => object.call_method0("__dlpack__"),
        outcome => outcome,
    }
}

/// How the elements lie, in elements from the first one.
struct Layout {
    shape: Shape,
    /// None where they lie densely in row-major order.
    strides: Option<Vec<usize>>,
    /// From the first to behind the last.
    n_spanned: usize,
}

impl Layout {
    /// `None` for negative sizes or steps, and those beyond what can be addressed.
    fn of(exchange: &Exchange) -> Option<Layout> {
        let (dims, strides) = exchange.dims()?;
        let dims: Vec<usize> = dims.iter().map(|&n| usize::try_from(n).ok()).collect::<Option<_>>()?;
        let shape = Shape::new(&dims);
        let n = shape.checked_n_elements()?;
        let dense = |strides: &&[i64]| {
            let expected = shape.strides();
            let fits = |((&got, &want), &size): ((&i64, &usize), &usize)| size == 1 || got == want as i64;
            strides.iter().zip(&expected).zip(&dims).all(fits)
        };
        let Some(strides) = strides.filter(|strides| n > 0 && !dense(strides)) else {
            return Some(Layout { shape, strides: None, n_spanned: n });
        };
        let strides: Vec<usize> = strides.iter().map(|&n| usize::try_from(n).ok()).collect::<Option<_>>()?;
        let last = dims
            .iter()
            .zip(&strides)
            .try_fold(0usize, |at, (&n, &step)| at.checked_add((n - 1).checked_mul(step)?));
        Some(Layout { shape, strides: Some(strides), n_spanned: last?.checked_add(1)? })
    }

    fn tensor(self, exchange: Exchange, dtype: DType) -> Result<Tensor, Error> {
        let too_large = || Error::new(ErrorKind::Limit, "the tensor is larger than can be addressed");
        let n_bytes = dtype.byte_len(self.n_spanned).ok_or_else(too_large)?;
        let held = Held::exchanged(exchange, n_bytes)
            .ok_or_else(|| Error::new(ErrorKind::Input, "a DLPack tensor without memory"))?;
        let bytes = match &self.strides {
            None => Bytes::foreign(Arc::new(held)),
            Some(strides) => gathered(held.as_ref(), &self.shape, strides, dtype.bits() / 8)?,
        };
        Ok(Tensor::new(dtype, self.shape, bytes)?)
    }
}

/// The elements in row-major order.
fn gathered(source: &[u8], shape: &Shape, strides: &[usize], size: usize) -> Result<Bytes, Error> {
    let mut copy = AlignedBuf::zeroed(shape.n_elements() * size).map_err(dunlin_core::TensorError::from)?;
    let mut index = vec![0usize; shape.rank()];
    for element in copy.as_mut_slice().chunks_exact_mut(size) {
        let at: usize = index.iter().zip(strides).map(|(i, step)| i * step).sum();
        element.copy_from_slice(&source[at * size..][..size]);
        for (i, &n) in index.iter_mut().zip(shape.dims()).rev() {
            *i += 1;
            if *i < n {
                break;
            }
            *i = 0;
        }
    }
    Ok(copy.into())
}

/// Lends a tensor to another library: a capsule of the newer kind if `versioned`.
pub(crate) fn write<'py>(py: Python<'py>, tensor: &Tensor, versioned: bool) -> PyResult<Bound<'py, PyAny>> {
    let Some(&(_, code, bits)) = CODES.iter().find(|row| row.0 == tensor.dtype()) else {
        let message = format!("DLPack has no {}", tensor.dtype());
        return Err(raise(py, &Error::new(ErrorKind::DType, message)));
    };
    let dims: Box<[i64]> = tensor.shape().iter().map(|&n| n as i64).collect();
    let keep = Keep { _tensor: tensor.clone(), dims };
    let lent = Lent {
        data: tensor.bytes().as_ptr().cast_mut().cast(),
        device_kind: CPU,
        device_index: 0,
        rank: tensor.rank() as i32,
        code,
        bits,
        lanes: 1,
        shape: keep.dims.as_ptr(),
        strides: std::ptr::null(),
        byte_offset: 0,
    };
    let context = std::ptr::null_mut();
    if !versioned {
        let deleter = Some(ptr::delete_plain as unsafe extern "C" fn(*mut Managed));
        return ptr::lend_plain(py, Box::new(Managed { tensor: lent, context, deleter, _keep: keep }));
    }
    let managed = ManagedVersioned {
        version: Version { major: 1, minor: 0 },
        context,
        deleter: Some(ptr::delete_versioned),
        flags: READ_ONLY,
        tensor: lent,
        _keep: keep,
    };
    ptr::lend_versioned(py, Box::new(managed))
}
