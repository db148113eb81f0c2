//! What a model says of itself: its inputs and outputs, and what its file tells.

use dunlin_core::{Dim, Type};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// An input or output of a model.
#[pyclass(frozen, module = "dunlin")]
#[derive(Clone)]
pub(crate) struct Port {
    name: String,
    ty: Type,
    is_optional: bool,
}

impl Port {
    pub fn new(name: &str, ty: &Type, is_optional: bool) -> Port {
        Port { name: name.to_owned(), ty: ty.clone(), is_optional }
    }
}

#[pymethods]
impl Port {
    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Its type as text, such as `float32[n,3,224,224]`.
    #[getter]
    fn type_text(&self) -> String {
        self.ty.to_string()
    }

    /// The element type's name, if it is a tensor of a known one.
    #[getter]
    fn dtype(&self) -> Option<&'static str> {
        self.ty.dtype().map(|dtype| dtype.name())
    }

    /// The sizes, if it is a tensor of known rank: a number, a name, or None for any size.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Some(dims) = self.ty.dims() else { return Ok(None) };
        let sizes = dims.iter().map(|dim| match dim {
            Dim::Known(n) => Ok(n.into_pyobject(py)?.into_any()),
            Dim::Symbol(name) => Ok(name.into_pyobject(py)?.into_any()),
            Dim::Unknown => Ok(py.None().into_bound(py)),
        });
        PyTuple::new(py, sizes.collect::<PyResult<Vec<_>>>()?).map(Some)
    }

    /// Whether an input may be left out.
    #[getter]
    fn is_optional(&self) -> bool {
        self.is_optional
    }

    fn __repr__(&self) -> String {
        format!("dunlin.Port({:?}, {})", self.name, self.ty)
    }
}

/// What a model's file says of itself.
#[pyclass(frozen, module = "dunlin")]
pub(crate) struct Metadata(pub dunlin_core::Metadata);

#[pymethods]
impl Metadata {
    /// The version of the file format.
    #[getter]
    fn ir_version(&self) -> i64 {
        self.0.ir_version
    }

    /// The model's own version.
    #[getter]
    fn model_version(&self) -> i64 {
        self.0.model_version
    }

    /// The program that wrote the file, and its version.
    #[getter]
    fn producer(&self) -> &str {
        &self.0.producer
    }

    /// Free text.
    #[getter]
    fn description(&self) -> &str {
        &self.0.description
    }

    /// The sets of operators that it uses and their versions; the main one is called `ai.onnx`.
    #[getter]
    fn opsets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (domain, version) in &self.0.opsets {
            dict.set_item(domain, version)?;
        }
        Ok(dict)
    }

    /// Keys and values that its maker attached.
    #[getter]
    fn custom<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, value) in &self.0.metadata {
            dict.set_item(key, value)?;
        }
        Ok(dict)
    }
}

/// How much memory the tensors of a run take at their peak, weights not counted.
#[pyclass(frozen, get_all, module = "dunlin")]
pub(crate) struct Memory {
    /// Bytes.
    bytes: usize,
    /// Whether every shape could be told; if not, the run may take more.
    is_exact: bool,
}

impl From<dunlin_core::Memory> for Memory {
    fn from(memory: dunlin_core::Memory) -> Memory {
        Memory { bytes: memory.bytes(), is_exact: matches!(memory, dunlin_core::Memory::Exact(_)) }
    }
}
