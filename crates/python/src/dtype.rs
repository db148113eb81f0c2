//! Element types: numpy's, those of ml_dtypes, and Dunlin's.

use dunlin_core::{DType, Error, ErrorKind};
use numpy::npyffi::NPY_TYPES;
use numpy::prelude::*;
use numpy::{PyArrayDescr, PyUntypedArray};
use pyo3::intern;
use pyo3::prelude::*;

use crate::error::raise;
use crate::ptr;

/// What the elements of a numpy array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elements {
    /// As tensors hold them; types smaller than a byte take a byte each.
    Plain(DType),
    /// Python's strings or bytes, or numpy's strings of fixed or variable length.
    Strings,
}

/// numpy numbers its own types below this one; those of other packages come after it.
const FIRST_FOREIGN: i32 = 256;

/// The number of numpy's strings of variable length, which is no foreign one.
const VARIABLE_STRINGS: i32 = 2056;

/// The types of ml_dtypes by their names there.
const FOREIGN: &[(&str, DType)] = &[
    ("bfloat16", DType::BF16),
    ("float8_e4m3fn", DType::F8E4M3FN),
    ("float8_e4m3fnuz", DType::F8E4M3FNUZ),
    ("float8_e5m2", DType::F8E5M2),
    ("float8_e5m2fnuz", DType::F8E5M2FNUZ),
    ("float8_e8m0fnu", DType::F8E8M0),
    ("float6_e2m3fn", DType::F6E2M3),
    ("float6_e3m2fn", DType::F6E3M2),
    ("float4_e2m1fn", DType::F4E2M1),
    ("int4", DType::I4),
    ("uint4", DType::U4),
    ("int2", DType::I2),
    ("uint2", DType::U2),
];

/// numpy's own types that tensors have.
const BUILT_IN: &[(DType, NPY_TYPES)] = &[
    (DType::F32, NPY_TYPES::NPY_FLOAT),
    (DType::F64, NPY_TYPES::NPY_DOUBLE),
    (DType::F16, NPY_TYPES::NPY_HALF),
    (DType::I8, NPY_TYPES::NPY_BYTE),
    (DType::I16, NPY_TYPES::NPY_SHORT),
    (DType::I32, NPY_TYPES::NPY_INT),
    (DType::U8, NPY_TYPES::NPY_UBYTE),
    (DType::U16, NPY_TYPES::NPY_USHORT),
    (DType::U32, NPY_TYPES::NPY_UINT),
    (DType::Bool, NPY_TYPES::NPY_BOOL),
    (DType::C64, NPY_TYPES::NPY_CFLOAT),
    (DType::C128, NPY_TYPES::NPY_CDOUBLE),
    (DType::I64, LONG),
    (DType::U64, UNSIGNED_LONG),
];

/// numpy's default integer of 64 bits: its `long` where that has so many.
const LONG: NPY_TYPES = if cfg!(windows) { NPY_TYPES::NPY_LONGLONG } else { NPY_TYPES::NPY_LONG };
const UNSIGNED_LONG: NPY_TYPES = if cfg!(windows) { NPY_TYPES::NPY_ULONGLONG } else { NPY_TYPES::NPY_ULONG };

/// What an array's elements are.
///
/// # Errors
/// A `DTypeError` for types that tensors do not have: dates, records, longer floats.
pub(crate) fn elements(array: &Bound<'_, PyUntypedArray>) -> PyResult<Elements> {
    let dtype = array.dtype();
    if dtype.num() >= FIRST_FOREIGN && dtype.num() != VARIABLE_STRINGS {
        return foreign(&dtype).map(Elements::Plain).ok_or_else(|| unknown(&dtype));
    }
    let plain = match (dtype.kind(), dtype.itemsize()) {
        (b'f', 4) => DType::F32,
        (b'f', 8) => DType::F64,
        (b'f', 2) => DType::F16,
        (b'i', 1) => DType::I8,
        (b'i', 2) => DType::I16,
        (b'i', 4) => DType::I32,
        (b'i', 8) => DType::I64,
        (b'u', 1) => DType::U8,
        (b'u', 2) => DType::U16,
        (b'u', 4) => DType::U32,
        (b'u', 8) => DType::U64,
        (b'b', 1) => DType::Bool,
        (b'c', 8) => DType::C64,
        (b'c', 16) => DType::C128,
        (b'O' | b'U' | b'S' | b'T', _) => return Ok(Elements::Strings),
        _ => return Err(unknown(&dtype)),
    };
    Ok(Elements::Plain(plain))
}

fn foreign(dtype: &Bound<'_, PyArrayDescr>) -> Option<DType> {
    let name = dtype.getattr(intern!(dtype.py(), "name")).ok()?;
    let name: &str = name.extract().ok()?;
    FOREIGN.iter().find(|(foreign, _)| *foreign == name).map(|(_, dtype)| *dtype)
}

fn unknown(dtype: &Bound<'_, PyArrayDescr>) -> PyErr {
    let message = format!("numpy's {dtype} is no element type of tensors");
    raise(dtype.py(), &Error::new(ErrorKind::DType, message))
}

/// numpy's type for tensors' elements; strings are Python objects.
///
/// # Errors
/// An `UnsupportedError` for types of ml_dtypes where that is not installed.
pub(crate) fn to_numpy(py: Python<'_>, dtype: DType) -> PyResult<Bound<'_, PyArrayDescr>> {
    if let Some((_, number)) = BUILT_IN.iter().find(|(own, _)| *own == dtype) {
        return Ok(ptr::built_in_dtype(py, *number));
    }
    let Some((name, _)) = FOREIGN.iter().find(|(_, own)| *own == dtype) else {
        return Ok(ptr::built_in_dtype(py, NPY_TYPES::NPY_OBJECT));
    };
    let module = py.import(intern!(py, "ml_dtypes")).map_err(|_| {
        let message =
            format!("numpy has no {dtype}; it comes with the package ml_dtypes: pip install ml_dtypes");
        raise(py, &Error::new(ErrorKind::Unsupported, message))
    })?;
    PyArrayDescr::new(py, module.getattr(*name)?)
}

/// The element type of this name, as [`DType::name`] gives it.
pub(crate) fn by_name(name: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name)
}
