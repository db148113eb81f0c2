//! The scatters: a copy of the data (or the data itself, if nobody else holds it) with some elements replaced.

use dunlin_ir::op::index::{Reduction, ScatterElements, TensorScatter};
use dunlin_ir::{Bool, DType, Element, Tensor};
use half::{bf16, f16};

use super::gather::Lines;
use super::{axis, index, indices, tuple_rows};
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::cpu::dispatch::dispatch_number;
use crate::{Ctx, Inputs, OpError};

/// A place in the data and the first element of the update that goes there; `len` elements each.
struct Writes {
    places: Vec<usize>,
    len: usize,
}

pub(super) fn scatter_elements(
    op: ScatterElements,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let data = inputs.take(0)?;
    let updates = inputs.take(2)?;
    let along = axis(op.axis, data.rank())?;
    let positions = inputs.tensor(1)?;
    let shape = positions.shape();
    let fits = shape == updates.shape()
        && shape.rank() == data.rank()
        && (0..data.rank()).all(|axis| axis == along || shape[axis] <= data.shape()[axis]);
    if !fits {
        let expected =
            format!("indices and updates alike, and no larger than {} but at axis {along}", data.shape());
        return Err(OpError::shapes(expected, shape, updates.shape()));
    }
    let mut places = indices(positions, data.shape()[along])?;
    if places.is_empty() {
        return Ok(data);
    }
    let lines = Lines::new(data.shape(), shape, along)?;
    for (i, place) in places.iter_mut().enumerate() {
        *place = lines.starts[i / lines.len] + i % lines.len * lines.step + *place * lines.stride;
    }
    write(data, &Writes { places, len: 1 }, updates, op.reduction, ctx)
}

pub(super) fn scatter_nd(
    reduction: Reduction,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let data = inputs.take(0)?;
    let updates = inputs.take(2)?;
    let tuples = inputs.tensor(1)?;
    let (n, outer) = match tuples.shape().split_last() {
        Some((&n, outer)) if n <= data.rank() => (n, outer),
        _ => {
            let expected = format!("index tuples of at most {} indices", data.rank());
            return Err(OpError::shape(expected, tuples.shape()));
        }
    };
    let slice = &data.shape()[n..];
    if !outer.iter().chain(slice).eq(updates.shape().iter()) {
        return Err(OpError::shapes(
            "updates of the indices' and the slices' shape",
            tuples.shape(),
            updates.shape(),
        ));
    }
    let len: usize = slice.iter().product();
    let mut places = tuple_rows(tuples, &data.shape()[..n])?;
    places.iter_mut().for_each(|place| *place *= len);
    if places.is_empty() || len == 0 {
        return Ok(data);
    }
    write(data, &Writes { places, len }, updates, reduction, ctx)
}

pub(super) fn tensor_scatter(
    op: TensorScatter,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let starts = inputs.optional_ints(2)?;
    let cache = inputs.take(0)?;
    let update = inputs.take(1)?;
    let along = axis(op.axis, cache.rank())?;
    let fits = along > 0
        && update.rank() == cache.rank()
        && (0..cache.rank()).all(|axis| axis == along || update.shape()[axis] == cache.shape()[axis])
        && update.shape()[along] <= cache.shape()[along];
    let n_batch = cache.shape()[0];
    if !fits || starts.as_ref().is_some_and(|starts| starts.len() != n_batch) {
        let expected = format!("an update no longer than the cache, alike but at axis {along} (not 0)");
        return Err(OpError::shapes(expected, cache.shape(), update.shape()));
    }
    if update.is_empty() {
        return Ok(cache);
    }
    let (outer, size, inner) = cache.shape().split_at_axis(along);
    let n_steps = update.shape()[along];
    let mut places = super::reserved(outer * n_steps)?;
    for prefix in 0..outer {
        let start = starts.as_ref().map_or(0, |starts| starts[prefix / (outer / n_batch)]);
        for step in 0..n_steps as i64 {
            let at = start.checked_add(step).unwrap_or(-1);
            let at = if op.circular { at.rem_euclid(size as i64) } else { at };
            if at < 0 {
                return Err(OpError::value("positions of at least 0", start));
            }
            places.push((prefix * size + index(at, size)?) * inner);
        }
    }
    write(cache, &Writes { places, len: inner }, update, Reduction::None, ctx)
}

