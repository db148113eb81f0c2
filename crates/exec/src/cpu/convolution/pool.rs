//! Pooling over windows and over whole planes.
//!
//! What is folded is folded first over the rows of a window, element by element along the last axis, and then along
//! that axis: the first part runs over whole rows.

use std::ops::Range;

use dunlin_ir::op::convolution::{AveragePool, GlobalPool, LpPool, MaxPool, StorageOrder};
use dunlin_ir::op::window::{Axis, Rounding, SameExtent, Window};
use dunlin_ir::{DType, Element, Shape, Tensor};
use dunlin_kernels::pool::{Pool as Kind, PoolShape, pool2d_f32};
use smallvec::SmallVec;

use super::geometry::{Geometry, zip_tap};
use super::{output_shape, window_axes};
use crate::cpu::chunk::{Scratch, items_per_task, try_chunks};
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// The largest element of each window, and where it is if that is wanted.
pub(super) fn max(op: &MaxPool, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let pool = Pool::new(&op.window, op.rounding, x)?;
    if let (DType::F32, Some(image), false) = (x.dtype(), &pool.image, ctx.wants(1)) {
        return pool.run(Kind::Max, image, x, ctx).map(one);
    }
    dispatch!(x.dtype(), T in [f32, f64, i8, u8, i16, u16, i32, u32, i64, u64], {
        if ctx.wants(1) {
            return pool.max_with_indices::<T>(x, op.storage, ctx);
        }
        pool.fold(x, &Largest, ctx, &|_, _: &mut [T]| {}).map(one)
    })
}

/// The mean of each window.
pub(super) fn average<T: Real>(
    op: &AveragePool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let pool = Pool::new(&op.window, op.rounding, x)?;
    if let (DType::F32, Some(image)) = (x.dtype(), &pool.image) {
        let kind = if op.count_padding { Kind::AverageWithPads } else { Kind::Average };
        return pool.run(kind, image, x, ctx);
    }
    let geometry = &pool.geometry;
    let count = |axis: &Axis, o: usize| counted(axis, o, op.count_padding);
    let inner: SmallVec<[usize; 64]> =
        (0..geometry.inner.output).map(|o| count(&geometry.inner, o)).collect();
    pool.fold(x, &Total, ctx, &|row, out: &mut [T]| {
        let outer = geometry.outer_product(row, count);
        for (out, &inner) in out.iter_mut().zip(&inner) {
            *out = *out / T::of((outer * inner).max(1) as f64);
        }
    })
}

/// How many elements of window `o` lie in the input, or in the input and its padding.
fn counted(axis: &Axis, o: usize, count_padding: bool) -> usize {
    if !count_padding {
        return (0..axis.kernel).filter(|&k| axis.position(o, k).is_some()).count();
    }
    let end = axis.input as i64 + axis.pad_end;
    let start = (o * axis.stride) as i64 - axis.pad_begin;
    (0..axis.kernel).filter(|&k| start + ((k * axis.dilation) as i64) < end).count()
}

/// The p-norm of each window.
pub(super) fn lp<T: Real>(op: &LpPool, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let pool = Pool::new(&op.window, op.rounding, x)?;
    let norm = Norm { p: T::of(op.p.into()) };
    pool.fold(x, &norm, ctx, &|_, out: &mut [T]| out.iter_mut().for_each(|out| *out = norm.root(*out)))
}

/// One number from each plane.
pub(super) fn global<T: Real + Lowest>(
    op: GlobalPool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    if x.rank() < 2 {
        return Err(OpError::shape("[n, c, spatial..]", x.shape()));
    }
    let shape: Shape = x.shape().iter().enumerate().map(|(i, &n)| if i < 2 { n } else { 1 }).collect();
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let plane_len: usize = x.shape()[2..].iter().product();
    let x = x.view::<T>()?;
    let planes = items_per_task(ctx.pool(), out.len(), plane_len);
    let reduce = |plane: &[T]| match op {
        GlobalPool::Average => fold_all(plane, &Total) / T::of(plane_len as f64),
        GlobalPool::Max => fold_all(plane, &Largest),
        GlobalPool::Lp { p } => {
            let norm = Norm { p: T::of(p.into()) };
            norm.root(fold_all(plane, &norm))
        }
    };
    try_chunks(ctx.pool(), out.view_mut::<T>()?, planes, &|i, chunk| {
        for (j, out) in chunk.iter_mut().enumerate() {
            *out = reduce(&x[(i * planes + j) * plane_len..][..plane_len]);
        }
        Ok(())
    })?;
    Ok(out)
}

/// Folds a slice in several lanes, which vectorises and keeps sums accurate.
fn fold_all<T: Element, F: Fold<T>>(x: &[T], fold: &F) -> T {
    const LANES: usize = 16;
    let mut lanes = [F::start(); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = fold.join(*lane, fold.load(x));
        }
    }
    let total = lanes.into_iter().fold(F::start(), |a, b| fold.join(a, b));
    rest.iter().fold(total, |a, &x| fold.join(a, fold.load(x)))
}

