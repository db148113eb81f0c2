//! Lowering of the movement family.

use dunlin_ir::op::elementwise::{Cast, CastLike, Rounding};
use dunlin_ir::op::index::{Reduction, ScatterElements};
use dunlin_ir::op::movement::{
    BlockOrder, Blocks, CenterCropPad, Compress, Concat, ConstantOfShape, EyeLike, Flatten, Pad, PadMode,
    Range, Reshape, ReverseSequence, ShapeOf, Split, Transpose, Trilu,
};
use dunlin_ir::op::{Elementwise, Index, Movement};
use dunlin_ir::{DType, Tensor};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("CenterCropPad", 18..=28, center_crop_pad),
    Row::main("Compress", 9..=28, compress),
    Row::main("Concat", 1..=3, concat_default_axis),
    Row::main("Concat", 4..=28, concat),
    Row::main("Constant", 1..=28, constant),
    Row::main("ConstantOfShape", 9..=28, constant_of_shape),
    Row::main("DepthToSpace", 1..=28, depth_to_space),
    Row::main("Expand", 8..=28, |_| Ok(Movement::Expand.into())),
    Row::main("EyeLike", 9..=28, eye_like),
    Row::main("Flatten", 1..=28, flatten),
    Row::main("Pad", 1..=10, pad_by_attributes),
    Row::main("Pad", 11..=28, pad),
    Row::main("Range", 11..=28, range),
    Row::main("Reshape", 1..=4, reshape_by_attribute),
    Row::main("Reshape", 5..=28, reshape),
    Row::main("ReverseSequence", 10..=28, reverse_sequence),
    Row::main("Shape", 1..=28, shape),
    Row::main("Size", 1..=28, |_| Ok(Movement::Size.into())),
    Row::main("Slice", 1..=9, slice_by_attributes),
    Row::main("Slice", 10..=28, |_| Ok(Movement::Slice.into())),
    Row::main("SpaceToDepth", 1..=28, space_to_depth),
    Row::main("Split", 1..=1, split_1),
    Row::main("Split", 2..=12, split_by_attribute),
    Row::main("Split", 13..=28, split),
    Row::main("Squeeze", 1..=12, squeeze_by_attribute),
    Row::main("Squeeze", 13..=28, |_| Ok(Movement::Squeeze.into())),
    Row::main("Tile", 1..=5, tile_axis),
    Row::main("Tile", 6..=28, |_| Ok(Movement::Tile.into())),
    Row::main("Transpose", 1..=28, transpose),
    Row::main("Trilu", 14..=28, trilu),
    Row::main("Unsqueeze", 1..=12, unsqueeze_by_attribute),
    Row::main("Unsqueeze", 13..=28, |_| Ok(Movement::Unsqueeze.into())),
    Row::of(MICROSOFT, "ExpandDims", |_| Ok(Movement::Unsqueeze.into())),
    Row::of(MICROSOFT, "Pad", pad),
    Row::of(MICROSOFT, "Range", range),
    Row::of(MICROSOFT, "Trilu", trilu),
];

fn constant(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let tensor = constant_tensor(node)?;
    node.bind_constant(0, tensor);
    Ok(Lowered::Done)
}

fn constant_tensor(node: &NodeContext<'_, '_>) -> Result<Tensor, LowerError> {
    for name in ["value", "sparse_value"] {
        if let Some(tensor) = node.tensor(name)? {
            return Ok(tensor);
        }
    }
    if let Some(value) = node.float("value_float")? {
        return Ok(Tensor::scalar(value)?);
    }
    if let Some(value) = node.int("value_int")? {
        return Ok(Tensor::scalar(value)?);
    }
    if let Some(value) = node.string("value_string")? {
        return Ok(Tensor::from_strings([], vec![value])?);
    }
    if let Some(values) = node.floats("value_floats")? {
        return Ok(Tensor::from_slice([values.len()], values)?);
    }
    if let Some(values) = node.ints("value_ints")? {
        return Ok(Tensor::from_slice([values.len()], values)?);
    }
    if let Some(values) = node.strings("value_strings")? {
        return Ok(Tensor::from_strings([values.len()], values)?);
    }
    Err(LowerError::MissingAttribute("value".into()))
}

fn constant_of_shape(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let value = match node.tensor("value")? {
        Some(value) if value.len() == 1 => value.to_aligned()?,
        Some(value) => return Err(LowerError::attribute("value", "one element", value.shape())),
        None => Tensor::from_slice([1], &[0.0f32])?,
    };
    Ok(Movement::ConstantOfShape(ConstantOfShape { value }).into())
}

