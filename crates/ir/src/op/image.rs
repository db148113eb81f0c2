//! Operators of images and grids: resize, grid sampling, regions of interest.

use smallvec::SmallVec;

use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Dims, resolve_axis};

/// Operators of images and grids.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Image {
    /// Another size along any axes. Inputs: x, region?, scales?, sizes?.
    Resize(Resize),
    /// Samples `[n, c, spatial..]` where a grid says. Inputs: x, grid `[n, spatial of the output.., axes]`.
    GridSample(GridSample),
    /// The grid of an affine map. Inputs: matrices `[n, 2, 3]` or `[n, 3, 4]`, size `[n, c, spatial..]`.
    AffineGrid(Corners),
    /// Samples of regions. Inputs: x, regions `[r, 4]`, the image of each region.
    RoiAlign(RoiAlign),
    /// Pixels `[y, x, channels]` of an encoded image. Inputs: bytes.
    ImageDecoder(PixelFormat),
}

/// The attributes of a resize.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Resize {
    /// How an element is computed from those around it.
    pub mode: Interpolation,
    /// From coordinates of the output to those of the input.
    pub transformation: Transformation,
    /// Whether samples spread over several input elements where the output is smaller.
    pub antialias: bool,
    /// Whether elements outside count nothing, rather than as the nearest inside.
    pub exclude_outside: bool,
    /// The value of outputs outside the region when cropping.
    pub extrapolation_value: f32,
    /// The axes that region, scales and sizes refer to, in order; empty for all.
    pub axes: SmallVec<[i64; 4]>,
    /// What sizes mean.
    pub aspect: Aspect,
}

/// How a resized element is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Interpolation {
    /// From one element.
    Nearest(Nearest),
    /// From two per axis.
    Linear,
    /// From four per axis.
    Cubic {
        /// The coefficient of the cubic kernel.
        a: f32,
    },
}

/// Which element is the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Nearest {
    /// Halves down.
    RoundPreferFloor,
    /// Halves up.
    RoundPreferCeil,
    /// Downwards.
    Floor,
    /// Upwards.
    Ceil,
    /// Upwards where the output is smaller, else downwards: the first versions of the standard.
    Simple,
}

/// From coordinates of the output to those of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Transformation {
    /// Centers of elements, seen from the corners of the images.
    HalfPixel,
    /// As half pixel, about the center when the output's size was rounded.
    HalfPixelSymmetric,
    /// As half pixel, but 0 for an output of one element.
    PytorchHalfPixel,
    /// As half pixel, without shifting back.
    TfHalfPixelForNearest,
    /// The first and last elements of both coincide.
    AlignCorners,
    /// The first elements of both coincide.
    Asymmetric,
    /// The first and last elements of the output are the corners of a region.
    TfCropAndResize,
}

/// What the sizes of a resize mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Aspect {
    /// The output's sizes.
    Stretch,
    /// The largest output within them that keeps the proportions.
    NotLarger,
    /// The smallest output around them that keeps the proportions.
    NotSmaller,
}

/// One axis of a resize.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ResizedAxis {
    /// Elements of the output.
    pub output: usize,
    /// Output elements per input element.
    pub scale: f32,
    /// The output's size before it was rounded.
    pub target: f32,
}

/// The attributes of grid sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct GridSample {
    /// How a sample is computed.
    pub mode: SampleMode,
    /// What lies outside.
    pub outside: Outside,
    /// Where -1 and 1 are.
    pub corners: Corners,
}

/// How a sample is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum SampleMode {
    /// From the nearest element, halves to even.
    Nearest,
    /// From two elements per axis.
    Linear,
    /// From four elements per axis.
    Cubic,
}

/// What lies outside an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Outside {
    /// Zeros.
    Zeros,
    /// The nearest element inside.
    Border,
    /// The image, mirrored at its borders.
    Reflection,
}

/// Where -1 and 1 are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Corners {
    /// At the outer edges of the first and last elements.
    Edges,
    /// At the centers of the first and last elements.
    Centers,
}

