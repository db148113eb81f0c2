//! Values and Python's objects: arrays for tensors, lists for sequences, dictionaries for maps, `None` for optionals without one.

use dunlin_core::{DType, Error, ErrorKind, Map, Type, Value};
use numpy::PyUntypedArray;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyDict, PyInt, PyList, PyMemoryView, PyString, PyTuple};

use crate::error::raise;
use crate::{array, dlpack, dtype, tensor};

/// The element type that lists and numbers become, which tell none themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared(pub Option<DType>);

/// The tensor that an object holds: an array, a `dunlin.Tensor`, whatever speaks DLPack, the buffer protocol or numpy's, a list, a number.
pub(crate) fn to_tensor(object: &Bound<'_, PyAny>, declared: Declared) -> PyResult<dunlin_core::Tensor> {
    if let Ok(array) = object.cast::<PyUntypedArray>() {
        return array::to_tensor(array);
    }
    if let Ok(tensor) = object.cast::<tensor::Tensor>() {
        return Ok(tensor.get().0.clone());
    }
    let py = object.py();
    if object.hasattr(intern!(py, "__dlpack__"))? {
        return dlpack::read(object);
    }
    let arguments = PyDict::new(py);
    if let (Some(dtype), false) = (declared.0, tells_its_type(object)?) {
        arguments.set_item("dtype", dtype::to_numpy(py, dtype)?)?;
    }
    let array = py.import(intern!(py, "numpy"))?.call_method("asarray", (object,), Some(&arguments))?;
    array::to_tensor(array.cast::<PyUntypedArray>()?)
}

fn tells_its_type(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    if object.hasattr(intern!(py, "__array__"))? || object.hasattr(intern!(py, "__array_interface__"))? {
        return Ok(true);
    }
    let is_text = object.is_instance_of::<PyString>() || object.is_instance_of::<pyo3::types::PyBytes>();
    Ok(object.is_instance_of::<PyByteArray>() || (!is_text && PyMemoryView::from(object).is_ok()))
}

/// The value of a declared type that an object holds.
pub(crate) fn to_value(object: &Bound<'_, PyAny>, ty: &Type) -> PyResult<Value> {
    match ty {
        Type::Tensor { dtype, .. } => Ok(Value::Tensor(to_tensor(object, Declared(*dtype))?)),
        Type::Optional(_) if object.is_none() => Ok(Value::Optional(None)),
        Type::Optional(inner) => Ok(Value::Optional(Some(Box::new(to_value(object, inner)?)))),
        Type::Sequence(item) => to_sequence(object, item),
        Type::Map(key, value) => match object.cast::<PyDict>() {
            Ok(dict) => to_map(dict, Some(*key), value),
            Err(_) => Err(unfit(object, "a map is given as a dictionary")),
        },
        Type::Unknown if object.is_none() => Ok(Value::Optional(None)),
        Type::Unknown => match object.cast::<PyDict>() {
            Ok(dict) => to_map(dict, None, &Type::Unknown),
            Err(_) => Ok(Value::Tensor(to_tensor(object, Declared(None))?)),
        },
    }
}

fn to_sequence(object: &Bound<'_, PyAny>, item: &Type) -> PyResult<Value> {
    if !object.is_instance_of::<PyList>() && !object.is_instance_of::<PyTuple>() {
        return Err(unfit(object, "a sequence is given as a list or tuple"));
    }
    let mut values = Vec::new();
    for object in object.try_iter()? {
        values.push(to_value(&object?, item)?);
    }
    Ok(Value::Sequence(values))
}

fn to_map(dict: &Bound<'_, PyDict>, key: Option<DType>, value: &Type) -> PyResult<Value> {
    let is_number = |key: &Bound<'_, PyAny>| key.is_instance_of::<PyInt>() && !key.is_instance_of::<PyBool>();
    let guessed = if dict.keys().iter().all(|key| is_number(&key)) { DType::I64 } else { DType::String };
    let keys = to_tensor(dict.keys().as_any(), Declared(Some(key.unwrap_or(guessed))))?;
    let values = dict.values().iter().map(|item| to_value(&item, value)).collect::<PyResult<_>>()?;
    Ok(Value::Map(Map { keys, values }))
}

fn unfit(object: &Bound<'_, PyAny>, rule: &str) -> PyErr {
    let message = format!("{rule}, got {}", object.get_type());
    raise(object.py(), &Error::new(ErrorKind::DType, message))
}

/// A value as Python's objects. Numbers and strings in maps are Python's own; tensors look into Dunlin's memory.
pub(crate) fn from_value(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Tensor(tensor) => array::from_tensor(py, tensor),
        Value::Sequence(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(from_value(py, value)?)?;
            }
            Ok(list.into_any())
        }
        Value::Map(map) => from_map(py, map),
        Value::Optional(Some(value)) => from_value(py, *value),
        Value::Optional(None) => Ok(py.None().into_bound(py)),
        other => {
            let message = format!("a {} has no form in Python", other.kind());
            Err(raise(py, &Error::new(ErrorKind::Unsupported, message)))
        }
    }
}

fn from_map(py: Python<'_>, map: Map) -> PyResult<Bound<'_, PyAny>> {
    let dict = PyDict::new(py);
    let keys = array::from_tensor(py, map.keys)?.call_method0(intern!(py, "tolist"))?;
    for (key, value) in keys.try_iter()?.zip(map.values) {
        let is_scalar = matches!(&value, Value::Tensor(tensor) if tensor.rank() == 0);
        let value = from_value(py, value)?;
        let value = if is_scalar { value.call_method0(intern!(py, "item"))? } else { value };
        dict.set_item(key?, value)?;
    }
    Ok(dict.into_any())
}