/// What a pooling does with the elements of a window.
trait Fold<T>: Sync {
    /// The result for no elements.
    fn start() -> T;
    /// What an element contributes.
    fn load(&self, x: T) -> T;
    /// Joins two results.
    fn join(&self, a: T, b: T) -> T;
}

struct Largest;
struct Total;
struct Norm<T> {
    p: T,
}

/// The smallest value of a type.
pub(super) trait Lowest {
    const LOWEST: Self;
}

macro_rules! lowest {
    ($($T:ty: $lowest:expr),*) => { $(impl Lowest for $T { const LOWEST: $T = $lowest; })* };
}

lowest!(
    f32: f32::NEG_INFINITY, f64: f64::NEG_INFINITY, i8: i8::MIN, u8: 0, i16: i16::MIN, u16: 0,
    i32: i32::MIN, u32: 0, i64: i64::MIN, u64: 0
);

impl<T: Element + PartialOrd + Lowest> Fold<T> for Largest {
    #[inline(always)]
    fn start() -> T {
        T::LOWEST
    }
    #[inline(always)]
    fn load(&self, x: T) -> T {
        x
    }
    #[inline(always)]
    fn join(&self, a: T, b: T) -> T {
        if b > a { b } else { a }
    }
}

impl<T: Real> Fold<T> for Total {
    #[inline(always)]
    fn start() -> T {
        T::default()
    }
    #[inline(always)]
    fn load(&self, x: T) -> T {
        x
    }
    #[inline(always)]
    fn join(&self, a: T, b: T) -> T {
        a + b
    }
}

impl<T: Real> Norm<T> {
    fn root(&self, x: T) -> T {
        match self.p.wide() {
            1.0 => x,
            2.0 => x.sqrt(),
            p => x.powf(T::of(1.0 / p)),
        }
    }
}

impl<T: Real> Fold<T> for Norm<T> {
    #[inline(always)]
    fn start() -> T {
        T::default()
    }
    #[inline(always)]
    fn load(&self, x: T) -> T {
        match self.p.wide() {
            1.0 => x.abs(),
            2.0 => x * x,
            _ => x.abs().powf(self.p),
        }
    }
    #[inline(always)]
    fn join(&self, a: T, b: T) -> T {
        a + b
    }
}

struct Pool {
    geometry: Geometry,
    shape: Shape,
    /// What the kernel for planes makes of it, if there are one or two axes and none is cropped.
    image: Option<PoolShape>,
}

impl Pool {
    fn new(window: &Window, rounding: Rounding, x: &Tensor) -> Result<Pool, OpError> {
        let axes = window_axes(window, x, &window.kernel, rounding, SameExtent::Kernel)?;
        let shape = output_shape(x.shape()[0], x.shape()[1], &axes);
        let geometry = Geometry::new(&axes).ok_or_else(|| OpError::shape("[n, c, spatial..]", x.shape()))?;
        Ok(Pool { geometry, image: image(shape[0] * shape[1], &axes), shape })
    }

    /// Pools planes of `f32`.
    fn run(&self, kind: Kind, image: &PoolShape, x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let mut out = ctx.alloc(DType::F32, self.shape.clone())?;
        if !out.is_empty() {
            pool2d_f32(ctx.pool(), kind, image, x.view()?, out.view_mut()?);
        }
        Ok(out)
    }

    /// Planes of the output that one task should take.
    fn planes_per_task(&self, ctx: &Ctx<'_>) -> usize {
        let n = self.shape[0] * self.shape[1];
        items_per_task(ctx.pool(), n, self.geometry.output_len().saturating_mul(self.geometry.kernel_len()))
    }

    /// Folds each window; `finish` is called for each row of a plane of results.
    fn fold<T: Element, F: Fold<T>>(
        &self,
        x: &Tensor,
        fold: &F,
        ctx: &Ctx<'_>,
        finish: &(dyn Fn(usize, &mut [T]) + Sync),
    ) -> Result<Tensor, OpError> {
        let mut out = ctx.alloc(T::DTYPE, self.shape.clone())?;
        let (x, geometry) = (x.view::<T>()?, &self.geometry);
        let (input_len, output_len) = (geometry.input_len(), geometry.output_len());
        if out.is_empty() {
            return Ok(out);
        }
        let planes = self.planes_per_task(ctx);
        try_chunks(ctx.pool(), out.view_mut::<T>()?, planes * output_len, &|i, chunk| {
            let mut folded = Scratch::new::<T>(ctx, geometry.inner.input)?;
            for (j, plane) in chunk.chunks_exact_mut(output_len).enumerate() {
                ctx.check_stop()?;
                let x = &x[(i * planes + j) * input_len..][..input_len];
                for (row, out) in plane.chunks_exact_mut(geometry.inner.output).enumerate() {
                    fold_row(geometry, fold, x, row, folded.as_mut(), out);
                    finish(row, out);
                }
            }
            Ok(())
        })?;
        Ok(out)
    }

