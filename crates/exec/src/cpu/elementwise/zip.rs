//! Loops over two operands: along runs, in place where a buffer is free, on several threads where it pays.

use dunlin_ir::{DType, Element, Shape, Tensor};

use super::broadcast::{BLOCK, Broadcast, Lane, in_chunks};
use super::number::Half;
use crate::{Ctx, Inputs, OpError};

/// A function of two operands on a run of elements.
pub(crate) type ZipInto<A, B, O> = fn(&mut [O], Lane<'_, A>, Lane<'_, B>);

/// A function of two operands of the result's type, as loops.
#[derive(Debug)]
pub(crate) struct Kernel<T> {
    /// Writes the results.
    pub into: ZipInto<T, T, T>,
    /// Writes the results over the first operand.
    pub assign: fn(&mut [T], Lane<'_, T>),
    /// Whether the operands may be exchanged.
    pub commutes: bool,
    /// Elements worth a task.
    pub chunk: usize,
}

/// The loop that applies `f` to two operands.
#[inline(always)]
pub(crate) fn zip_into<A: Copy, B: Copy, O>(
    out: &mut [O],
    a: Lane<'_, A>,
    b: Lane<'_, B>,
    f: impl Fn(A, B) -> O,
) {
    match (a, b) {
        (Lane::Slice(a), Lane::Slice(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = f(a, b);
            }
        }
        (Lane::Slice(a), Lane::Scalar(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = f(a, b);
            }
        }
        (Lane::Scalar(a), Lane::Slice(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = f(a, b);
            }
        }
        (Lane::Scalar(a), Lane::Scalar(b)) => {
            for out in out {
                *out = f(a, b);
            }
        }
    }
}

/// The loop that applies `f` over the first operand.
#[inline(always)]
pub(crate) fn zip_assign<T: Copy>(out: &mut [T], b: Lane<'_, T>, f: impl Fn(T, T) -> T) {
    match b {
        Lane::Slice(b) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = f(*out, b);
            }
        }
        Lane::Scalar(b) => {
            for out in out {
                *out = f(*out, b);
            }
        }
    }
}

/// A [`Kernel`] of a function.
macro_rules! kernel {
    ($T:ty, $f:expr) => {
        $crate::cpu::elementwise::zip::Kernel::<$T> {
            into: |out, a, b| $crate::cpu::elementwise::zip::zip_into(out, a, b, $f),
            assign: |out, b| $crate::cpu::elementwise::zip::zip_assign(out, b, $f),
            commutes: false,
            chunk: $crate::cpu::elementwise::broadcast::CHEAP_CHUNK,
        }
    };
}
pub(crate) use kernel;

impl<T> Kernel<T> {
    /// The same function, known to commute.
    pub fn commuting(self) -> Kernel<T> {
        Kernel { commutes: true, ..self }
    }

    /// The same function, known to take long.
    pub fn costly(self) -> Kernel<T> {
        Kernel { chunk: super::broadcast::COSTLY_CHUNK, ..self }
    }
}

/// The shape that inputs 0 and 1 broadcast to, and how they run along it.
pub(crate) fn plan_pair(a: &Tensor, b: &Tensor) -> Result<(Shape, Broadcast), OpError> {
    let shape = a
        .shape()
        .broadcast(b.shape())
        .ok_or_else(|| OpError::shapes("shapes that broadcast together", a.shape(), b.shape()))?;
    let plan = Broadcast::new(&shape, &[a.shape(), b.shape()]);
    Ok((shape, plan))
}

/// Applies `kernel` to inputs 0 and 1 of type `T`, over one of them where its buffer is free.
pub(crate) fn run<T: Element>(
    kernel: &Kernel<T>,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (mut a, mut b) = (inputs.take(0)?, inputs.take(1)?);
    let (shape, plan) = plan_pair(&a, &b)?;
    if a.shape() == &shape && run_over(kernel, &mut a, &plan, 1, &b, ctx)? {
        return Ok(a);
    }
    if kernel.commutes && b.shape() == &shape && run_over(kernel, &mut b, &plan, 0, &a, ctx)? {
        return Ok(b);
    }
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let (a, b) = (a.view::<T>()?, b.view::<T>()?);
    in_chunks(ctx, out.view_mut::<T>()?, kernel.chunk, &|start, out| {
        zip(&plan, a, b, out, start, kernel.into);
    });
    Ok(out)
}

/// Applies `kernel` over `out`, unless somebody else holds it.
fn run_over<T: Element>(
    kernel: &Kernel<T>,
    out: &mut Tensor,
    plan: &Broadcast,
    k: usize,
    other: &Tensor,
    ctx: &Ctx<'_>,
) -> Result<bool, OpError> {
    let Ok(out) = out.view_mut::<T>() else { return Ok(false) };
    let other = other.view::<T>()?;
    in_chunks(ctx, out, kernel.chunk, &|start, out| assign(plan, k, other, out, start, kernel.assign));
    Ok(true)
}

