//! A picture as a tensor: resized, normalised, in the layout that the model wants.

use std::path::Path;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use dunlin_core::{DType, Dim, InputInfo, Tensor};
use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};

/// How a picture becomes a tensor.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// Width and height of the picture in the tensor, as WxH; by default what the model declares, else the picture's.
    #[arg(long = "resize", value_name = "WxH", value_parser = parse_size)]
    pub resize: Option<(u32, u32)>,

    /// Subtracted from each channel, after scaling to 0..1: one number, or one per channel.
    #[arg(long, value_name = "M,..", value_delimiter = ',', default_value = "0")]
    pub mean: Vec<f32>,

    /// What each channel is divided by afterwards: one number, or one per channel.
    #[arg(long, value_name = "S,..", value_delimiter = ',', default_value = "1")]
    pub std: Vec<f32>,

    /// The largest value of the scaled picture: 1, or 255 for models that take bytes as floats.
    #[arg(long, value_name = "MAX", default_value_t = 1.0)]
    pub scale: f32,

    /// Order of the dimensions; by default guessed from where the model declares 1 or 3 channels.
    #[arg(long, value_enum)]
    pub layout: Option<Layout>,

    /// Order of the colours.
    #[arg(long, value_enum, default_value_t = Colors::Rgb)]
    pub colors: Colors,

    /// Turn light into dark, for models that expect white on black.
    #[arg(long)]
    pub invert: bool,
}

/// Order of the dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Batch, channel, row, column.
    Nchw,
    /// Batch, row, column, channel.
    Nhwc,
}

/// Order of the colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colors {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once('x').ok_or("expected WxH, as in 224x224")?;
    let size =
        |text: &str| text.parse().ok().filter(|n| (1..=65_536).contains(n)).ok_or("a size is 1 to 65536");
    Ok((size(width)?, size(height)?))
}

/// What the model declares of a picture.
struct Want {
    layout: Layout,
    n_channels: usize,
    width: Option<usize>,
    height: Option<usize>,
}

impl ImageArgs {
    /// Reads a picture for this input.
    pub fn read(&self, path: &Path, info: &InputInfo) -> anyhow::Result<Tensor> {
        let want = self.want(info)?;
        let picture = ImageReader::open(path)?.with_guessed_format()?.decode().context("not a picture")?;
        let declared = || Some((want.width? as u32, want.height? as u32));
        let picture = match self.resize.or_else(declared) {
            Some((width, height)) => picture.resize_exact(width, height, FilterType::Triangle),
            None => picture,
        };
        self.tensor(&picture, &want, info.ty.dtype().unwrap_or(DType::F32))
    }

    fn want(&self, info: &InputInfo) -> anyhow::Result<Want> {
        let Some(dims) = info.ty.dims().filter(|dims| dims.len() == 4) else {
            bail!("input {:?} ({}) is not a batch of pictures: it needs 4 dimensions", info.name, info.ty)
        };
        let is_channels = |dim: &Dim| matches!(dim.known(), Some(1 | 3 | 4));
        let guess = if !is_channels(&dims[1]) && is_channels(&dims[3]) { Layout::Nhwc } else { Layout::Nchw };
        let layout = self.layout.unwrap_or(guess);
        let (channels, height, width) = match layout {
            Layout::Nchw => (&dims[1], &dims[2], &dims[3]),
            Layout::Nhwc => (&dims[3], &dims[1], &dims[2]),
        };
        let n_channels = channels.known().unwrap_or(3);
        if n_channels != 1 && n_channels != 3 {
            bail!("input {:?} ({}) takes {n_channels} channels; pictures give 1 or 3", info.name, info.ty);
        }
        Ok(Want { layout, n_channels, width: width.known(), height: height.known() })
    }

    fn tensor(&self, picture: &DynamicImage, want: &Want, dtype: DType) -> anyhow::Result<Tensor> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels =
            if want.n_channels == 1 { picture.to_luma8().into_raw() } else { picture.to_rgb8().into_raw() };
        let n = want.n_channels;
        let at = |row: usize, column: usize, channel: usize| {
            let channel = if self.colors == Colors::Bgr { n - 1 - channel } else { channel };
            let value = pixels[(row * width + column) * n + channel];
            if self.invert { 255 - value } else { value }
        };
        let mut bytes = Vec::with_capacity(pixels.len());
        let shape = match want.layout {
            Layout::Nchw => {
                for channel in 0..n {
                    (0..height)
                        .for_each(|row| bytes.extend((0..width).map(|column| at(row, column, channel))));
                }
                [1, n, height, width]
            }
            Layout::Nhwc => {
                for row in 0..height {
                    (0..width)
                        .for_each(|column| bytes.extend((0..n).map(|channel| at(row, column, channel))));
                }
                [1, height, width, n]
            }
        };
        if dtype == DType::U8 {
            return Ok(Tensor::from_slice(shape, &bytes)?);
        }
        if dtype != DType::F32 {
            bail!("a picture becomes float32 or uint8, the input needs {dtype}");
        }
        let n_per_channel = if want.layout == Layout::Nchw { height * width } else { 1 };
        let pick = |list: &[f32], channel: usize| list.get(channel).or(list.first()).copied();
        let normalise = |(i, &byte): (usize, &u8)| {
            let channel = i / n_per_channel.max(1) % n;
            let value = f32::from(byte) / 255.0 * self.scale;
            (value - pick(&self.mean, channel).unwrap_or(0.0)) / pick(&self.std, channel).unwrap_or(1.0)
        };
        Ok(Tensor::from_slice(shape, &bytes.iter().enumerate().map(normalise).collect::<Vec<f32>>())?)
    }
}