/// The attributes of region alignment.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct RoiAlign {
    /// Cells along both axes.
    pub pooled: [usize; 2],
    /// Samples along each axis of a cell; 0 for as many as the cell has elements.
    pub sampling_ratio: usize,
    /// From the regions' coordinates to those of x.
    pub scale: f32,
    /// Whether a cell is the largest of its samples rather than their mean.
    pub largest: bool,
    /// Whether regions are shifted by half an element.
    pub half_pixel: bool,
}

/// The channels of a decoded image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum PixelFormat {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One.
    Grayscale,
}

impl Image {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Image::Resize(_) => "Resize",
            Image::GridSample(_) => "GridSample",
            Image::AffineGrid(_) => "AffineGrid",
            Image::RoiAlign(_) => "RoiAlign",
            Image::ImageDecoder(_) => "ImageDecoder",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let dims = match self {
            Image::Resize(resize) => resize.dims(facts),
            Image::GridSample(_) => grid_sample_dims(facts),
            Image::AffineGrid(_) => affine_grid_dims(facts),
            Image::RoiAlign(align) => align.dims(facts),
            Image::ImageDecoder(format) => {
                let channels = if *format == PixelFormat::Grayscale { 1 } else { 3 };
                return infer::one(
                    Some(DType::U8),
                    infer::dims([Dim::Unknown, Dim::Unknown, Dim::Known(channels)]),
                );
            }
        };
        infer::one(facts.dtype(0), dims)
    }
}

impl Resize {
    /// For each axis of an input of `rank` axes, its position among region, scales and sizes; `None` if there is an
    /// axis that the input does not have.
    pub fn positions(&self, rank: usize) -> Option<SmallVec<[Option<usize>; 6]>> {
        if self.axes.is_empty() {
            return Some((0..rank).map(Some).collect());
        }
        let mut positions = SmallVec::from_elem(None, rank);
        for (position, &axis) in self.axes.iter().enumerate() {
            positions[resolve_axis(axis, rank)?] = Some(position);
        }
        Some(positions)
    }

    /// The axes of the output for an input of these sizes; `None` if scales and sizes do not fit.
    pub fn resized(
        &self,
        input: &[usize],
        scales: Option<&[f32]>,
        sizes: Option<&[i64]>,
    ) -> Option<SmallVec<[ResizedAxis; 6]>> {
        let positions = self.positions(input.len())?;
        let n_axes = if self.axes.is_empty() { input.len() } else { self.axes.len() };
        let common = match sizes {
            Some(sizes) if sizes.len() == n_axes => self.common_scale(input, &positions, sizes),
            Some(_) => return None,
            None => None,
        };
        if scales.is_some_and(|scales| scales.len() != n_axes) {
            return None;
        }
        let axis = |(position, &n): (&Option<usize>, &usize)| {
            let Some(position) = *position else {
                return Some(ResizedAxis { output: n, scale: 1.0, target: n as f32 });
            };
            match (sizes, scales, common) {
                (Some(_), _, Some(scale)) => {
                    let output = (f64::from(scale) * n as f64 + 0.5).floor() as usize;
                    Some(ResizedAxis { output, scale, target: output as f32 })
                }
                (Some(sizes), ..) => {
                    let output = usize::try_from(sizes[position]).ok()?;
                    let scale = output as f32 / n as f32;
                    Some(ResizedAxis { output, scale, target: output as f32 })
                }
                (None, Some(scales), _) => {
                    let scale = Some(scales[position]).filter(|&scale| scale > 0.0 && scale.is_finite())?;
                    let target = scale * n as f32;
                    Some(ResizedAxis { output: target.floor() as usize, scale, target })
                }
                (None, None, _) => None,
            }
        };
        positions.iter().zip(input).map(axis).collect()
    }

