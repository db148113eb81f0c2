//! Values: tensors of every element type, sequences, maps and optionals.

use std::sync::Arc;

use dunlin_core::{DType, Map, Shape, Tensor};

use crate::error::{DunlinError, ErrorKind, guard};

/// A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
///
/// Values do not change once they are made, so any thread may read one at any time. Element types go by the numbers of the ONNX
/// standard (`TensorProto.DataType`): 1 is float32, 7 is int64.
#[derive(Debug, uniffi::Object)]
pub struct Value {
    pub(crate) value: dunlin_core::Value,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ValueKind {
    /// A tensor.
    Tensor,
    /// Values in order.
    Sequence,
    /// Keys (a tensor of rank 1) and a value for each.
    Map,
    /// A value or none.
    Optional,
}

/// All that is to be known of a value but its contents.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ValueInfo {
    /// What it is.
    pub kind: ValueKind,
    /// The element type by its number in the standard; 0 if it is no tensor.
    pub dtype: i32,
    /// The sizes; empty if it is no tensor.
    pub shape: Vec<i64>,
    /// Where the elements lie, as long as the value is not freed; 0 if it has no bytes. They are row-major and little-endian, aligned for
    /// the element type, those of less than 8 bits packed with the first in the low bits.
    pub address: u64,
    /// How many bytes they are; 0 for strings and what is no tensor.
    pub byte_len: u64,
}

/// A tensor of zeros that the host fills.
#[derive(Debug, uniffi::Record)]
pub struct BlankTensor {
    /// The tensor.
    pub value: Arc<Value>,
    /// Where its elements lie. The host writes there before it gives the value to anything else, and never after.
    pub address: u64,
    /// How many bytes they are.
    pub byte_len: u64,
}

/// Makes a tensor of zeros for the host to fill with one copy, whatever it copies from.
///
/// # Errors
/// Kind `dtype` for strings and unknown element types, `shape` for negative sizes, `limit` for sizes that overflow, `out-of-memory`.
#[uniffi::export]
pub fn blank_tensor(dtype: i32, shape: Vec<i64>) -> Result<BlankTensor, DunlinError> {
    guard(|| {
        let mut tensor = zeroed(dtype, &shape)?;
        let bytes = tensor.try_bytes_mut().unwrap_or_default();
        let (address, byte_len) = (bytes.as_mut_ptr().expose_provenance() as u64, bytes.len() as u64);
        let value = Arc::new(Value { value: tensor.into() });
        Ok(BlankTensor { value, address: if byte_len == 0 { 0 } else { address }, byte_len })
    })
}

#[uniffi::export]
impl Value {
    /// A tensor of a copy of `bytes`: the elements in row-major order, little-endian, those of less than 8 bits packed with the first in
    /// the low bits.
    ///
    /// # Errors
    /// As [`blank_tensor`]; kind `shape` too if the shape needs another number of bytes.
    #[uniffi::constructor]
    pub fn tensor(dtype: i32, shape: Vec<i64>, bytes: &[u8]) -> Result<Arc<Value>, DunlinError> {
        guard(|| {
            let mut tensor = zeroed(dtype, &shape)?;
            let n_bytes = tensor.byte_len();
            match tensor.try_bytes_mut() {
                Some(own) if own.len() == bytes.len() => own.copy_from_slice(bytes),
                _ => {
                    let message = format!(
                        "{} of shape {} needs {n_bytes} bytes, got {}",
                        tensor.dtype(),
                        tensor.shape(),
                        bytes.len()
                    );
                    return Err(DunlinError::new(ErrorKind::Shape, message));
                }
            }
            Ok(Value::shared(tensor.into()))
        })
    }

    /// A tensor of strings, in row-major order.
    ///
    /// # Errors
    /// Kind `shape` if the shape needs another number of strings.
    #[uniffi::constructor]
    pub fn strings(shape: Vec<i64>, strings: Vec<String>) -> Result<Arc<Value>, DunlinError> {
        guard(|| Ok(Value::shared(Tensor::from_strings(sizes(&shape)?, strings)?.into())))
    }

    /// A sequence.
    #[uniffi::constructor]
    pub fn sequence(values: Vec<Arc<Value>>) -> Arc<Value> {
        Value::shared(dunlin_core::Value::Sequence(copies(&values)))
    }

    /// A map of `keys` (a tensor of rank 1: integers or strings) to as many values.
    ///
    /// # Errors
    /// Kind `dtype` if `keys` is no tensor, `shape` if the numbers differ.
    #[uniffi::constructor]
    pub fn map(keys: Arc<Value>, values: Vec<Arc<Value>>) -> Result<Arc<Value>, DunlinError> {
        guard(|| {
            let keys = keys.as_tensor()?.clone();
            if keys.rank() != 1 || keys.len() != values.len() {
                let message = format!("{} values for keys of shape {}", values.len(), keys.shape());
                return Err(DunlinError::new(ErrorKind::Shape, message));
            }
            Ok(Value::shared(dunlin_core::Value::Map(Map { keys, values: copies(&values) })))
        })
    }

