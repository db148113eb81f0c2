//! Decoding of image files.

use dunlin_ir::Tensor;
use dunlin_ir::op::image::PixelFormat;

use crate::{Ctx, Inputs, OpError};

/// Decodes an image; an empty one if it cannot be decoded, as the standard wants it.
#[cfg(feature = "image-decoder")]
pub(super) fn run(format: PixelFormat, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    use image::ImageReader;

    let mut reader = ImageReader::new(std::io::Cursor::new(inputs.view::<u8>(0)?));
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(ctx.limits().tensor_bytes as u64);
    reader.limits(limits);
    let decoded = reader.with_guessed_format().ok().and_then(|reader| reader.decode().ok());
    let (width, height, pixels) = match (decoded, format) {
        (None, _) => (0, 0, Vec::new()),
        (Some(image), PixelFormat::Grayscale) => {
            let rgb = image.into_rgb8();
            let gray = rgb.pixels().map(|pixel| luminance(pixel.0)).collect();
            (rgb.width(), rgb.height(), gray)
        }
        (Some(image), _) => {
            let rgb = image.into_rgb8();
            (rgb.width(), rgb.height(), rgb.into_raw())
        }
    };
    let channels = if format == PixelFormat::Grayscale { 1 } else { 3 };
    let mut out = ctx.alloc(dunlin_ir::DType::U8, [height as usize, width as usize, channels].into())?;
    let bytes = out.view_mut::<u8>()?;
    bytes.copy_from_slice(&pixels);
    if format == PixelFormat::Bgr {
        bytes.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
    }
    Ok(out)
}

/// The luminance of a color by the weights of ITU-R 601, in 16-bit fixed point.
#[cfg(feature = "image-decoder")]
fn luminance([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// Says that this build decodes no images.
#[cfg(not(feature = "image-decoder"))]
pub(super) fn run(_: PixelFormat, _: &Inputs<'_>, _: &Ctx<'_>) -> Result<Tensor, OpError> {
    Err(OpError::unsupported("decoding images in a build without the feature image-decoder"))
}
