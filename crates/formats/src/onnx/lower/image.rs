//! Lowering of the image family.

use dunlin_ir::Tensor;
use dunlin_ir::op::Image;
use dunlin_ir::op::image::{
    Aspect, Corners, GridSample, Interpolation, Nearest, Outside, PixelFormat, Resize, RoiAlign, SampleMode,
    Transformation,
};
use smallvec::SmallVec;

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("AffineGrid", 20..=28, |node| Ok(Image::AffineGrid(corners(node)?).into())),
    Row::main("GridSample", 16..=28, grid_sample),
    Row::main("ImageDecoder", 20..=28, image_decoder),
    Row::main("Resize", 10..=10, first_resize),
    Row::main("Resize", 11..=28, resize),
    Row::main("RoiAlign", 10..=28, roi_align),
    Row::main("Upsample", 1..=28, upsample),
];

fn resize(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let mode = match node.string_or("mode", "nearest")?.as_str() {
        "nearest" => Interpolation::Nearest(nearest(node)?),
        "linear" => Interpolation::Linear,
        "cubic" => Interpolation::Cubic { a: node.float_or("cubic_coeff_a", -0.75)? },
        other => return Err(LowerError::attribute("mode", "nearest, linear or cubic", other)),
    };
    let aspect = match node.string_or("keep_aspect_ratio_policy", "stretch")?.as_str() {
        "stretch" => Aspect::Stretch,
        "not_larger" => Aspect::NotLarger,
        "not_smaller" => Aspect::NotSmaller,
        other => {
            let expected = "stretch, not_larger or not_smaller";
            return Err(LowerError::attribute("keep_aspect_ratio_policy", expected, other));
        }
    };
    Ok(Image::Resize(Resize {
        mode,
        transformation: transformation(node)?,
        antialias: node.flag("antialias", false)?,
        exclude_outside: node.flag("exclude_outside", false)?,
        extrapolation_value: node.float_or("extrapolation_value", 0.0)?,
        axes: node.ints("axes")?.unwrap_or_default().into(),
        aspect,
    })
    .into())
}

fn nearest(node: &NodeContext<'_, '_>) -> Result<Nearest, LowerError> {
    Ok(match node.string_or("nearest_mode", "round_prefer_floor")?.as_str() {
        "round_prefer_floor" => Nearest::RoundPreferFloor,
        "round_prefer_ceil" => Nearest::RoundPreferCeil,
        "floor" => Nearest::Floor,
        "ceil" => Nearest::Ceil,
        other => {
            let expected = "round_prefer_floor, round_prefer_ceil, floor or ceil";
            return Err(LowerError::attribute("nearest_mode", expected, other));
        }
    })
}

fn transformation(node: &NodeContext<'_, '_>) -> Result<Transformation, LowerError> {
    let name = node.string_or("coordinate_transformation_mode", "half_pixel")?;
    Ok(match name.as_str() {
        "half_pixel" => Transformation::HalfPixel,
        "half_pixel_symmetric" => Transformation::HalfPixelSymmetric,
        "pytorch_half_pixel" => Transformation::PytorchHalfPixel,
        "tf_half_pixel_for_nn" => Transformation::TfHalfPixelForNearest,
        "align_corners" => Transformation::AlignCorners,
        "asymmetric" => Transformation::Asymmetric,
        "tf_crop_and_resize" => Transformation::TfCropAndResize,
        other => {
            return Err(LowerError::attribute("coordinate_transformation_mode", "a known mode", other));
        }
    })
}

/// The first version: scales only, and the coordinates of the first elements coincide.
fn first_resize(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let scales = node.required(1)?;
    node.set_input(1, None);
    node.set_input(2, Some(scales));
    asymmetric(node)
}

fn upsample(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.opset >= 9 {
        return first_resize(node);
    }
    let scales: SmallVec<[f32; 4]> = match (node.floats("scales")?, node.float("height_scale")?) {
        (Some(scales), _) => scales.into(),
        (None, Some(height)) => {
            let width = node.float("width_scale")?;
            let width = width.ok_or_else(|| LowerError::MissingAttribute("width_scale".into()))?;
            SmallVec::from_slice(&[1.0, 1.0, height, width])
        }
        (None, None) => return Err(LowerError::MissingAttribute("scales".into())),
    };
    let scales = node.constant(Tensor::from_slice([scales.len()], &scales)?);
    node.set_input(2, Some(scales));
    asymmetric(node)
}

fn asymmetric(node: &NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let mode = match node.string_or("mode", "nearest")?.as_str() {
        "nearest" => Interpolation::Nearest(Nearest::Simple),
        "linear" | "bilinear" => Interpolation::Linear,
        "cubic" => Interpolation::Cubic { a: -0.75 },
        other => return Err(LowerError::attribute("mode", "nearest or linear", other)),
    };
    Ok(Image::Resize(Resize {
        mode,
        transformation: Transformation::Asymmetric,
        antialias: false,
        exclude_outside: false,
        extrapolation_value: 0.0,
        axes: SmallVec::new(),
        aspect: Aspect::Stretch,
    })
    .into())
}

fn corners(node: &NodeContext<'_, '_>) -> Result<Corners, LowerError> {
    Ok(if node.flag("align_corners", false)? { Corners::Centers } else { Corners::Edges })
}

fn grid_sample(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let mode = match node.string_or("mode", "linear")?.as_str() {
        "nearest" => SampleMode::Nearest,
        "linear" | "bilinear" => SampleMode::Linear,
        "cubic" | "bicubic" => SampleMode::Cubic,
        other => return Err(LowerError::attribute("mode", "nearest, linear or cubic", other)),
    };
    let outside = match node.string_or("padding_mode", "zeros")?.as_str() {
        "zeros" => Outside::Zeros,
        "border" => Outside::Border,
        "reflection" => Outside::Reflection,
        other => return Err(LowerError::attribute("padding_mode", "zeros, border or reflection", other)),
    };
    Ok(Image::GridSample(GridSample { mode, outside, corners: corners(node)? }).into())
}

fn roi_align(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let largest = match node.string_or("mode", "avg")?.as_str() {
        "avg" => false,
        "max" => true,
        other => return Err(LowerError::attribute("mode", "avg or max", other)),
    };
    // Half pixels came with version 16.
    let default = if node.opset < 16 { "output_half_pixel" } else { "half_pixel" };
    let half_pixel = match node.string_or("coordinate_transformation_mode", default)?.as_str() {
        "half_pixel" => true,
        "output_half_pixel" => false,
        other => {
            let expected = "half_pixel or output_half_pixel";
            return Err(LowerError::attribute("coordinate_transformation_mode", expected, other));
        }
    };
    let count = |name: &str, default: i64| {
        let value = node.int_or(name, default)?;
        usize::try_from(value).map_err(|_| LowerError::attribute(name, "a size", value))
    };
    Ok(Image::RoiAlign(RoiAlign {
        pooled: [count("output_height", 1)?, count("output_width", 1)?],
        sampling_ratio: count("sampling_ratio", 0)?,
        scale: node.float_or("spatial_scale", 1.0)?,
        largest,
        half_pixel,
    })
    .into())
}

fn image_decoder(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let format = match node.string_or("pixel_format", "RGB")?.as_str() {
        "RGB" => PixelFormat::Rgb,
        "BGR" => PixelFormat::Bgr,
        "Grayscale" => PixelFormat::Grayscale,
        other => return Err(LowerError::attribute("pixel_format", "RGB, BGR or Grayscale", other)),
    };
    Ok(Image::ImageDecoder(format).into())
}
