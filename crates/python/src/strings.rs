//! Tensors of strings: arrays of Python's strings on the way out, those and numpy's own kinds of strings on the way in.

use dunlin_core::{Error, ErrorKind, Shape, Tensor};
use numpy::PyUntypedArray;
use numpy::prelude::*;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::error::raise;

/// Copies the strings of an array whose elements are strings, bytes in UTF-8, or numpy's strings.
pub(crate) fn to_tensor(array: &Bound<'_, PyUntypedArray>) -> PyResult<Tensor> {
    let py = array.py();
    let list = array.call_method0(intern!(py, "ravel"))?.call_method0(intern!(py, "tolist"))?;
    let list = list.cast_into::<PyList>()?;
    let mut strings = Vec::with_capacity(list.len());
    for item in list.iter() {
        strings.push(text(&item)?);
    }
    let tensor = Tensor::from_strings(Shape::new(array.shape()), strings);
    tensor.map_err(|error| raise(py, &error.into()))
}

/// One string, from a string or bytes in UTF-8.
pub(crate) fn text(item: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(string) = item.cast::<PyString>() {
        return string.extract();
    }
    let bytes = item.cast::<PyBytes>().ok().and_then(|bytes| std::str::from_utf8(bytes.as_bytes()).ok());
    bytes.map(str::to_owned).ok_or_else(|| {
        let message = format!("{} is neither a string nor bytes in UTF-8", item.get_type());
        raise(item.py(), &Error::new(ErrorKind::DType, message))
    })
}

/// An array of Python's strings.
pub(crate) fn from_tensor<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    let strings = tensor.strings().map_err(|error| raise(py, &error.into()))?;
    let numpy = py.import(intern!(py, "numpy"))?;
    let arguments = PyDict::new(py);
    arguments.set_item("dtype", "O")?;
    let array = numpy.call_method("empty", (strings.len(),), Some(&arguments))?;
    array.set_item(pyo3::types::PySlice::full(py), PyList::new(py, strings)?)?;
    let dims = tensor.shape().dims().to_vec();
    array.call_method1(intern!(py, "reshape"), (dims,))
}