    /// An optional of a value, or of nothing.
    #[uniffi::constructor]
    pub fn optional(value: Option<Arc<Value>>) -> Arc<Value> {
        let value = value.map(|value| Box::new(value.value.clone()));
        Value::shared(dunlin_core::Value::Optional(value))
    }

    /// All that is to be known of it but its contents.
    pub fn info(&self) -> ValueInfo {
        let kind = match &self.value {
            dunlin_core::Value::Sequence(_) => ValueKind::Sequence,
            dunlin_core::Value::Map(_) => ValueKind::Map,
            dunlin_core::Value::Optional(_) => ValueKind::Optional,
            _ => ValueKind::Tensor,
        };
        let tensor = self.value.as_tensor();
        let size = |&size: &usize| i64::try_from(size).unwrap_or(i64::MAX);
        ValueInfo {
            kind,
            dtype: tensor.map_or(0, |tensor| tensor.dtype().onnx_code()),
            shape: tensor.map_or_else(Vec::new, |tensor| tensor.shape().iter().map(size).collect()),
            address: self.address(),
            byte_len: self.byte_len(),
        }
    }

    /// Where a tensor's elements lie, as long as the value is not freed; 0 if there are no bytes. They must not be written.
    pub fn address(&self) -> u64 {
        let bytes = self.bytes();
        if bytes.is_empty() { 0 } else { bytes.as_ptr().expose_provenance() as u64 }
    }

    /// How many bytes a tensor's elements are; 0 for strings and what is no tensor.
    pub fn byte_len(&self) -> u64 {
        self.bytes().len() as u64
    }

    /// The strings of a tensor of strings, in row-major order.
    ///
    /// # Errors
    /// Kind `dtype` if it is anything else.
    pub fn texts(&self) -> Result<Vec<String>, DunlinError> {
        guard(|| Ok(self.as_tensor()?.strings()?.to_vec()))
    }

    /// The values of a sequence or a map, or the one of an optional; none for a tensor.
    pub fn elements(&self) -> Vec<Arc<Value>> {
        let share = |value: &dunlin_core::Value| Value::shared(value.clone());
        match &self.value {
            dunlin_core::Value::Sequence(values) => values.iter().map(share).collect(),
            dunlin_core::Value::Map(map) => map.values.iter().map(share).collect(),
            dunlin_core::Value::Optional(Some(value)) => vec![share(value)],
            _ => Vec::new(),
        }
    }

    /// The keys of a map: a tensor of rank 1.
    ///
    /// # Errors
    /// Kind `dtype` if it is no map.
    pub fn keys(&self) -> Result<Arc<Value>, DunlinError> {
        match &self.value {
            dunlin_core::Value::Map(map) => Ok(Value::shared(map.keys.clone().into())),
            other => Err(DunlinError::new(ErrorKind::DType, format!("a {} has no keys", other.kind()))),
        }
    }
}

impl Value {
    pub(crate) fn shared(value: dunlin_core::Value) -> Arc<Value> {
        Arc::new(Value { value })
    }

    pub(crate) fn as_tensor(&self) -> Result<&Tensor, DunlinError> {
        let no_tensor = || {
            let message = format!("the value is a {}, not a tensor", self.value.kind());
            DunlinError::new(ErrorKind::DType, message)
        };
        self.value.as_tensor().ok_or_else(no_tensor)
    }

    fn bytes(&self) -> &[u8] {
        self.value.as_tensor().map_or(&[], Tensor::bytes)
    }
}

fn zeroed(dtype: i32, shape: &[i64]) -> Result<Tensor, DunlinError> {
    let dtype = DType::from_onnx_code(dtype.into()).filter(|&dtype| dtype != DType::String);
    let unknown = || DunlinError::new(ErrorKind::DType, "no element type with bytes has this number");
    Ok(Tensor::zeroed(dtype.ok_or_else(unknown)?, sizes(shape)?)?)
}

/// A shape of sizes that came from the host.
pub(crate) fn sizes(shape: &[i64]) -> Result<Shape, DunlinError> {
    let size = |&size: &i64| {
        let negative = || DunlinError::new(ErrorKind::Shape, format!("{shape:?} has a negative size"));
        usize::try_from(size).map_err(|_| negative())
    };
    shape.iter().map(size).collect()
}

fn copies(values: &[Arc<Value>]) -> Vec<dunlin_core::Value> {
    values.iter().map(|value| value.value.clone()).collect()
}
