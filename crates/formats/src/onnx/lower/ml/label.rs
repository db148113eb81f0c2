//! Tables from keys to values.

use std::sync::Arc;

use dunlin_ir::op::Ml;
use dunlin_ir::op::ml::{Codec, LabelEncoder};
use dunlin_ir::{DType, Tensor};

use crate::onnx::lower::{LowerError, Lowered, NodeContext};

pub(super) fn category_mapper(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let strings = node.strings("cats_strings")?.unwrap_or_default();
    let ints = node.ints("cats_int64s")?.unwrap_or_default().to_vec();
    codec(node, strings, ints)
}

pub(super) fn label_encoder(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.opset < 2 {
        let strings = node.strings("classes_strings")?.unwrap_or_default();
        let ints = (0..strings.len() as i64).collect();
        return codec(node, strings, ints);
    }
    let keys = table_side(node, "keys")?;
    let values = table_side(node, "values")?;
    if keys.len() != values.len() {
        return Err(LowerError::attribute(
            "values",
            format!("one value for each of {} keys", keys.len()),
            values.len(),
        ));
    }
    let default = default_of(node, values.dtype())?;
    Ok(Ml::LabelEncoder(Arc::new(LabelEncoder { keys, values, default })).into())
}

fn codec(node: &NodeContext<'_, '_>, strings: Vec<String>, ints: Vec<i64>) -> Result<Lowered, LowerError> {
    if strings.len() != ints.len() {
        let expected = format!("one number for each of {} strings", strings.len());
        return Err(LowerError::attribute("cats_int64s", expected, ints.len()));
    }
    let default_string = node.string_or("default_string", "_Unused")?;
    let default_int = node.int_or("default_int64", -1)?;
    Ok(Ml::Codec(Arc::new(Codec { strings, ints, default_string, default_int })).into())
}

/// The keys or the values: whichever of the attributes for their types is there.
fn table_side(node: &NodeContext<'_, '_>, side: &str) -> Result<Tensor, LowerError> {
    let (strings, ints, floats) =
        (format!("{side}_strings"), format!("{side}_int64s"), format!("{side}_floats"));
    if let Some(strings) = node.strings(&strings)?.filter(|list| !list.is_empty()) {
        return Ok(Tensor::from_strings([strings.len()], strings)?);
    }
    if let Some(ints) = node.ints(&ints)?.filter(|list| !list.is_empty()) {
        return Ok(Tensor::from_slice([ints.len()], ints)?);
    }
    if let Some(floats) = node.floats(&floats)?.filter(|list| !list.is_empty()) {
        return Ok(Tensor::from_slice([floats.len()], floats)?);
    }
    match node.tensor(&format!("{side}_tensor"))? {
        Some(tensor) => Ok(tensor.to_aligned()?),
        None => Err(LowerError::MissingAttribute(strings)),
    }
}

fn default_of(node: &NodeContext<'_, '_>, dtype: DType) -> Result<Tensor, LowerError> {
    if let Some(tensor) = node.tensor("default_tensor")?.filter(|tensor| !tensor.is_empty()) {
        if tensor.dtype() != dtype || tensor.len() != 1 {
            let got = format!("{} of {}", tensor.shape(), tensor.dtype());
            return Err(LowerError::attribute("default_tensor", format!("one {dtype}"), got));
        }
        return Ok(tensor.to_aligned()?);
    }
    let int = node.int_or("default_int64", -1)?;
    let float = node.float_or("default_float", -0.0)?;
    Ok(match dtype {
        DType::String => Tensor::from_strings([1], vec![node.string_or("default_string", "_Unused")?])?,
        DType::I64 => Tensor::from_slice([1], &[int])?,
        DType::I32 => Tensor::from_slice([1], &[int as i32])?,
        DType::I16 => Tensor::from_slice([1], &[int as i16])?,
        DType::F32 => Tensor::from_slice([1], &[float])?,
        DType::F64 => Tensor::from_slice([1], &[f64::from(float)])?,
        other => {
            let expected = "string, int64, int32, int16, float32 or float64";
            return Err(LowerError::attribute("values_tensor", expected, other));
        }
    })
}
