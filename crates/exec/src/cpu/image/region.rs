//! Samples of regions of interest, averaged or the largest taken, cell by cell.

use dunlin_ir::Tensor;
use dunlin_ir::op::image::RoiAlign;

use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// Most samples of one cell.
const MAX_SAMPLES: f64 = (1 << 20) as f64;

/// Aligns regions.
pub(super) fn align<T: Real>(op: &RoiAlign, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, regions) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let images = inputs.ints(2)?;
    let (&[n, c, height, width], &[n_regions, 4]) = (x.shape().dims(), regions.shape().dims()) else {
        return Err(OpError::shapes("[n, c, y, x] and [r, 4]", x.shape(), regions.shape()));
    };
    if images.len() != n_regions {
        return Err(OpError::shape(format!("{n_regions} image numbers"), images.len()));
    }
    if let Some(&wrong) = images.iter().find(|&&i| usize::try_from(i).map_or(true, |i| i >= n)) {
        return Err(OpError::value(format!("images below {n}"), wrong));
    }
    let mut out = ctx.alloc(T::DTYPE, [n_regions, c, op.pooled[0], op.pooled[1]].into())?;
    let cells = op.pooled[0] * op.pooled[1];
    if out.is_empty() {
        return Ok(out);
    }
    if height == 0 || width == 0 {
        return Err(OpError::shape("an image with elements", x.shape()));
    }
    let (x, regions) = (x.view::<T>()?, regions.view::<T>()?);
    let region_len = c * cells;
    let per_task = items_per_task(ctx.pool(), n_regions, region_len * 16);
    try_chunks(ctx.pool(), out.view_mut::<T>()?, per_task * region_len, &|i, chunk| {
        let mut samples = Vec::new();
        for (j, out) in chunk.chunks_exact_mut(region_len).enumerate() {
            let r = i * per_task + j;
            let region = Region::new(op, &regions[r * 4..][..4]);
            let x = &x[images[r] as usize * c * height * width..][..c * height * width];
            for cell in 0..cells {
                ctx.check_stop()?;
                region.samples(cell, op, (height, width), &mut samples)?;
                for (channel, plane) in x.chunks_exact(height * width).enumerate() {
                    out[channel * cells + cell] = pool(plane, &samples, op.largest, region.n_samples());
                }
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// A region in the coordinates of x.
struct Region<T> {
    /// Of y and x.
    start: [T; 2],
    /// Sizes of a cell.
    cell: [T; 2],
    /// Samples per cell.
    grid: [f64; 2],
}

/// Four elements around a sample, and their weights.
struct Sample<T> {
    places: [usize; 4],
    weights: [T; 4],
}

impl<T: Real> Region<T> {
    fn new(op: &RoiAlign, corners: &[T]) -> Region<T> {
        let offset = T::of(if op.half_pixel { 0.5 } else { 0.0 });
        let at = |i: usize| corners[i] * T::of(op.scale.into()) - offset;
        let start = [at(1), at(0)];
        let size = |axis: usize, end: T| {
            let size = end - start[axis];
            // Regions were at least one element large before half pixels.
            if !op.half_pixel && size < T::of(1.0) { T::of(1.0) } else { size }
        };
        let sizes = [size(0, at(3)), size(1, at(2))];
        let cell = [0, 1].map(|axis| sizes[axis] / T::of(op.pooled[axis] as f64));
        let grid = cell.map(|cell| match op.sampling_ratio {
            0 => cell.wide().ceil().max(0.0),
            n => n as f64,
        });
        Region { start, cell, grid }
    }

    fn n_samples(&self) -> f64 {
        (self.grid[0] * self.grid[1]).max(1.0)
    }

    /// Collects the samples of a cell that lie in the image.
    fn samples(
        &self,
        cell: usize,
        op: &RoiAlign,
        (height, width): (usize, usize),
        samples: &mut Vec<Sample<T>>,
    ) -> Result<(), OpError> {
        samples.clear();
        let n = self.grid[0] * self.grid[1];
        if n > MAX_SAMPLES || n.is_nan() {
            let limit = MAX_SAMPLES as u64;
            return Err(OpError::Limit { what: "samples of a region's cell", got: n as u64, limit });
        }
        let cell = [cell / op.pooled[1], cell % op.pooled[1]];
        let at = |axis: usize, i: usize| {
            let within = T::of(i as f64 + 0.5) * self.cell[axis] / T::of(self.grid[axis]);
            self.start[axis] + T::of(cell[axis] as f64) * self.cell[axis] + within
        };
        for iy in 0..self.grid[0] as usize {
            for ix in 0..self.grid[1] as usize {
                let y = between(at(0, iy), height);
                if let (Some((y0, y1, v)), Some((x0, x1, u))) = (y, between(at(1, ix), width)) {
                    let (v0, u0) = (T::of(1.0) - v, T::of(1.0) - u);
                    let places = [y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1];
                    samples.push(Sample { places, weights: [v0 * u0, v0 * u, v * u0, v * u] });
                }
            }
        }
        Ok(())
    }
}

/// The elements before and after a coordinate, and how far it is from the first; `None` outside.
fn between<T: Real>(at: T, n: usize) -> Option<(usize, usize, T)> {
    if !(at >= T::of(-1.0) && at <= T::of(n as f64)) {
        return None;
    }
    let at = if at < T::default() { T::default() } else { at };
    let low = at.wide() as usize;
    if low >= n - 1 {
        return Some((n - 1, n - 1, T::default()));
    }
    Some((low, low + 1, at - T::of(low as f64)))
}

fn pool<T: Real>(x: &[T], samples: &[Sample<T>], largest: bool, n_samples: f64) -> T {
    let terms = |sample: &Sample<T>| [0, 1, 2, 3].map(|i| sample.weights[i] * x[sample.places[i]]);
    if !largest {
        let sum = samples.iter().flat_map(terms).fold(T::default(), |sum, term| sum + term);
        return sum / T::of(n_samples);
    }
    // As the standard's reference and ONNX Runtime do it: the largest weighted element.
    let max = |a: T, b: T| if b > a { b } else { a };
    let inside = samples.iter().flat_map(terms).reduce(max);
    let all_inside = samples.len() as f64 >= n_samples;
    inside.map_or(T::default(), |inside| if all_inside { inside } else { max(inside, T::default()) })
}
