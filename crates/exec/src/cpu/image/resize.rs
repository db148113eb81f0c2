//! Resize: where each output element lies in the input, axis by axis.

use dunlin_ir::op::image::{Interpolation, Nearest, Resize, ResizedAxis, Transformation};
use dunlin_ir::{DType, Shape, Tensor};
use smallvec::SmallVec;

use super::resample::{self, Taps};
use crate::cpu::real::is_narrow;
use crate::{Ctx, Inputs, OpError};

/// Computes a resize.
pub(super) fn run(op: &Resize, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let geometry = Geometry::new(op, x.shape(), inputs)?;
    if geometry.is_identity() {
        return inputs.take(0);
    }
    if geometry.shape.n_elements() == 0 {
        return ctx.alloc(x.dtype(), geometry.shape);
    }
    if x.is_empty() {
        return Err(OpError::shape("an input with elements", x.shape()));
    }
    match op.mode {
        Interpolation::Nearest(nearest) => {
            let maps = geometry.maps(|axis| axis.nearest(nearest));
            resample::gather(x, &maps, &geometry.shape, op.extrapolation_value, ctx)
        }
        Interpolation::Linear | Interpolation::Cubic { .. } => {
            let taps = geometry.maps(|axis| axis.taps(op));
            let computed_in = match x.dtype() {
                DType::F64 | DType::I64 | DType::U64 | DType::I32 | DType::U32 => DType::F64,
                _ => DType::F32,
            };
            let wide = resample::real(x, computed_in, ctx)?;
            let out = resample::interpolate(wide, &taps, op.extrapolation_value, ctx)?;
            if x.dtype() == computed_in {
                return Ok(out);
            }
            if is_narrow(x.dtype()) {
                return crate::cpu::real::narrowed(&out, x.dtype(), ctx);
            }
            resample::saturated(&out, x.dtype(), ctx)
        }
    }
}

/// Where the elements along an axis of the output come from, for backends that resize with operators of their own.
#[cfg(feature = "candle")]
#[derive(Debug)]
pub(crate) enum AxisMap {
    /// Each is one element of the input; `None` outside.
    Select(Vec<Option<usize>>),
    /// Each is a weighted sum: a matrix `[output, input]`.
    Weights(Vec<f32>),
}

/// What each axis of the output comes from; `None` for those that stay. Of the inputs only those after the first are
/// read.
#[cfg(feature = "candle")]
pub(crate) fn axis_maps(
    op: &Resize,
    shape: &Shape,
    inputs: &Inputs<'_>,
) -> Result<SmallVec<[Option<AxisMap>; 6]>, OpError> {
    let geometry = Geometry::new(op, shape, inputs)?;
    Ok(geometry.maps(|axis| match op.mode {
        Interpolation::Nearest(nearest) => AxisMap::Select(axis.nearest(nearest)),
        _ => AxisMap::Weights(axis.taps(op).matrix(axis.input)),
    }))
}

struct Geometry {
    axes: SmallVec<[Axis; 6]>,
    shape: Shape,
}

/// One axis of a resize.
struct Axis {
    input: usize,
    resized: ResizedAxis,
    transformation: Transformation,
    /// Begin and end of the region in relation to the input's size.
    region: (f32, f32),
}

impl Geometry {
    fn new(op: &Resize, shape: &Shape, inputs: &Inputs<'_>) -> Result<Geometry, OpError> {
        let scales = floats(inputs, 2)?;
        let sizes = inputs.optional_ints(3)?.filter(|sizes| !sizes.is_empty());
        let mismatch = || {
            let got = format!("{} with scales {scales:?} and sizes {sizes:?}", shape);
            OpError::shape("a positive scale or a size for each axis", got)
        };
        let resized = op.resized(shape, scales.as_deref(), sizes.as_deref()).ok_or_else(mismatch)?;
        let positions = op.positions(shape.rank()).ok_or_else(mismatch)?;
        let region =
            if op.transformation == Transformation::TfCropAndResize { floats(inputs, 1)? } else { None };
        let n_positions = positions.iter().flatten().count();
        if region.as_ref().is_some_and(|region| region.len() != 2 * n_positions) {
            return Err(OpError::shape(
                "a begin and an end of the region for each axis",
                region.map_or(0, |r| r.len()),
            ));
        }
        let region = |position: Option<usize>| match (&region, position) {
            (Some(region), Some(position)) => (region[position], region[n_positions + position]),
            _ => (0.0, 1.0),
        };
        let axes: SmallVec<[Axis; 6]> = resized
            .iter()
            .zip(positions.iter().zip(shape.iter()))
            .map(|(&resized, (&position, &input))| Axis {
                input,
                resized,
                transformation: op.transformation,
                region: region(position),
            })
            .collect();
        let resized = axes.iter().map(|axis| axis.resized.output).collect();
        Ok(Geometry { axes, shape: resized })
    }

