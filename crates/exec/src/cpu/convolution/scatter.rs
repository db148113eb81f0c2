//! Operators that put or add elements into an image: unpooling, and columns of windows into an image.

use dunlin_ir::op::convolution::unpooled_size;
use dunlin_ir::op::window::{Axes, Rounding, SameExtent, Window};
use dunlin_ir::{Element, Shape, Tensor};

use super::geometry::{Geometry, scatter_tap};
use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, Inputs, OpError};

/// Puts each element of input 0 where input 1 says, into zeros.
pub(super) fn max_unpool(op: &Window, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, indices) = (inputs.tensor(0)?, inputs.tensor(1)?);
    if x.shape() != indices.shape() {
        return Err(OpError::shapes("as many indices as elements", x.shape(), indices.shape()));
    }
    let rank = x.rank().checked_sub(2).filter(|&rank| rank > 0 && op.fits_rank(rank));
    let rank = rank.ok_or_else(|| OpError::shape("[n, c, spatial..]", x.shape()))?;
    let spatial = |i: usize| {
        let size = unpooled_size(op, i, rank, x.shape()[i + 2]);
        size.ok_or_else(|| OpError::shape("an input that the window fits", x.shape()))
    };
    let mut inferred: Shape = x.shape()[..2].into();
    for i in 0..rank {
        inferred.push(spatial(i)?);
    }
    let wanted = match inputs.optional_ints(2)? {
        Some(shape) => wanted_shape(&shape, &inferred)?,
        None => inferred.clone(),
    };
    let mut out = ctx.alloc_zeroed(x.dtype(), wanted.clone())?;
    let indices = indices.view::<i64>()?;
    let n = inferred.checked_n_elements().ok_or_else(|| OpError::shape("a smaller output", &inferred))?;
    if let Some(&wrong) = indices.iter().find(|&&i| usize::try_from(i).map_or(true, |i| i >= n)) {
        return Err(OpError::value(format!("indices below {n}"), wrong));
    }
    dispatch!(x.dtype(), T in [f32, f64, i8, u8, i16, u16, i32, u32, i64, u64], {
        let (x, out) = (x.view::<T>()?, out.view_mut::<T>()?);
        for (&x, &index) in x.iter().zip(indices) {
            out[relocate(index as usize, &inferred, &wanted)] = x;
        }
        Ok(())
    })?;
    Ok(out)
}

/// The stated output shape, which must hold the inferred one.
fn wanted_shape(shape: &[i64], inferred: &Shape) -> Result<Shape, OpError> {
    let sizes: Option<Shape> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
    let fits = |sizes: &Shape| {
        sizes.rank() == inferred.rank()
            && sizes[..2] == inferred[..2]
            && sizes.iter().zip(inferred.iter()).all(|(a, b)| a >= b)
    };
    sizes.filter(fits).ok_or_else(|| {
        OpError::value(format!("an output shape of at least {inferred}"), format!("{shape:?}"))
    })
}

/// The place in `to` of the element at `index` of the smaller `from`.
fn relocate(mut index: usize, from: &Shape, to: &Shape) -> usize {
    if from == to {
        return index;
    }
    let (mut place, mut stride) = (0, 1);
    for (&from, &to) in from.iter().zip(to.iter()).rev() {
        place += index % from * stride;
        index /= from;
        stride *= to;
    }
    place
}

/// A number whose sums wrap around where it is an integer.
trait Sum: Element + Default {
    fn plus(self, other: Self) -> Self;
}

macro_rules! sums {
    ($($T:ty: $plus:expr),*) => {
        $(impl Sum for $T {
            #[inline]
            fn plus(self, other: $T) -> $T {
                let plus: fn($T, $T) -> $T = $plus;
                plus(self, other)
            }
        })*
    };
}

sums!(
    f32: |a, b| a + b, f64: |a, b| a + b,
    i8: i8::wrapping_add, u8: u8::wrapping_add, i16: i16::wrapping_add, u16: u16::wrapping_add,
    i32: i32::wrapping_add, u32: u32::wrapping_add, i64: i64::wrapping_add, u64: u64::wrapping_add
);

/// Adds up columns of windows into an image.
pub(super) fn col2im(op: &Window, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let sizes = |i: usize| {
        let values = inputs.ints(i)?;
        let sizes: Option<Shape> = values.iter().map(|&n| usize::try_from(n).ok()).collect();
        sizes.ok_or_else(|| OpError::value("sizes", format!("{values:?}")))
    };
    let (columns, image, kernel) = (inputs.tensor(0)?, sizes(1)?, sizes(2)?);
    let mismatch =
        || OpError::shape("[n, c * kernel, windows] for the given image and kernel", columns.shape());
    let axes = op.axes(&image, &kernel, Rounding::Floor, SameExtent::Dilated).ok_or_else(mismatch)?;
    let kernel_len = kernel.checked_n_elements().filter(|&n| n > 0).ok_or_else(mismatch)?;
    let &[n, rows, windows] = columns.shape().dims() else { return Err(mismatch()) };
    let c = rows / kernel_len;
    if c * kernel_len != rows || axes.iter().map(|axis| axis.output).product::<usize>() != windows {
        return Err(mismatch());
    }
    let shape = [n, c].into_iter().chain(image.iter().copied()).collect();
    let mut out = ctx.alloc_zeroed(columns.dtype(), shape)?;
    dispatch!(columns.dtype(), T in [f32, f64, i8, u8, i16, u16, i32, u32, i64, u64], {
        add_columns::<T>(columns.view()?, &axes, out.view_mut()?, ctx)
    })?;
    Ok(out)
}

fn add_columns<T: Sum>(columns: &[T], axes: &Axes, out: &mut [T], ctx: &Ctx<'_>) -> Result<(), OpError> {
    let Some(geometry) = Geometry::new(axes) else { return Ok(()) };
    let (plane_len, windows) = (geometry.input_len(), geometry.output_len());
    if plane_len == 0 || windows == 0 {
        return Ok(());
    }
    let columns_len = geometry.kernel_len() * windows;
    let planes = items_per_task(ctx.pool(), out.len() / plane_len, columns_len);
    try_chunks(ctx.pool(), out, plane_len * planes, &|i, chunk| {
        for (j, plane) in chunk.chunks_exact_mut(plane_len).enumerate() {
            let columns = &columns[(i * planes + j) * columns_len..][..columns_len];
            add_plane(&geometry, columns, windows, plane);
        }
        Ok(())
    })
}

fn add_plane<T: Sum>(geometry: &Geometry, columns: &[T], windows: usize, out: &mut [T]) {
    let inner = geometry.inner;
    for row in 0..geometry.n_rows() {
        geometry.for_each_window_row(row, |window_row, out_row| {
            let out = &mut out[out_row * inner.input..][..inner.input];
            for (k, tap) in geometry.taps.iter().enumerate() {
                let column = (window_row * inner.kernel + k) * windows + row * inner.output;
                let column = &columns[column..][..inner.output];
                scatter_tap(tap, inner.stride, out, column, |out, x| *out = out.plus(x));
            }
        });
    }
}
