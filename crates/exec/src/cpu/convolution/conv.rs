//! Convolution over any number of axes: the plain form, which adds up shifted rows.

use dunlin_ir::op::convolution::Conv;
use dunlin_ir::op::window::{Axes, Rounding, SameExtent};
use dunlin_ir::{Shape, Tensor};

use super::geometry::{Geometry, zip_tap};
use super::{output_shape, window_axes};
use crate::cpu::activation::activate;
use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// The sizes of a convolution, checked against each other.
#[derive(Debug)]
pub(super) struct Sizes {
    /// Images.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Output channels.
    pub m: usize,
    /// Independent groups.
    pub groups: usize,
    /// The windows.
    pub axes: Axes,
}

impl Sizes {
    /// The sizes of a convolution of `x` with weights of shape `weights`.
    pub fn new(op: &Conv, x: &Tensor, weights: &[usize]) -> Result<Sizes, OpError> {
        let mismatch = || {
            let expected = format!("[n, c, spatial..] and [m, c / {}, kernel..]", op.groups);
            OpError::shape(expected, format!("{} and {weights:?}", x.shape()))
        };
        if x.rank() < 3 || x.rank() != weights.len() {
            return Err(mismatch());
        }
        let (n, c, m) = (x.shape()[0], x.shape()[1], weights[0]);
        let groups = op.groups.max(1);
        let kernel = &weights[2..];
        let stated = &op.window.kernel;
        if weights[1].checked_mul(groups) != Some(c) || m % groups != 0 {
            return Err(mismatch());
        }
        if !stated.is_empty() && stated.as_slice() != kernel {
            return Err(OpError::shape(
                format!("weights with a kernel of {stated:?}"),
                format!("{weights:?}"),
            ));
        }
        let axes = window_axes(&op.window, x, kernel, Rounding::Floor, SameExtent::Dilated)?;
        Ok(Sizes { n, c, m, groups, axes })
    }
}

/// The bias, which has one element per output channel.
pub(super) fn checked_bias<'a, T: Real>(
    inputs: &'a Inputs<'_>,
    i: usize,
    m: usize,
) -> Result<Option<&'a [T]>, OpError> {
    let Some(bias) = inputs.optional(i)? else { return Ok(None) };
    if bias.len() != m {
        return Err(OpError::shape(format!("a bias of [{m}]"), bias.shape()));
    }
    Ok(Some(bias.view::<T>()?))
}

/// The residual, which has the output's shape.
pub(super) fn checked_residual<'a, T: Real>(
    inputs: &'a Inputs<'_>,
    shape: &Shape,
) -> Result<Option<&'a [T]>, OpError> {
    match inputs.optional(3)? {
        Some(residual) if residual.shape() != shape => {
            Err(OpError::shapes("a residual of the output's shape", residual.shape(), shape))
        }
        Some(residual) => Ok(Some(residual.view::<T>()?)),
        None => Ok(None),
    }
}

/// Computes a convolution.
pub(super) fn run<T: Real>(op: &Conv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, weights) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let sizes = Sizes::new(op, x, weights.shape())?;
    let bias = checked_bias::<T>(inputs, 2, sizes.m)?;
    let mut out = ctx.alloc(T::DTYPE, output_shape(sizes.n, sizes.m, &sizes.axes))?;
    let residual = checked_residual(inputs, out.shape())?;
    let plan = Plan { op, sizes: &sizes, x: x.view()?, weights: weights.view()?, bias, residual };
    plan.run(out.view_mut()?, ctx)?;
    Ok(out)
}

struct Plan<'a, T> {
    op: &'a Conv,
    sizes: &'a Sizes,
    x: &'a [T],
    weights: &'a [T],
    bias: Option<&'a [T]>,
    residual: Option<&'a [T]>,
}

impl<T: Real> Plan<'_, T> {
    fn run(&self, out: &mut [T], ctx: &Ctx<'_>) -> Result<(), OpError> {
        let Some(geometry) = Geometry::new(&self.sizes.axes) else { return Ok(()) };
        let plane_len = geometry.output_len();
        if plane_len == 0 {
            return Ok(());
        }
        let channels = self.sizes.c / self.sizes.groups;
        let work = plane_len.saturating_mul(channels * geometry.kernel_len());
        let planes = items_per_task(ctx.pool(), out.len() / plane_len, work);
        try_chunks(ctx.pool(), out, plane_len * planes, &|i, chunk| {
            for (j, plane) in chunk.chunks_exact_mut(plane_len).enumerate() {
                ctx.check_stop()?;
                self.plane(&geometry, i * planes + j, plane)?;
            }
            Ok(())
        })
    }

    fn plane(&self, geometry: &Geometry, index: usize, out: &mut [T]) -> Result<(), OpError> {
        let Sizes { c, m, groups, .. } = *self.sizes;
        let (image, channel) = (index / m, index % m);
        let group_channels = c / groups;
        let first = image * c + channel / (m / groups) * group_channels;
        let (input_len, kernel_len) = (geometry.input_len(), geometry.kernel_len());
        out.fill(self.bias.map_or(T::default(), |bias| bias[channel]));
        for i in 0..group_channels {
            let x = &self.x[(first + i) * input_len..][..input_len];
            let weights = &self.weights[(channel * group_channels + i) * kernel_len..][..kernel_len];
            add_plane(geometry, x, weights, out);
        }
        if let Some(residual) = self.residual {
            let residual = &residual[index * out.len()..][..out.len()];
            out.iter_mut().zip(residual).for_each(|(out, &x)| *out += x);
        }
        self.op.activation.map_or(Ok(()), |activation| activate(activation, out))
    }
}

fn add_plane<T: Real>(geometry: &Geometry, x: &[T], weights: &[T], out: &mut [T]) {
    let (width, inner) = (geometry.inner.output, geometry.inner);
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        geometry.for_each_window_row(row, |window_row, input_row| {
            let x = &x[input_row * inner.input..][..inner.input];
            let weights = &weights[window_row * inner.kernel..][..inner.kernel];
            for (tap, &weight) in geometry.taps.iter().zip(weights) {
                zip_tap(tap, inner.stride, out, x, |out, x| *out += weight * x);
            }
        });
    }
}