fn center_crop_pad(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::CenterCropPad(CenterCropPad { axes: node.ints("axes")?.map(<[i64]>::to_vec) }).into())
}

fn compress(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Compress(Compress { axis: node.int("axis")? }).into())
}

fn concat_default_axis(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Concat(Concat { axis: node.int_or("axis", 1)? }).into())
}

fn concat(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Concat(Concat { axis: node.required_int("axis")? }).into())
}

fn depth_to_space(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::DepthToSpace(blocks(node)?).into())
}

fn space_to_depth(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::SpaceToDepth(blocks(node)?).into())
}

fn blocks(node: &NodeContext<'_, '_>) -> Result<Blocks, LowerError> {
    let size = node.required_int("blocksize")?;
    let positive = usize::try_from(size).ok().filter(|&size| size > 0);
    let size = positive.ok_or_else(|| LowerError::attribute("blocksize", "a positive number", size))?;
    let order = match node.string_or("mode", "DCR")?.as_str() {
        "DCR" => BlockOrder::BlockFirst,
        "CRD" => BlockOrder::ChannelFirst,
        other => return Err(LowerError::attribute("mode", "DCR or CRD", other)),
    };
    Ok(Blocks { size, order })
}

fn eye_like(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::EyeLike(EyeLike { dtype: node.dtype("dtype")?, k: node.int_or("k", 0)? }).into())
}

fn flatten(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Flatten(Flatten { axis: node.int_or("axis", 1)? }).into())
}

fn pad(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Pad(Pad { mode: pad_mode(node)? }).into())
}

/// Before opset 11 pads and value were attributes, and in opset 1 the pads were called paddings.
fn pad_by_attributes(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let name = if node.opset == 1 { "paddings" } else { "pads" };
    let pads = node.ints(name)?.ok_or_else(|| LowerError::MissingAttribute(name.into()))?;
    let (x, value) = (node.required(0)?, node.float_or("value", 0.0)?);
    let pads = node.constant_ints(pads)?;
    node.set_input(1, Some(pads));
    if value != 0.0 {
        let value = node.constant_scalar(value)?;
        let cast = CastLike { saturate: true, rounding: Rounding::Up };
        let value = node.emit(Elementwise::CastLike(cast), &[Some(value), Some(x)]);
        node.set_input(2, Some(value));
    }
    pad(node)
}

fn pad_mode(node: &NodeContext<'_, '_>) -> Result<PadMode, LowerError> {
    match node.string_or("mode", "constant")?.as_str() {
        "constant" => Ok(PadMode::Constant),
        "reflect" => Ok(PadMode::Reflect),
        "edge" => Ok(PadMode::Edge),
        "wrap" => Ok(PadMode::Wrap),
        other => Err(LowerError::attribute("mode", "constant, reflect, edge or wrap", other)),
    }
}

fn range(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let stash = match node.dtype("stash_type")? {
        None | Some(DType::F32) => DType::F32,
        Some(DType::F64) => DType::F64,
        Some(other) => return Err(LowerError::attribute("stash_type", "float32 or float64", other)),
    };
    if node.input(2).is_none() {
        // Only the extension leaves the step out.
        let cast = CastLike { saturate: true, rounding: Rounding::Up };
        let (one, start) = (node.constant_scalar(1i64)?, node.required(0)?);
        let one = node.emit(Elementwise::CastLike(cast), &[Some(one), Some(start)]);
        node.set_input(2, Some(one));
    }
    Ok(Movement::Range(Range { stash }).into())
}

fn reshape(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Reshape(Reshape { allow_zero: node.flag("allowzero", false)? }).into())
}

fn reshape_by_attribute(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    ints_to_input(node, "shape", 1)?.then_some(()).ok_or_else(|| missing("shape"))?;
    reshape(node)
}

fn reverse_sequence(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (batch, time) = (node.int_or("batch_axis", 1)?, node.int_or("time_axis", 0)?);
    match (batch, time) {
        (0, 1) => Ok(Movement::ReverseSequence(ReverseSequence { batch_axis: 0, time_axis: 1 }).into()),
        (1, 0) => Ok(Movement::ReverseSequence(ReverseSequence { batch_axis: 1, time_axis: 0 }).into()),
        _ => Err(LowerError::attribute("batch_axis", "0 and 1 with time_axis", (batch, time))),
    }
}

fn shape(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Shape(ShapeOf { start: node.int_or("start", 0)?, end: node.int("end")? }).into())
}

