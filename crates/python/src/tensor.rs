//! `dunlin.Tensor`: a tensor in Dunlin's memory, for DLPack, for types that numpy lacks, and behind the arrays that runs give.

use dunlin_core::{DType, Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::dlpack;
use crate::dtype;
use crate::error::raise;
use crate::value::{self, Declared};

/// A tensor as Dunlin holds it: an element type, a shape, and memory that does not change.
///
/// Made of an array, or of whatever numpy or DLPack take, without a copy where the elements lie densely; `dtype` names the element type for
/// lists and numbers, which tell none themselves.
#[pyclass(frozen, module = "dunlin")]
pub(crate) struct Tensor(pub dunlin_core::Tensor);

#[pymethods]
impl Tensor {
    #[new]
    #[pyo3(signature = (value, dtype = None))]
    fn new(value: &Bound<'_, PyAny>, dtype: Option<&str>) -> PyResult<Tensor> {
        let unknown = |name: &str| {
            raise(value.py(), &Error::new(ErrorKind::DType, format!("no element type is called {name:?}")))
        };
        let dtype = dtype.map(|name| dtype::by_name(name).ok_or_else(|| unknown(name))).transpose()?;
        let tensor = value::to_tensor(value, Declared(dtype))?;
        match dtype.filter(|&dtype| dtype != tensor.dtype()) {
            Some(dtype) => {
                let message = format!("expected {dtype}, got {}", tensor.dtype());
                Err(raise(value.py(), &Error::new(ErrorKind::DType, message)))
            }
            None => Ok(Tensor(tensor)),
        }
    }

    /// The element type's name, such as `float32`.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.dtype().name()
    }

    /// The sizes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape().dims())
    }

    /// Bytes of the elements; for strings, of their text.
    #[getter]
    fn nbytes(&self) -> usize {
        self.0.byte_len()
    }

    /// An array that looks into the tensor's memory, which cannot be written; a copy for strings and types smaller than a byte.
    fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        crate::array::from_tensor(py, self.0.clone())
    }

    /// A copy of the elements' bytes, little-endian and dense, types smaller than a byte packed.
    fn tobytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if self.0.dtype() == DType::String {
            return Err(raise(py, &Error::new(ErrorKind::DType, "strings have no bytes in one piece")));
        }
        Ok(PyBytes::new(py, self.0.bytes()))
    }

    /// As an array, for numpy's functions.
    #[pyo3(signature = (dtype = None, copy = None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = self.numpy(py)?;
        match (dtype, copy) {
            (Some(dtype), _) => array.call_method1("astype", (dtype,)),
            (None, Some(true)) => array.call_method0("copy"),
            (None, _) => Ok(array),
        }
    }

    /// A DLPack capsule that lends the memory; it must not be written.
    #[pyo3(signature = (*, stream = None, max_version = None, dl_device = None, copy = None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let refused =
            |what: &str| Err(pyo3::exceptions::PyBufferError::new_err(format!("{what} is not possible")));
        if stream.is_some_and(|stream| !stream.is_none()) {
            return refused("a stream for memory of the CPU");
        }
        if dl_device.is_some_and(|device| device != (dlpack::CPU, 0)) {
            return refused("lending to another device");
        }
        let tensor = match copy {
            Some(true) => self.0.copied().map_err(|error| raise(py, &error.into()))?,
            _ => self.0.clone(),
        };
        dlpack::write(py, &tensor, max_version.is_some_and(|(major, _)| major >= 1))
    }

    /// DLPack's device: the CPU.
    fn __dlpack_device__(&self) -> (i32, i32) {
        (dlpack::CPU, 0)
    }

    fn __repr__(&self) -> String {
        format!("dunlin.Tensor({}{})", self.0.dtype(), self.0.shape())
    }
}