fn write(
    data: Tensor,
    writes: &Writes,
    updates: Tensor,
    reduction: Reduction,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    if updates.dtype() != data.dtype() {
        return Err(OpError::dtype(data.dtype().name(), updates.dtype()));
    }
    let combine = match (reduction, data.dtype()) {
        (Reduction::None, _) => None,
        (Reduction::Add | Reduction::Max, DType::Bool) => Some(Reduction::Max),
        (Reduction::Mul | Reduction::Min, DType::Bool) => Some(Reduction::Min),
        (reduction, _) => Some(reduction),
    };
    let Some(combine) = combine else {
        return with_cells_one(vec![data, updates], ctx, |mut cells| {
            let updates = cells.pop().ok_or(OpError::MissingInput(2))?;
            let mut out = writable(cells.pop().ok_or(OpError::MissingInput(0))?, ctx)?;
            let len = writes.len * cell_bytes(&updates);
            let cell = cell_bytes(&updates);
            let bytes = fresh_bytes(&mut out)?;
            for (&place, update) in writes.places.iter().zip(updates.bytes().chunks_exact(len)) {
                bytes[place * cell..place * cell + len].copy_from_slice(update);
            }
            Ok(out)
        });
    };
    let mut out = writable(data, ctx)?;
    if out.dtype() == DType::Bool {
        merge::<Bool>(&mut out, writes, &updates, combine)?;
    } else {
        dispatch_number!(out.dtype(), T, merge::<T>(&mut out, writes, &updates, combine))?;
    }
    Ok(out)
}

/// The tensor, or a copy if somebody else holds it.
fn writable(mut x: Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if x.try_bytes_mut().is_some() {
        return Ok(x);
    }
    let mut copy = ctx.alloc(x.dtype(), x.shape().clone())?;
    dunlin_kernels::strided::copy_bytes(ctx.pool(), x.bytes(), fresh_bytes(&mut copy)?);
    Ok(copy)
}

fn merge<T: Combine>(
    out: &mut Tensor,
    writes: &Writes,
    updates: &Tensor,
    reduction: Reduction,
) -> Result<(), OpError> {
    let combine: fn(T, T) -> T = match reduction {
        Reduction::None => |_, update| update,
        Reduction::Add => T::sum,
        Reduction::Mul => T::product,
        Reduction::Max => |x, update| if x.below(update) { update } else { x },
        Reduction::Min => |x, update| if update.below(x) { update } else { x },
    };
    let out = out.view_mut::<T>()?;
    for (&place, update) in writes.places.iter().zip(updates.view::<T>()?.chunks_exact(writes.len)) {
        for (x, &update) in out[place..place + writes.len].iter_mut().zip(update) {
            *x = combine(*x, update);
        }
    }
    Ok(())
}

/// Elements that updates can be combined with.
trait Combine: Element {
    fn sum(self, other: Self) -> Self;
    fn product(self, other: Self) -> Self;
    /// False if either is NaN.
    fn below(self, other: Self) -> bool;
}

macro_rules! combine {
    ($($T:ty: $sum:expr, $product:expr;)*) => {
        $(impl Combine for $T {
            fn sum(self, other: Self) -> Self {
                let sum: fn($T, $T) -> $T = $sum;
                sum(self, other)
            }
            fn product(self, other: Self) -> Self {
                let product: fn($T, $T) -> $T = $product;
                product(self, other)
            }
            fn below(self, other: Self) -> bool {
                self < other
            }
        })*
    };
}

combine! {
    f32: |a, b| a + b, |a, b| a * b;
    f64: |a, b| a + b, |a, b| a * b;
    f16: |a, b| f16::from_f32(a.to_f32() + b.to_f32()), |a, b| f16::from_f32(a.to_f32() * b.to_f32());
    bf16: |a, b| bf16::from_f32(a.to_f32() + b.to_f32()), |a, b| bf16::from_f32(a.to_f32() * b.to_f32());
    i8: i8::wrapping_add, i8::wrapping_mul;
    i16: i16::wrapping_add, i16::wrapping_mul;
    i32: i32::wrapping_add, i32::wrapping_mul;
    i64: i64::wrapping_add, i64::wrapping_mul;
    u8: u8::wrapping_add, u8::wrapping_mul;
    u16: u16::wrapping_add, u16::wrapping_mul;
    u32: u32::wrapping_add, u32::wrapping_mul;
    u64: u64::wrapping_add, u64::wrapping_mul;
}

impl Combine for Bool {
    fn sum(self, other: Self) -> Self {
        Bool::from(self.get() || other.get())
    }

    fn product(self, other: Self) -> Self {
        Bool::from(self.get() && other.get())
    }

    fn below(self, other: Self) -> bool {
        !self.get() && other.get()
    }
}
