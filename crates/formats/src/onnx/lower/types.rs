//! From type messages to the graph's types.

use dunlin_ir::{DType, Dim, Dims, Type};

use super::LowerError;
use super::text;
use crate::onnx::proto::{DimValue, TensorShapeProto, TensorType, TypeProto, TypeValue};

/// The type that a message declares; what it leaves open, or says that is not known, is open.
pub(super) fn declared(proto: Option<&TypeProto>) -> Type {
    match proto.and_then(|proto| proto.value.as_ref()) {
        None | Some(TypeValue::OpaqueType(_)) => Type::Unknown,
        Some(TypeValue::TensorType(tensor) | TypeValue::SparseTensorType(tensor)) => declared_tensor(tensor),
        Some(TypeValue::SequenceType(of)) => Type::Sequence(Box::new(declared(of.elem_type.as_deref()))),
        Some(TypeValue::OptionalType(of)) => Type::Optional(Box::new(declared(of.elem_type.as_deref()))),
        Some(TypeValue::MapType(map)) => match dtype(i64::from(map.key_type)) {
            Ok(key) => Type::Map(key, Box::new(declared(map.value_type.as_deref()))),
            Err(_) => Type::Unknown,
        },
    }
}

/// The element type of the standard's number `code`.
pub(super) fn dtype(code: i64) -> Result<DType, LowerError> {
    DType::from_onnx_code(code).ok_or(LowerError::UnknownDType(code))
}

fn declared_tensor(tensor: &TensorType) -> Type {
    Type::partial(dtype(i64::from(tensor.elem_type)).ok(), tensor.shape.as_ref().and_then(declared_dims))
}

fn declared_dims(shape: &TensorShapeProto) -> Dims {
    let dim = |dim: &crate::onnx::proto::Dimension| match &dim.value {
        Some(DimValue::DimValue(n)) => usize::try_from(*n).map_or(Dim::Unknown, Dim::Known),
        Some(DimValue::DimParam(name)) if !name.is_empty() => Dim::Symbol(text(name).into()),
        Some(DimValue::DimParam(_)) | None => Dim::Unknown,
    };
    Some(shape.dim.iter().map(dim).collect())
}