    fn is_identity(&self) -> bool {
        self.axes.iter().all(Axis::is_identity)
    }

    /// What `map` says of each axis that changes.
    fn maps<M>(&self, map: impl Fn(&Axis) -> M) -> SmallVec<[Option<M>; 6]> {
        self.axes.iter().map(|axis| (!axis.is_identity()).then(|| map(axis))).collect()
    }
}

/// The elements of an optional input of floats; none if it is empty.
fn floats(inputs: &Inputs<'_>, i: usize) -> Result<Option<SmallVec<[f32; 8]>>, OpError> {
    let Some(tensor) = inputs.optional(i)?.filter(|tensor| !tensor.is_empty()) else { return Ok(None) };
    let floats = match tensor.dtype() {
        DType::F32 => tensor.view::<f32>()?.into(),
        DType::F64 => tensor.view::<f64>()?.iter().map(|&x| x as f32).collect(),
        DType::F16 => tensor.view::<half::f16>()?.iter().map(|x| x.to_f32()).collect(),
        other => return Err(OpError::dtype("float32, float64, float16", other)),
    };
    Ok(Some(floats))
}

impl Axis {
    fn is_identity(&self) -> bool {
        self.input == self.resized.output && self.resized.scale == 1.0 && self.region == (0.0, 1.0)
    }

    /// Where output element `i` lies in the input. In single precision, as ONNX Runtime does it: models rely on
    /// how it rounds.
    fn coordinate(&self, i: usize) -> f32 {
        let (x, n, scale) = (i as f32, self.input as f32, self.resized.scale);
        let half_pixel = (x + 0.5) / scale - 0.5;
        match self.transformation {
            Transformation::HalfPixel => half_pixel,
            Transformation::HalfPixelSymmetric => {
                let adjustment = self.resized.output as f32 / self.resized.target;
                n / 2.0 * (1.0 - adjustment) + half_pixel
            }
            Transformation::PytorchHalfPixel if self.resized.output > 1 => half_pixel,
            Transformation::PytorchHalfPixel => 0.0,
            Transformation::TfHalfPixelForNearest => (x + 0.5) / scale,
            Transformation::AlignCorners if self.resized.target == 1.0 => 0.0,
            Transformation::AlignCorners => x * (n - 1.0) / (self.resized.target - 1.0),
            Transformation::Asymmetric => x / scale,
            Transformation::TfCropAndResize => {
                let (begin, end) = self.region;
                if self.resized.output > 1 {
                    let steps = self.resized.output as f32 - 1.0;
                    begin * (n - 1.0) + x * (end - begin) * (n - 1.0) / steps
                } else {
                    0.5 * (begin + end) * (n - 1.0)
                }
            }
        }
    }

    /// Whether a coordinate is outside of what a cropping resize reads.
    fn is_extrapolated(&self, coordinate: f32) -> bool {
        let inside = coordinate >= 0.0 && coordinate <= (self.input as f32) - 1.0;
        self.transformation == Transformation::TfCropAndResize && !inside
    }

