//! Maximum pooling over regions of interest.

use dunlin_ir::Tensor;
use dunlin_ir::op::convolution::MaxRoiPool;

use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// The largest element of each cell of each region.
pub(super) fn max_roi_pool<T: Real>(
    op: &MaxRoiPool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (x, regions) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let (&[n, c, height, width], &[n_regions, 5]) = (x.shape().dims(), regions.shape().dims()) else {
        return Err(OpError::shapes("[n, c, y, x] and [r, 5]", x.shape(), regions.shape()));
    };
    let mut out = ctx.alloc(T::DTYPE, [n_regions, c, op.pooled[0], op.pooled[1]].into())?;
    let (x, regions) = (x.view::<T>()?, regions.view::<T>()?);
    for region in regions.chunks_exact(5) {
        let image = region[0].wide();
        if !(image >= 0.0 && image < n as f64) {
            return Err(OpError::value(format!("regions of images below {n}"), image));
        }
    }
    let cells = op.pooled[0] * op.pooled[1];
    if cells == 0 || out.is_empty() {
        return Ok(out);
    }
    let planes = items_per_task(ctx.pool(), n_regions * c, height * width);
    try_chunks(ctx.pool(), out.view_mut::<T>()?, planes * cells, &|i, chunk| {
        for (j, out) in chunk.chunks_exact_mut(cells).enumerate() {
            let (region, channel) = ((i * planes + j) / c, (i * planes + j) % c);
            let region = &regions[region * 5..][..5];
            let plane = (region[0].wide() as usize * c + channel) * height * width;
            let at = |i: usize| (region[i].wide() * f64::from(op.scale)).round();
            let rows = Cells::new(at(2), at(4), op.pooled[0], height);
            let columns = Cells::new(at(1), at(3), op.pooled[1], width);
            pool(&x[plane..][..height * width], width, &rows, &columns, out);
        }
        Ok(())
    })?;
    Ok(out)
}

/// How a region is divided along one axis.
struct Cells {
    first: f64,
    size: f64,
    n: usize,
    limit: usize,
}

impl Cells {
    fn new(first: f64, last: f64, n: usize, limit: usize) -> Cells {
        Cells { first, size: (last - first + 1.0).max(1.0) / n as f64, n, limit }
    }

    fn range(&self, i: usize) -> std::ops::Range<usize> {
        let clamp = |x: f64| (x + self.first).clamp(0.0, self.limit as f64) as usize;
        clamp((i as f64 * self.size).floor())..clamp(((i + 1) as f64 * self.size).ceil())
    }
}

fn pool<T: Real>(x: &[T], width: usize, rows: &Cells, columns: &Cells, out: &mut [T]) {
    for (i, out) in out.iter_mut().enumerate() {
        let (rows, columns) = (rows.range(i / columns.n), columns.range(i % columns.n));
        let mut largest: Option<T> = None;
        for y in rows {
            for &x in x[y * width..][..width].get(columns.clone()).unwrap_or_default() {
                largest = Some(largest.filter(|&largest| largest >= x).unwrap_or(x));
            }
        }
        *out = largest.unwrap_or_default();
    }
}
