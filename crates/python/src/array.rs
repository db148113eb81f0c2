//! numpy's arrays and tensors: borrowed on the way in, lent on the way out.

use std::sync::Arc;

use dunlin_core::{DType, Error, Shape, Tensor};
use dunlin_sys::Bytes;
use numpy::PyUntypedArray;
use numpy::prelude::*;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::{self, Elements};
use crate::error::raise;
use crate::ptr::{self, Held};
use crate::{packed, strings, tensor};

/// The tensor that an array holds: its memory where the elements lie densely in the machine's order, else one copy.
pub(crate) fn to_tensor(array: &Bound<'_, PyUntypedArray>) -> PyResult<Tensor> {
    let py = array.py();
    let dtype = match dtype::elements(array)? {
        Elements::Plain(dtype) => dtype,
        Elements::Strings => return strings::to_tensor(array),
    };
    let is_native = array.dtype().is_native_byteorder() != Some(false);
    let held = if is_native { Held::array(array) } else { None };
    let Some(held) = held else {
        return to_tensor(&copied(array)?);
    };
    let shape = Shape::new(array.shape());
    let bytes = match dtype.bits() < 8 {
        true => packed::pack(dtype, held.as_ref()).map(Bytes::from),
        false => Ok(Bytes::foreign(Arc::new(held))),
    };
    let tensor = bytes.and_then(|bytes| Tensor::new(dtype, shape, bytes).map_err(Error::from));
    tensor.map_err(|error| raise(py, &error))
}

/// A dense copy in the machine's byte order.
fn copied<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = array.py();
    let arguments = PyDict::new(py);
    if array.dtype().is_native_byteorder() == Some(false) {
        arguments.set_item("dtype", array.dtype().call_method1("newbyteorder", ("=",))?)?;
    }
    arguments.set_item("order", "C")?;
    arguments.set_item("copy", true)?;
    let copy = py.import(intern!(py, "numpy"))?.call_method("array", (array,), Some(&arguments))?;
    Ok(copy.cast_into::<PyUntypedArray>()?)
}

/// An array that looks into a tensor's memory and keeps it; a copy for strings and types smaller than a byte. It is writable where nobody
/// else holds the memory.
pub(crate) fn from_tensor(py: Python<'_>, mut tensor: Tensor) -> PyResult<Bound<'_, PyAny>> {
    if tensor.dtype() == DType::String {
        return strings::from_tensor(py, &tensor);
    }
    let descr = dtype::to_numpy(py, tensor.dtype())?;
    if tensor.dtype().bits() < 8 {
        tensor = unpacked(&tensor).map_err(|error| raise(py, &error))?;
    }
    let is_writable = tensor.try_bytes_mut().is_some();
    let owner = Bound::new(py, tensor::Tensor(tensor))?;
    let tensor = &owner.get().0;
    ptr::array_over(descr, tensor.shape(), tensor.bytes(), owner.clone().into_any(), is_writable)
}

/// The elements in a byte each.
fn unpacked(tensor: &Tensor) -> Result<Tensor, Error> {
    let bytes = packed::unpack(tensor.dtype(), tensor.bytes(), tensor.len())?;
    Ok(Tensor::new(DType::U8, tensor.shape().clone(), bytes.into())?)
}