    /// For each output element, the input element that it is; `None` outside.
    fn nearest(&self, nearest: Nearest) -> Vec<Option<usize>> {
        let index = |i: usize| {
            let x = self.coordinate(i);
            if self.is_extrapolated(x) {
                return None;
            }
            let rounded = match nearest {
                Nearest::RoundPreferFloor if x.fract() == 0.5 => x.floor(),
                Nearest::RoundPreferFloor | Nearest::RoundPreferCeil => x.round(),
                Nearest::Floor => x.floor(),
                Nearest::Ceil => x.ceil(),
                Nearest::Simple if self.resized.scale < 1.0 => x.ceil(),
                Nearest::Simple => x.trunc(),
            };
            Some((rounded.max(0.0) as usize).min(self.input - 1))
        };
        (0..self.resized.output).map(index).collect()
    }

    /// For each output element, the input elements and weights that it is made of.
    fn taps(&self, op: &Resize) -> Taps {
        let (kernel, radius): (&dyn Fn(f64) -> f64, f64) = match op.mode {
            Interpolation::Cubic { a } => (&move |x| cubic(x, a.into()), 2.0),
            _ => (&|x: f64| (1.0 - x.abs()).max(0.0), 1.0),
        };
        // Where the output is smaller, the kernel is stretched by as much.
        let squeeze = if op.antialias { f64::from(self.resized.scale).min(1.0) } else { 1.0 };
        let first = (-radius / squeeze).floor() as i64 + 1;
        let n = usize::try_from(2 - 2 * first).unwrap_or(0).max(1);
        let mut taps = Taps::new(n, self.resized.output);
        let mut weights: SmallVec<[f64; 16]> = SmallVec::from_elem(0.0, n);
        for i in 0..self.resized.output {
            let x = self.coordinate(i);
            if self.is_extrapolated(x) {
                taps.push_outside();
                continue;
            }
            let base = x.floor();
            let fraction = f64::from(x - base);
            let place = |j: usize| (base as i64).saturating_add(first + j as i64);
            for (j, weight) in weights.iter_mut().enumerate() {
                let is_outside = usize::try_from(place(j)).map_or(true, |place| place >= self.input);
                let distance = ((first + j as i64) as f64 - fraction) * squeeze;
                *weight = if op.exclude_outside && is_outside { 0.0 } else { kernel(distance) };
            }
            let sum: f64 = weights.iter().sum();
            let norm = if (op.antialias || op.exclude_outside) && sum != 0.0 { sum } else { 1.0 };
            let last = self.input as i64 - 1;
            taps.push((0..n).map(|j| (place(j).clamp(0, last) as usize, (weights[j] / norm) as f32)));
        }
        taps
    }
}

/// The kernel of cubic convolution.
pub(super) fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(input: usize, output: usize, transformation: Transformation) -> Axis {
        let resized = ResizedAxis { output, scale: output as f32 / input as f32, target: output as f32 };
        Axis { input, resized, transformation, region: (0.0, 1.0) }
    }

    #[test]
    fn the_nearest_elements_are_those_of_the_standards_examples() {
        use Nearest::{Ceil, Floor, RoundPreferCeil, RoundPreferFloor};
        use Transformation::{AlignCorners, Asymmetric, HalfPixel};
        type Case<'a> = (&'a str, usize, usize, Transformation, Nearest, &'a [usize]);
        let cases: [Case<'_>; 5] = [
            ("down", 4, 3, HalfPixel, RoundPreferFloor, &[0, 1, 3]),
            ("up", 2, 7, HalfPixel, RoundPreferFloor, &[0, 0, 0, 0, 1, 1, 1]),
            ("ceil", 4, 8, HalfPixel, Ceil, &[0, 1, 1, 2, 2, 3, 3, 3]),
            ("floor", 4, 8, AlignCorners, Floor, &[0, 0, 0, 1, 1, 2, 2, 3]),
            ("prefer ceil", 4, 8, Asymmetric, RoundPreferCeil, &[0, 1, 1, 2, 2, 3, 3, 3]),
        ];
        for (name, input, output, transformation, nearest, want) in cases {
            let got = axis(input, output, transformation).nearest(nearest);
            let want: Vec<Option<usize>> = want.iter().copied().map(Some).collect();
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn cubic_weights_sum_to_one() {
        for fraction in [0.0, 0.1, 0.5, 0.9] {
            let sum: f64 = (-1..3).map(|j| cubic(f64::from(j) - fraction, -0.75)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{fraction}: {sum}");
        }
    }
}
