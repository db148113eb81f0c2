//! Decoding of image files.

use dunlin_ir::Tensor;
use dunlin_ir::op::image::PixelFormat;

use crate::{Ctx, Inputs, OpError};

/// Says that this build decodes no images.
#[cfg(not(feature = "image-decoder"))]
pub(super) fn run(_: PixelFormat, _: &Inputs<'_>, _: &Ctx<'_>) -> Result<Tensor, OpError> {
    Err(OpError::unsupported("decoding images in a build without the feature image-decoder"))
}

/// Decodes an image; an empty one if it cannot be decoded, as the standard wants it.
#[cfg(feature = "image-decoder")]
pub(super) fn run(format: PixelFormat, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let decoded = decoded(inputs.view::<u8>(0)?, ctx.limits().tensor_bytes).unwrap_or_default();
    let channels = if format == PixelFormat::Grayscale { 1 } else { 3 };
    let shape = [decoded.height as usize, decoded.width as usize, channels].into();
    let mut out = ctx.alloc(dunlin_ir::DType::U8, shape)?;
    for (out, rgb) in out.view_mut::<u8>()?.chunks_exact_mut(channels).zip(decoded.rgb.chunks_exact(3)) {
        match format {
            PixelFormat::Rgb => out.copy_from_slice(rgb),
            PixelFormat::Bgr => out.copy_from_slice(&[rgb[2], rgb[1], rgb[0]]),
            PixelFormat::Grayscale => out[0] = luminance(rgb),
        }
    }
    Ok(out)
}

#[cfg(feature = "image-decoder")]
#[derive(Default)]
struct Decoded {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

#[cfg(feature = "image-decoder")]
fn decoded(data: &[u8], max_bytes: usize) -> Option<Decoded> {
    if data.starts_with(b"\x00\x00\x00\x0cjP  ") || data.starts_with(b"\xff\x4f\xff\x51") {
        return decoded_jpeg2000(data, max_bytes);
    }
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(max_bytes as u64);
    let mut reader = image::ImageReader::new(std::io::Cursor::new(data));
    reader.limits(limits);
    let rgb = reader.with_guessed_format().ok()?.decode().ok()?.into_rgb8();
    Some(Decoded { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() })
}

#[cfg(feature = "image-decoder")]
fn decoded_jpeg2000(data: &[u8], max_bytes: usize) -> Option<Decoded> {
    let image = hayro_jpeg2000::Image::new(data, &hayro_jpeg2000::DecodeSettings::default()).ok()?;
    let (width, height) = (image.width(), image.height());
    let n_channels = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    let n_bytes = (width as usize).checked_mul(height as usize)?.checked_mul(n_channels)?;
    if n_bytes > max_bytes || n_channels == 0 {
        return None;
    }
    let pixels = image.decode().ok()?;
    let rgb = match n_channels {
        1 | 2 => pixels.chunks_exact(n_channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        3 | 4 => pixels.chunks_exact(n_channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        _ => return None,
    };
    Some(Decoded { width, height, rgb })
}

/// The luminance of a color by the weights of ITU-R 601, in 16-bit fixed point.
#[cfg(feature = "image-decoder")]
fn luminance(rgb: &[u8]) -> u8 {
    let weighted: u32 = rgb.iter().zip([19595, 38470, 7471]).map(|(&x, weight)| u32::from(x) * weight).sum();
    ((weighted + 0x8000) >> 16) as u8
}
