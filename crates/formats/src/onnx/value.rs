//! Stored run-time values: the `.pb` files of tensors, sequences, maps and optional values that come with test data.

use dunlin_ir::{DType, Map, Tensor, Value};
use dunlin_sys::Bytes;
use prost::Message as _;

use super::file::{Owner, ParseError, decode};
use super::limits::Limits;
use super::proto::{ElementKind, MapProto, OptionalProto, SequenceProto, SparseTensorProto, TensorProto};
use super::schema;
use super::tensor::{TensorReadError, TensorReader};

/// Which message a file holds; the format itself does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `TensorProto`.
    Tensor,
    /// `SparseTensorProto`; read as a dense tensor.
    SparseTensor,
    /// `SequenceProto`.
    Sequence,
    /// `MapProto`.
    Map,
    /// `OptionalProto`.
    Optional,
}

/// Why a stored value was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueReadError {
    /// The message is broken.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A tensor within is broken.
    #[error(transparent)]
    Tensor(#[from] TensorReadError),
    /// A number that says what a container holds, but means nothing.
    #[error("a {container} holds elements of unknown kind {kind}")]
    ElementKind {
        /// `sequence` or `optional`.
        container: &'static str,
        /// The number.
        kind: i32,
    },
    /// A map with keys of a type that cannot be one.
    #[error("the keys of a map cannot be of element type {code}")]
    KeyType {
        /// The standard's number of the type.
        code: i32,
    },
    /// A key that its type cannot hold.
    #[error("key {key} of a map does not fit {dtype}")]
    Key {
        /// The key.
        key: i64,
        /// The keys' type.
        dtype: DType,
    },
    /// A string key that is not UTF-8.
    #[error("key number {index} of a map is not UTF-8")]
    KeyText {
        /// Which.
        index: usize,
    },
    /// A map with more or fewer values than keys.
    #[error("a map has {n_keys} keys but {n_values} values")]
    MapLength {
        /// How many keys.
        n_keys: usize,
        /// How many values.
        n_values: usize,
    },
    /// The keys could not be made a tensor.
    #[error(transparent)]
    Keys(#[from] dunlin_ir::TensorError),
}

/// Decodes a stored value.
///
/// # Errors
/// [`ValueReadError`] says what is wrong.
pub fn read_value(whole: Bytes, kind: ValueKind, limits: &Limits) -> Result<Value, ValueReadError> {
    let reader = TensorReader::new(&whole, limits);
    match kind {
        ValueKind::Tensor => {
            let proto: TensorProto = decode(&whole, &schema::TENSOR, limits)?.0;
            Ok(Value::Tensor(reader.read(&proto)?))
        }
        ValueKind::SparseTensor => {
            let proto: SparseTensorProto = decode(&whole, &schema::SPARSE_TENSOR, limits)?.0;
            Ok(Value::Tensor(reader.read_sparse(&proto)?))
        }
        ValueKind::Sequence => {
            let proto: SequenceProto = decode(&whole, &schema::SEQUENCE, limits)?.0;
            Ok(Value::Sequence(sequence(&proto, &reader)?))
        }
        ValueKind::Map => {
            let proto: MapProto = decode(&whole, &schema::MAP, limits)?.0;
            map(&proto, &reader)
        }
        ValueKind::Optional => {
            let proto: OptionalProto = decode(&whole, &schema::OPTIONAL, limits)?.0;
            optional(&proto, &reader)
        }
    }
}

/// Encodes a tensor as a `TensorProto`: raw data, or a list of strings.
pub fn tensor_proto(tensor: &Tensor, name: &str) -> TensorProto {
    let text = |string: &String| bytes::Bytes::copy_from_slice(string.as_bytes());
    TensorProto {
        dims: tensor.shape().iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect(),
        data_type: tensor.dtype().onnx_code(),
        name: bytes::Bytes::copy_from_slice(name.as_bytes()),
        raw_data: tensor.shared_bytes().map(|shared| bytes::Bytes::from_owner(Owner(shared.clone()))),
        string_data: tensor.strings().map(|strings| strings.iter().map(text).collect()).unwrap_or_default(),
        ..TensorProto::default()
    }
}

/// Encodes a tensor as the bytes of a `.pb` file.
pub fn write_tensor(tensor: &Tensor, name: &str) -> Vec<u8> {
    tensor_proto(tensor, name).encode_to_vec()
}

fn sequence(proto: &SequenceProto, reader: &TensorReader<'_>) -> Result<Vec<Value>, ValueReadError> {
    let kind = ElementKind::try_from(proto.elem_type)
        .map_err(|_| ValueReadError::ElementKind { container: "sequence", kind: proto.elem_type })?;
    match kind {
        ElementKind::Undefined | ElementKind::Tensor => {
            proto.tensor_values.iter().map(|tensor| Ok(reader.read(tensor)?.into())).collect()
        }
        ElementKind::SparseTensor => {
            proto.sparse_tensor_values.iter().map(|tensor| Ok(reader.read_sparse(tensor)?.into())).collect()
        }
        ElementKind::Sequence => {
            proto.sequence_values.iter().map(|inner| Ok(Value::Sequence(sequence(inner, reader)?))).collect()
        }
        ElementKind::Map => proto.map_values.iter().map(|inner| map(inner, reader)).collect(),
        ElementKind::Optional => proto.optional_values.iter().map(|inner| optional(inner, reader)).collect(),
    }
}

fn optional(proto: &OptionalProto, reader: &TensorReader<'_>) -> Result<Value, ValueReadError> {
    let kind = ElementKind::try_from(proto.elem_type)
        .map_err(|_| ValueReadError::ElementKind { container: "optional", kind: proto.elem_type })?;
    let value = match kind {
        ElementKind::Undefined => None,
        ElementKind::Tensor => {
            proto.tensor_value.as_ref().map(|tensor| reader.read(tensor).map(Value::Tensor)).transpose()?
        }
        ElementKind::SparseTensor => {
            let tensor = proto.sparse_tensor_value.as_ref();
            tensor.map(|tensor| reader.read_sparse(tensor).map(Value::Tensor)).transpose()?
        }
        ElementKind::Sequence => {
            let inner = proto.sequence_value.as_ref();
            inner.map(|inner| sequence(inner, reader).map(Value::Sequence)).transpose()?
        }
        ElementKind::Map => proto.map_value.as_ref().map(|inner| map(inner, reader)).transpose()?,
        ElementKind::Optional => {
            proto.optional_value.as_ref().map(|inner| optional(inner, reader)).transpose()?
        }
    };
    Ok(Value::Optional(value.map(Box::new)))
}

fn map(proto: &MapProto, reader: &TensorReader<'_>) -> Result<Value, ValueReadError> {
    let keys = keys(proto)?;
    let values =
        proto.values.as_ref().map(|values| sequence(values, reader)).transpose()?.unwrap_or_default();
    if keys.len() != values.len() {
        return Err(ValueReadError::MapLength { n_keys: keys.len(), n_values: values.len() });
    }
    Ok(Value::Map(Map { keys, values }))
}

fn keys(proto: &MapProto) -> Result<Tensor, ValueReadError> {
    let code = proto.key_type;
    let dtype = DType::from_onnx_code(code.into()).ok_or(ValueReadError::KeyType { code })?;
    let keys = &proto.keys[..];
    match dtype {
        DType::String => {
            let text = |(index, key): (usize, &bytes::Bytes)| match std::str::from_utf8(key) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(ValueReadError::KeyText { index }),
            };
            let strings: Vec<String> =
                proto.string_keys.iter().enumerate().map(text).collect::<Result<_, _>>()?;
            Ok(Tensor::from_strings([strings.len()], strings)?)
        }
        DType::I64 => Ok(Tensor::from_slice([keys.len()], keys)?),
        // The format stores unsigned 64-bit keys as signed ones of the same bits.
        DType::U64 => Ok(Tensor::from_slice([keys.len()], keys)?.bit_cast(DType::U64)?),
        DType::I32 => narrow::<i32>(keys),
        DType::I16 => narrow::<i16>(keys),
        DType::I8 => narrow::<i8>(keys),
        DType::U32 => narrow::<u32>(keys),
        DType::U16 => narrow::<u16>(keys),
        DType::U8 => narrow::<u8>(keys),
        _ => Err(ValueReadError::KeyType { code }),
    }
}

fn narrow<T: dunlin_ir::Element + TryFrom<i64>>(keys: &[i64]) -> Result<Tensor, ValueReadError> {
    let fit = |&key| T::try_from(key).map_err(|_| ValueReadError::Key { key, dtype: T::DTYPE });
    let narrowed = keys.iter().map(fit).collect::<Result<Vec<T>, _>>()?;
    Ok(Tensor::from_slice([narrowed.len()], &narrowed)?)
}