    /// The one scale of all resized axes when proportions are kept.
    fn common_scale(&self, input: &[usize], positions: &[Option<usize>], sizes: &[i64]) -> Option<f32> {
        let scales = positions
            .iter()
            .zip(input)
            .filter_map(|(position, &n)| position.map(|position| sizes[position] as f32 / n as f32));
        match self.aspect {
            Aspect::Stretch => None,
            Aspect::NotLarger => scales.reduce(f32::min),
            Aspect::NotSmaller => scales.reduce(f32::max),
        }
    }

    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let x = facts.dims(0)?;
        let positions = self.positions(x.len())?;
        let sizes = facts.ints(3).filter(|sizes| !sizes.is_empty());
        let scales = facts.value(2).and_then(|scales| scales.to_aligned().ok());
        let scales = scales.as_ref().and_then(|scales| scales.view::<f32>().ok()).filter(|s| !s.is_empty());
        let resized = |input: crate::Shape| self.resized(&input, scales, sizes.as_deref());
        if let Some(axes) = facts.shape(0).and_then(resized) {
            return infer::dims(axes.iter().map(|axis| Dim::Known(axis.output)));
        }
        let dim = |(position, dim): (&Option<usize>, &Dim)| {
            let Some(position) = *position else { return dim.clone() };
            if let Some(&size) = sizes.as_ref().and_then(|sizes| sizes.get(position)) {
                let stretched = self.aspect == Aspect::Stretch;
                return usize::try_from(size).ok().filter(|_| stretched).map_or(Dim::Unknown, Dim::Known);
            }
            match (scales.and_then(|scales| scales.get(position)), dim) {
                (Some(&1.0), dim) => dim.clone(),
                (Some(&scale), Dim::Known(n)) => Dim::Known((scale * *n as f32).floor() as usize),
                _ => Dim::Unknown,
            }
        };
        infer::dims(positions.iter().zip(x).map(dim))
    }
}

impl RoiAlign {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let regions = facts.dims(1).and_then(|dims| dims.first().cloned()).unwrap_or_default();
        let channels = facts.dims(0).and_then(|dims| dims.get(1).cloned()).unwrap_or_default();
        infer::dims([regions, channels, Dim::Known(self.pooled[0]), Dim::Known(self.pooled[1])])
    }
}

fn grid_sample_dims(facts: &Facts<'_>) -> Dims {
    let (x, grid) = (facts.dims(0)?, facts.dims(1)?);
    let spatial = grid.get(1..grid.len().checked_sub(1)?)?;
    infer::dims(x.get(..2)?.iter().chain(spatial).cloned())
}

fn affine_grid_dims(facts: &Facts<'_>) -> Dims {
    let size = facts.ints(1)?;
    let known = |&n: &i64| usize::try_from(n).map_or(Dim::Unknown, Dim::Known);
    let axes = Dim::Known(size.len().checked_sub(2)?);
    infer::dims(size.iter().take(1).chain(size.get(2..)?).map(known).chain([axes]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resize(aspect: Aspect, axes: &[i64]) -> Resize {
        Resize {
            mode: Interpolation::Linear,
            transformation: Transformation::HalfPixel,
            antialias: false,
            exclude_outside: false,
            extrapolation_value: 0.0,
            axes: axes.into(),
            aspect,
        }
    }

    #[test]
    fn sizes_follow_the_standard() {
        type Case<'a> =
            (&'a str, Aspect, &'a [i64], Option<&'a [f32]>, Option<&'a [i64]>, Option<&'a [usize]>);
        let cases: [Case<'_>; 6] = [
            ("scales", Aspect::Stretch, &[], Some(&[1.0, 0.6]), None, Some(&[4, 3])),
            ("sizes", Aspect::Stretch, &[], None, Some(&[7, 8]), Some(&[7, 8])),
            ("one axis", Aspect::Stretch, &[-1], None, Some(&[9]), Some(&[4, 9])),
            ("not larger", Aspect::NotLarger, &[], None, Some(&[7, 8]), Some(&[5, 8])),
            ("not smaller", Aspect::NotSmaller, &[], None, Some(&[7, 8]), Some(&[7, 11])),
            ("too few", Aspect::Stretch, &[], Some(&[1.0]), None, None),
        ];
        for (name, aspect, axes, scales, sizes, want) in cases {
            let got = resize(aspect, axes).resized(&[4, 6], scales, sizes);
            let got: Option<Vec<usize>> = got.map(|axes| axes.iter().map(|axis| axis.output).collect());
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }
}