fn slice_by_attributes(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    for (i, name) in ["starts", "ends"].into_iter().enumerate() {
        ints_to_input(node, name, i + 1)?.then_some(()).ok_or_else(|| missing(name))?;
    }
    ints_to_input(node, "axes", 3)?;
    Ok(Movement::Slice.into())
}

fn split(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_parts = match node.int("num_outputs")? {
        Some(n) => {
            let fits = usize::try_from(n).ok().filter(|&n| n >= node.outputs.len());
            fits.ok_or_else(|| LowerError::attribute("num_outputs", "the number of outputs", n))?
        }
        None => node.outputs.len(),
    };
    Ok(Movement::Split(Split { axis: node.int_or("axis", 0)?, n_parts }).into())
}

fn split_by_attribute(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    ints_to_input(node, "split", 1)?;
    split(node)
}

/// Opset 1 has both, and the input (which may be of the data's type) wins.
fn split_1(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    match node.input(1) {
        Some(sizes) => {
            let sizes = emit_cast(node, sizes);
            node.set_input(1, Some(sizes));
            split(node)
        }
        None => split_by_attribute(node),
    }
}

fn squeeze_by_attribute(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    ints_to_input(node, "axes", 1)?;
    Ok(Movement::Squeeze.into())
}

fn unsqueeze_by_attribute(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    ints_to_input(node, "axes", 1)?.then_some(()).ok_or_else(|| missing("axes"))?;
    Ok(Movement::Unsqueeze.into())
}

/// Before opset 6 one axis was repeated: inputs `x`, `tiles`, `axis`, both scalars of the data's type. The repeats of
/// today are ones with `tiles` at `axis`.
fn tile_axis(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (x, tiles, axis) = (node.required(0)?, node.required(1)?, node.required(2)?);
    let vector = node.constant_ints(&[1])?;
    let reshape = Movement::Reshape(Reshape { allow_zero: false });
    let tiles = emit_cast(node, tiles);
    let tiles = node.emit(reshape.clone(), &[Some(tiles), Some(vector)]);
    let axis = emit_cast(node, axis);
    let axis = node.emit(reshape, &[Some(axis), Some(vector)]);
    let shape_of = Movement::Shape(ShapeOf { start: 0, end: None });
    let sizes = node.emit(shape_of.clone(), &[Some(x)]);
    let rank = node.emit(shape_of, &[Some(sizes)]);
    let ones = ConstantOfShape { value: Tensor::from_slice([1], &[1i64])? };
    let ones = node.emit(Movement::ConstantOfShape(ones), &[Some(rank)]);
    let scatter = ScatterElements { axis: 0, reduction: Reduction::None };
    let repeats = node.emit(Index::ScatterElements(scatter), &[Some(ones), Some(axis), Some(tiles)]);
    node.inputs = smallvec::smallvec![Some(x), Some(repeats)];
    Ok(Movement::Tile.into())
}

fn transpose(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let Some(perm) = node.ints("perm")? else {
        return Ok(Movement::Transpose(Transpose { perm: None }).into());
    };
    let axis = |&axis: &i64| usize::try_from(axis).ok().filter(|&axis| axis < perm.len());
    let axes: Option<Vec<usize>> = perm.iter().map(axis).collect();
    let distinct = |axes: &Vec<usize>| (0..axes.len()).all(|axis| axes.contains(&axis));
    let axes = axes.filter(distinct);
    let perm = axes.ok_or_else(|| LowerError::attribute("perm", "each axis once", perm))?;
    Ok(Movement::Transpose(Transpose { perm: Some(perm) }).into())
}

fn trilu(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Movement::Trilu(Trilu { upper: node.flag("upper", true)? }).into())
}

/// Makes an attribute with a list of integers input `i`, as newer versions have it; says whether it is there.
fn ints_to_input(node: &mut NodeContext<'_, '_>, name: &str, i: usize) -> Result<bool, LowerError> {
    let Some(values) = node.ints(name)? else { return Ok(false) };
    let input = node.constant_ints(values)?;
    node.set_input(i, Some(input));
    Ok(true)
}

fn emit_cast(node: &mut NodeContext<'_, '_>, value: dunlin_ir::ValueId) -> dunlin_ir::ValueId {
    let cast = Cast { to: DType::I64, saturate: true, rounding: Rounding::Up };
    node.emit(Elementwise::Cast(cast), &[Some(value)])
}

fn missing(name: &str) -> LowerError {
    LowerError::MissingAttribute(name.into())
}