/// [`run`] on 16-bit floats: in single precision, rounded once.
pub(crate) fn run_half<H: Half>(
    kernel: &Kernel<f32>,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (shape, plan) = plan_pair(inputs.tensor(0)?, inputs.tensor(1)?)?;
    let (a, b) = (inputs.view::<H>(0)?, inputs.view::<H>(1)?);
    let mut out = ctx.alloc(H::DTYPE, shape)?;
    in_chunks(ctx, out.view_mut::<H>()?, kernel.chunk, &|start, out| {
        in_single_precision(&plan, a, b, start, out, |a, b, out| {
            (kernel.assign)(a, Lane::Slice(b));
            H::narrow(a, out);
        });
    });
    Ok(out)
}

/// Applies a function to inputs 0 and 1 of types that may differ from each other and from the result's.
pub(crate) fn run_mixed<A: Element, B: Element, O: Element>(
    into: ZipInto<A, B, O>,
    chunk: usize,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (shape, plan) = plan_pair(inputs.tensor(0)?, inputs.tensor(1)?)?;
    let (a, b) = (inputs.view::<A>(0)?, inputs.view::<B>(1)?);
    let mut out = ctx.alloc(O::DTYPE, shape)?;
    in_chunks(ctx, out.view_mut::<O>()?, chunk, &|start, out| zip(&plan, a, b, out, start, into));
    Ok(out)
}

/// [`run_mixed`] on two operands of 16-bit floats.
pub(crate) fn run_mixed_half<H: Half, O: Element>(
    into: ZipInto<f32, f32, O>,
    chunk: usize,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (shape, plan) = plan_pair(inputs.tensor(0)?, inputs.tensor(1)?)?;
    let (a, b) = (inputs.view::<H>(0)?, inputs.view::<H>(1)?);
    let mut out = ctx.alloc(O::DTYPE, shape)?;
    in_chunks(ctx, out.view_mut::<O>()?, chunk, &|start, out| {
        in_single_precision(&plan, a, b, start, out, |a, b, out| into(out, Lane::Slice(a), Lane::Slice(b)));
    });
    Ok(out)
}

/// Computes the output elements from `start` on, blocks of both operands widened.
fn in_single_precision<H: Half, O>(
    plan: &Broadcast,
    a: &[H],
    b: &[H],
    start: usize,
    out: &mut [O],
    compute: impl Fn(&mut [f32], &[f32], &mut [O]),
) {
    let mut space = [H::zeroed(); BLOCK];
    let (mut wide_a, mut wide_b) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (i, out) in out.chunks_mut(BLOCK).enumerate() {
        let (start, n) = (start + i * BLOCK, out.len());
        H::widen(plan.spread(0, a, start, &mut space[..n]), &mut wide_a[..n]);
        H::widen(plan.spread(1, b, start, &mut space[..n]), &mut wide_b[..n]);
        compute(&mut wide_a[..n], &wide_b[..n], out);
    }
}

/// Computes the output elements from `start` on.
fn zip<A: Element, B: Element, O>(
    plan: &Broadcast,
    a: &[A],
    b: &[B],
    out: &mut [O],
    start: usize,
    into: ZipInto<A, B, O>,
) {
    if plan.has_long_runs() {
        return plan.for_each_run(start..start + out.len(), |at, len, offsets| {
            let (a, b) = (plan.lane(0, a, offsets[0], len), plan.lane(1, b, offsets[1], len));
            into(&mut out[at - start..][..len], a, b);
        });
    }
    let (mut a_space, mut b_space) = ([A::zeroed(); BLOCK], [B::zeroed(); BLOCK]);
    for (i, out) in out.chunks_mut(BLOCK).enumerate() {
        let (start, n) = (start + i * BLOCK, out.len());
        let a = plan.spread(0, a, start, &mut a_space[..n]);
        let b = plan.spread(1, b, start, &mut b_space[..n]);
        into(out, Lane::Slice(a), Lane::Slice(b));
    }
}

/// Computes the output elements from `start` on over the first operand; the other one is input `k` of `plan`.
pub(super) fn assign<T: Element>(
    plan: &Broadcast,
    k: usize,
    other: &[T],
    out: &mut [T],
    start: usize,
    assign: fn(&mut [T], Lane<'_, T>),
) {
    if plan.has_long_runs() {
        return plan.for_each_run(start..start + out.len(), |at, len, offsets| {
            assign(&mut out[at - start..][..len], plan.lane(k, other, offsets[k], len));
        });
    }
    let mut space = [T::zeroed(); BLOCK];
    for (i, out) in out.chunks_mut(BLOCK).enumerate() {
        let n = out.len();
        assign(out, Lane::Slice(plan.spread(k, other, start + i * BLOCK, &mut space[..n])));
    }
}

/// The types of inputs 0 and 1, which must be the same.
pub(crate) fn same_dtype(inputs: &Inputs<'_>) -> Result<DType, OpError> {
    let (a, b) = (inputs.tensor(0)?.dtype(), inputs.tensor(1)?.dtype());
    if a == b { Ok(a) } else { Err(OpError::dtype(format!("{a} for both operands"), b)) }
}
