//! Sampling images where a grid says, and making such grids.

use dunlin_ir::op::image::{Corners, GridSample, Outside, SampleMode};
use dunlin_ir::{Element, Shape, Tensor};
use smallvec::SmallVec;

use super::resample;
use super::resize::cubic;
use crate::cpu::chunk::{Scratch, items_per_task, try_chunks};
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// Samples an image.
pub(super) fn sample(op: &GridSample, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, grid) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let rank = x.rank().checked_sub(2).filter(|&rank| (1..=4).contains(&rank));
    let mismatch = || OpError::shapes("[n, c, spatial..] and [n, spatial.., axes]", x.shape(), grid.shape());
    let rank = rank.ok_or_else(mismatch)?;
    if grid.rank() != rank + 2 || grid.shape()[0] != x.shape()[0] || grid.shape()[rank + 1] != rank {
        return Err(mismatch());
    }
    let sizes = x.shape()[..2].iter().chain(&grid.shape()[1..=rank]);
    let shape: Shape = sizes.copied().collect();
    let mut out = ctx.alloc(x.dtype(), shape)?;
    if out.is_empty() {
        return Ok(out);
    }
    if x.is_empty() {
        return Err(OpError::shape("an image with elements", x.shape()));
    }
    dispatch!(x.dtype(), T in [f32, f64], {
        let grid = resample::real(grid, T::DTYPE, ctx)?;
        let sampler = Sampler { op, spatial: x.shape()[2..].into(), grid: grid.view::<T>()? };
        sampler.run(x.view()?, x.shape()[0], x.shape()[1], out.view_mut()?, ctx)
    })?;
    Ok(out)
}

struct Sampler<'a, T> {
    op: &'a GridSample,
    spatial: SmallVec<[usize; 4]>,
    grid: &'a [T],
}

/// The elements along one axis that a sample is made of, and their weights.
struct AxisTaps<T> {
    places: [Option<usize>; 4],
    weights: [T; 4],
}

