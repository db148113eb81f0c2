//! Execution of the elementwise family.

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::{Element, Shape, Tensor};

use super::dispatch::dispatch_float;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(crate) fn run(op: &Elementwise, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    match op {
        Elementwise::Unary(Unary::Identity) => inputs.take_value(0).map(one),
        Elementwise::Unary(Unary::Relu) => dispatch_float!(inputs.tensor(0)?.dtype(), T, {
            map(inputs.take(0)?, ctx, |x: T| if x < T::default() { T::default() } else { x }).map(one)
        }),
        Elementwise::Binary(Binary::Add) => dispatch_float!(inputs.tensor(0)?.dtype(), T, {
            zip(inputs.tensor(0)?, inputs.tensor(1)?, ctx, |a: T, b: T| a + b).map(one)
        }),
        _ => Err(OpError::unsupported(op.name())),
    }
}

/// Applies `f` to each element, in place where nobody else holds the tensor.
fn map<T: Element>(mut x: Tensor, ctx: &Ctx<'_>, f: impl Fn(T) -> T) -> Result<Tensor, OpError> {
    if let Ok(elements) = x.view_mut::<T>() {
        elements.iter_mut().for_each(|x| *x = f(*x));
        return Ok(x);
    }
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    for (out, &x) in out.view_mut::<T>()?.iter_mut().zip(x.view::<T>()?) {
        *out = f(x);
    }
    Ok(out)
}

fn zip<T: Element>(a: &Tensor, b: &Tensor, ctx: &Ctx<'_>, f: impl Fn(T, T) -> T) -> Result<Tensor, OpError> {
    let shape = a
        .shape()
        .broadcast(b.shape())
        .ok_or_else(|| OpError::shapes("shapes that broadcast together", a.shape(), b.shape()))?;
    let mut out = ctx.alloc(T::DTYPE, shape.clone())?;
    let (a_index, b_index) = (broadcast_index(a.shape(), &shape), broadcast_index(b.shape(), &shape));
    let (a, b) = (a.view::<T>()?, b.view::<T>()?);
    for (i, out) in out.view_mut::<T>()?.iter_mut().enumerate() {
        *out = f(a[a_index(i)], b[b_index(i)]);
    }
    Ok(out)
}

/// From an element's position in `to` to that of the element of `from` that is broadcast there.
fn broadcast_index(from: &Shape, to: &Shape) -> impl Fn(usize) -> usize {
    let pad = to.rank() - from.rank();
    let (strides, sizes) = (from.strides(), to.clone());
    let from = from.clone();
    move |mut position| {
        let mut index = 0;
        for axis in (0..sizes.rank()).rev() {
            let at = position % sizes[axis];
            position /= sizes[axis];
            if axis >= pad && from[axis - pad] != 1 {
                index += at * strides[axis - pad];
            }
        }
        index
    }
}