    fn max_with_indices<T: Element + PartialOrd + Lowest>(
        &self,
        x: &Tensor,
        storage: StorageOrder,
        ctx: &Ctx<'_>,
    ) -> Result<Outputs, OpError> {
        let spatial = Shape::new(&x.shape()[2..]);
        let mut values = ctx.alloc(T::DTYPE, self.shape.clone())?;
        let mut indices = ctx.alloc(DType::I64, self.shape.clone())?;
        let (x, geometry) = (x.view::<T>()?, &self.geometry);
        let (input_len, output_len) = (geometry.input_len(), geometry.output_len());
        if values.is_empty() {
            return Ok(smallvec::smallvec![Some(values.into()), Some(indices.into())]);
        }
        let planes = self.planes_per_task(ctx);
        let plane = |i: usize| &x[i * input_len..][..input_len];
        try_chunks(ctx.pool(), indices.view_mut::<i64>()?, planes * output_len, &|i, chunk| {
            for (j, out) in chunk.chunks_exact_mut(output_len).enumerate() {
                ctx.check_stop()?;
                largest_places(geometry, plane(i * planes + j), out);
            }
            Ok(())
        })?;
        let places = indices.view::<i64>()?;
        try_chunks(ctx.pool(), values.view_mut::<T>()?, planes * output_len, &|i, chunk| {
            for (j, out) in chunk.iter_mut().enumerate() {
                let at = i * planes * output_len + j;
                let place = usize::try_from(places[at]).ok();
                *out = place.map_or(T::LOWEST, |place| plane(at / output_len)[place]);
            }
            Ok(())
        })?;
        for (i, index) in indices.view_mut::<i64>()?.iter_mut().enumerate() {
            let place = match (usize::try_from(*index), storage) {
                (Ok(place), StorageOrder::ColumnMajor) => column_major(place, &spatial),
                (Ok(place), StorageOrder::RowMajor) => place,
                (Err(_), _) => continue,
            };
            *index = (i / output_len * input_len + place) as i64;
        }
        Ok(smallvec::smallvec![Some(values.into()), Some(indices.into())])
    }
}

/// Pooling of planes, or of rows as planes of one row.
fn image(planes: usize, axes: &[Axis]) -> Option<PoolShape> {
    let row = Axis { input: 1, kernel: 1, stride: 1, dilation: 1, pad_begin: 0, pad_end: 0, output: 1 };
    let [y, x] = match *axes {
        [x] => [row, x],
        [y, x] => [y, x],
        _ => return None,
    };
    let pad = |pad: i64| usize::try_from(pad).ok();
    Some(PoolShape {
        planes,
        input: [y.input, x.input],
        output: [y.output, x.output],
        window: [y.kernel, x.kernel],
        strides: [y.stride, x.stride],
        pads: [pad(y.pad_begin)?, pad(x.pad_begin)?, pad(y.pad_end)?, pad(x.pad_end)?],
        dilations: [y.dilation, x.dilation],
    })
}

fn fold_row<T: Element, F: Fold<T>>(
    geometry: &Geometry,
    fold: &F,
    x: &[T],
    row: usize,
    folded: &mut [T],
    out: &mut [T],
) {
    let width = geometry.inner.input;
    let mut n_rows = 0;
    geometry.for_each_window_row(row, |_, input_row| {
        let x = &x[input_row * width..][..width];
        if n_rows == 0 {
            folded.iter_mut().zip(x).for_each(|(folded, &x)| *folded = fold.load(x));
        } else {
            folded.iter_mut().zip(x).for_each(|(folded, &x)| *folded = fold.join(*folded, fold.load(x)));
        }
        n_rows += 1;
    });
    out.fill(F::start());
    if n_rows > 0 {
        for tap in &geometry.taps {
            zip_tap(tap, geometry.inner.stride, out, folded, |out, x| *out = fold.join(*out, x));
        }
    }
}

/// For each window of a plane, where in the plane its first largest element lies; -1 if it lies in the padding.
fn largest_places<T: Element + PartialOrd>(geometry: &Geometry, x: &[T], out: &mut [i64]) {
    let inner = geometry.inner;
    for (row, out) in out.chunks_exact_mut(inner.output).enumerate() {
        out.fill(-1);
        geometry.for_each_window_row(row, |_, input_row| {
            for tap in &geometry.taps {
                let Range { start: first, end } = tap.windows;
                for (i, out) in out[first..end].iter_mut().enumerate() {
                    let place = input_row * inner.input + tap.start + i * inner.stride;
                    let larger = usize::try_from(*out).map_or(true, |best| x[place] > x[best]);
                    if larger {
                        *out = place as i64;
                    }
                }
            }
        });
    }
}

/// The number of a place when the first axis varies fastest.
fn column_major(mut place: usize, shape: &Shape) -> usize {
    let mut at: SmallVec<[usize; 3]> = SmallVec::from_elem(0, shape.rank());
    for (axis, &n) in shape.iter().enumerate().rev() {
        at[axis] = place % n;
        place /= n;
    }
    at.iter().zip(shape.iter()).rev().fold(0, |number, (&at, &n)| number * n + at)
}