impl<T: Real> Sampler<'_, T> {
    fn run(&self, x: &[T], n: usize, c: usize, out: &mut [T], ctx: &Ctx<'_>) -> Result<(), OpError> {
        let plane_len: usize = self.spatial.iter().product();
        if u32::try_from(plane_len).is_err() {
            return Err(OpError::unsupported("sampling an image of 2^32 or more elements"));
        }
        let points = self.grid.len() / n / self.spatial.len();
        let n_taps = self.taps_per_axis().pow(self.spatial.len() as u32);
        let mut places = Scratch::new::<u32>(ctx, points * n_taps)?;
        let mut weights = Scratch::new::<T>(ctx, points * n_taps)?;
        let point_chunk = items_per_task(ctx.pool(), points, n_taps * 16) * n_taps;
        for (image, out) in out.chunks_exact_mut(c * points).enumerate() {
            let first = image * points;
            try_chunks(ctx.pool(), places.as_mut::<u32>(), point_chunk, &|i, chunk| {
                for (j, places) in chunk.chunks_exact_mut(n_taps).enumerate() {
                    self.places(&self.taps(first + i * point_chunk / n_taps + j), places);
                }
                Ok(())
            })?;
            try_chunks(ctx.pool(), weights.as_mut::<T>(), point_chunk, &|i, chunk| {
                for (j, weights) in chunk.chunks_exact_mut(n_taps).enumerate() {
                    self.weights(&self.taps(first + i * point_chunk / n_taps + j), weights);
                }
                Ok(())
            })?;
            let (places, weights) = (places.as_ref::<u32>(), weights.as_ref::<T>());
            let channels = items_per_task(ctx.pool(), c, points * n_taps);
            try_chunks(ctx.pool(), out, channels * points, &|i, chunk| {
                ctx.check_stop()?;
                for (j, out) in chunk.chunks_exact_mut(points).enumerate() {
                    let x = &x[(image * c + i * channels + j) * plane_len..][..plane_len];
                    let taps = places.chunks_exact(n_taps).zip(weights.chunks_exact(n_taps));
                    for (out, (places, weights)) in out.iter_mut().zip(taps) {
                        *out = weighted_sum(x, places, weights);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn taps_per_axis(&self) -> usize {
        match self.op.mode {
            SampleMode::Nearest => 1,
            SampleMode::Linear => 2,
            SampleMode::Cubic => 4,
        }
    }

    /// The taps of all axes for a point of the grid, which holds the coordinate of the last axis first.
    fn taps(&self, point: usize) -> SmallVec<[AxisTaps<T>; 4]> {
        let rank = self.spatial.len();
        let coordinates = &self.grid[point * rank..][..rank];
        self.spatial.iter().zip(coordinates.iter().rev()).map(|(&n, &x)| self.axis_taps(n, x)).collect()
    }

    fn axis_taps(&self, n: usize, normalized: T) -> AxisTaps<T> {
        let (half, one, size) = (T::of(0.5), T::of(1.0), T::of(n as f64));
        let (low, high) = match self.op.corners {
            Corners::Centers => (T::default(), size - one),
            Corners::Edges => (-half, size - half),
        };
        let mut x = match self.op.corners {
            Corners::Centers => (normalized + one) * half * (size - one),
            Corners::Edges => ((normalized + one) * size - one) * half,
        };
        if self.op.mode == SampleMode::Nearest {
            x = T::of(x.wide().round_ties_even());
        }
        if x < low || x > high {
            x = match self.op.outside {
                Outside::Zeros => x,
                // As PyTorch and ONNX Runtime do it: only the elements around the sample are limited.
                Outside::Border if self.op.mode == SampleMode::Cubic => x,
                Outside::Border if x < low => T::default(),
                Outside::Border => size - one,
                Outside::Reflection => T::of(reflect(x.wide(), low.wide(), high.wide())),
            };
        }
        let (first, weights) = match self.op.mode {
            SampleMode::Nearest => (x.wide() as i64, [one; 4]),
            SampleMode::Linear => {
                let base = x.floor();
                let fraction = x - base;
                (base.wide() as i64, [one - fraction, fraction, one, one])
            }
            SampleMode::Cubic => {
                let base = x.floor();
                let fraction = (x - base).wide();
                let weight = |j: i32| T::of(cubic(f64::from(j - 1) - fraction, -0.75));
                ((base.wide() as i64).saturating_sub(1), [weight(0), weight(1), weight(2), weight(3)])
            }
        };
        let place = |j: i64| self.place(first.saturating_add(j), n, low.wide(), high.wide());
        AxisTaps { places: [place(0), place(1), place(2), place(3)], weights }
    }

    /// The element at a place that may lie outside.
    fn place(&self, place: i64, n: usize, low: f64, high: f64) -> Option<usize> {
        let last = n as i64 - 1;
        if (0..=last).contains(&place) {
            return Some(place as usize);
        }
        match self.op.outside {
            Outside::Zeros => None,
            Outside::Border => Some(place.clamp(0, last) as usize),
            Outside::Reflection => Some((reflect(place as f64, low, high) as i64).clamp(0, last) as usize),
        }
    }

    /// The places of all combinations of taps; `u32::MAX` for those outside.
    fn places(&self, taps: &[AxisTaps<T>], out: &mut [u32]) {
        let k = self.taps_per_axis();
        for (combination, out) in out.iter_mut().enumerate() {
            let (mut rest, mut stride, mut place) = (combination, 1, Some(0));
            for (taps, &n) in taps.iter().zip(&self.spatial).rev() {
                place = place.zip(taps.places[rest % k]).map(|(place, at)| place + at * stride);
                rest /= k;
                stride *= n;
            }
            *out = place.map_or(u32::MAX, |place| place as u32);
        }
    }

    fn weights(&self, taps: &[AxisTaps<T>], out: &mut [T]) {
        let k = self.taps_per_axis();
        for (combination, out) in out.iter_mut().enumerate() {
            let mut rest = combination;
            *out = T::of(1.0);
            for taps in taps.iter().rev() {
                *out = *out * taps.weights[rest % k];
                rest /= k;
            }
        }
    }
}

fn weighted_sum<T: Real>(x: &[T], places: &[u32], weights: &[T]) -> T {
    let inside = places.iter().zip(weights).filter(|(place, _)| **place != u32::MAX);
    inside.fold(T::default(), |sum, (&place, &weight)| sum + x[place as usize] * weight)
}

/// A coordinate mirrored at both ends until it is between them.
fn reflect(x: f64, low: f64, high: f64) -> f64 {
    let range = high - low;
    if range <= 0.0 {
        return 0.0;
    }
    let distance = if x < low { low - x } else { x - high };
    if x >= low && x <= high {
        return x;
    }
    let turns = (distance / range).floor();
    let rest = distance - turns * range;
    let from_near_end = turns % 2.0 == 0.0;
    if (x < low) == from_near_end { low + rest } else { high - rest }
}

/// The grid of affine maps.
pub(super) fn affine<T: Real>(
    corners: Corners,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let theta = inputs.tensor(0)?;
    let size = inputs.ints(1)?;
    let mismatch = || {
        let got = format!("{} and size {size:?}", theta.shape());
        OpError::shape("[n, 2, 3] and [n, c, y, x], or [n, 3, 4] and [n, c, z, y, x]", got)
    };
    let sizes: Option<SmallVec<[usize; 5]>> = size.iter().map(|&n| usize::try_from(n).ok()).collect();
    let sizes = sizes.ok_or_else(mismatch)?;
    let rank = sizes.len().checked_sub(2).filter(|rank| (2..=3).contains(rank)).ok_or_else(mismatch)?;
    if theta.shape().dims() != [sizes[0], rank, rank + 1] {
        return Err(mismatch());
    }
    let spatial = &sizes[2..];
    let shape: Shape = sizes[..1].iter().chain(spatial).copied().chain([rank]).collect();
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    if out.is_empty() {
        return Ok(out);
    }
    let theta = theta.view::<T>()?;
    let points: usize = spatial.iter().product();
    for (image, out) in out.view_mut::<T>()?.chunks_exact_mut(points * rank).enumerate() {
        let theta = &theta[image * rank * (rank + 1)..][..rank * (rank + 1)];
        for (point, out) in out.chunks_exact_mut(rank).enumerate() {
            let mut rest = point;
            // The last axis is the first coordinate.
            let position: SmallVec<[T; 3]> = spatial
                .iter()
                .rev()
                .map(|&n| {
                    let i = rest % n;
                    rest /= n;
                    T::of(normalized(i, n, corners))
                })
                .collect();
            for (out, row) in out.iter_mut().zip(theta.chunks_exact(rank + 1)) {
                let sum = row.iter().zip(&position).fold(T::default(), |sum, (&a, &x)| sum + a * x);
                *out = sum + row[rank];
            }
        }
    }
    Ok(out)
}

/// The place of element `i` of `n` between -1 and 1.
fn normalized(i: usize, n: usize, corners: Corners) -> f64 {
    match corners {
        Corners::Centers if n == 1 => -1.0,
        Corners::Centers => 2.0 * i as f64 / (n - 1) as f64 - 1.0,
        Corners::Edges => (2 * i + 1) as f64 / n as f64 - 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::reflect;

    #[test]
    fn coordinates_are_mirrored_until_they_are_inside() {
        // The first row is the example of the standard's documentation: borders at -1 and 1.
        let cases = [
            (-3.5, -1.0, 1.0, 0.5),
            (-1.0, -0.5, 3.5, 0.0),
            (4.0, -0.5, 3.5, 3.0),
            (5.0, 0.0, 3.0, 1.0),
            (2.0, 0.0, 3.0, 2.0),
        ];
        for (x, low, high, want) in cases {
            assert_eq!(reflect(x, low, high), want, "{x} between {low} and {high}");
        }
    }
}
