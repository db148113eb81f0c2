//! Transposed convolution: rows of the input are scattered over the output.

use dunlin_ir::op::convolution::ConvTranspose;
use dunlin_ir::op::window::{Axes, Axis};
use dunlin_ir::{Shape, Tensor};

use super::conv::checked_bias;
use super::geometry::{Geometry, scatter_tap};
use crate::cpu::activation::activate;
use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// The sizes of a transposed convolution, checked against each other.
#[derive(Debug)]
pub(super) struct Sizes {
    /// Images.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Output channels of a group.
    pub group_m: usize,
    /// Independent groups.
    pub groups: usize,
    /// The windows of the convolution that this is the transpose of: their input is our output.
    pub axes: Axes,
}

impl Sizes {
    /// The sizes of a transposed convolution of `x` with weights of shape `weights`.
    pub fn new(op: &ConvTranspose, x: &Tensor, weights: &Shape) -> Result<Sizes, OpError> {
        let groups = op.groups.max(1);
        let axes = axes(op, x, weights)?;
        let (n, c, group_m) = (x.shape()[0], x.shape()[1], weights[1]);
        if weights[0] != c || c % groups != 0 || group_m.checked_mul(groups).is_none() {
            return Err(OpError::shapes(
                "[n, c, spatial..] and [c, m / groups, kernel..]",
                x.shape(),
                weights,
            ));
        }
        Ok(Sizes { n, c, group_m, groups, axes })
    }

    /// Output channels.
    pub fn m(&self) -> usize {
        self.group_m * self.groups
    }

    /// The output's shape.
    pub fn output_shape(&self) -> Shape {
        [self.n, self.m()].into_iter().chain(self.axes.iter().map(|axis| axis.input)).collect()
    }
}

/// Computes a transposed convolution.
pub(super) fn run<T: Real>(
    op: &ConvTranspose,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (x, weights) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let sizes = Sizes::new(op, x, weights.shape())?;
    let m = sizes.m();
    let bias = checked_bias::<T>(inputs, 2, m)?;
    let mut out = ctx.alloc(T::DTYPE, sizes.output_shape())?;
    let Some(geometry) = Geometry::new(&sizes.axes) else { return Ok(out) };
    let plane_len = geometry.input_len();
    if plane_len == 0 || out.is_empty() {
        return Ok(out);
    }
    let (x, weights) = (x.view::<T>()?, weights.view::<T>()?);
    let (x_len, kernel_len) = (geometry.output_len(), geometry.kernel_len());
    let (c, group_m, group_c) = (sizes.c, sizes.group_m, sizes.c / sizes.groups);
    let work = x_len.saturating_mul(group_c * kernel_len);
    let planes = items_per_task(ctx.pool(), out.len() / plane_len, work);
    try_chunks(ctx.pool(), out.view_mut::<T>()?, plane_len * planes, &|i, chunk| {
        for (j, plane) in chunk.chunks_exact_mut(plane_len).enumerate() {
            ctx.check_stop()?;
            let (image, channel) = ((i * planes + j) / m, (i * planes + j) % m);
            let (group, channel_in_group) = (channel / group_m, channel % group_m);
            plane.fill(bias.map_or(T::default(), |bias| bias[channel]));
            for c_at in group * group_c..(group + 1) * group_c {
                let x = &x[(image * c + c_at) * x_len..][..x_len];
                let weights = &weights[(c_at * group_m + channel_in_group) * kernel_len..][..kernel_len];
                scatter_plane(&geometry, x, weights, plane);
            }
            op.activation.map_or(Ok(()), |activation| activate(activation, plane))?;
        }
        Ok(())
    })?;
    Ok(out)
}

/// The windows of the convolution that this is the transpose of: its input is our output.
fn axes(op: &ConvTranspose, x: &Tensor, weights: &Shape) -> Result<Axes, OpError> {
    let mismatch = || OpError::shapes("sizes that fit the attributes", x.shape(), weights);
    let rank = x.rank().checked_sub(2).filter(|&rank| rank > 0).ok_or_else(mismatch)?;
    let window = &op.window;
    let fits = |sizes: &[usize]| sizes.is_empty() || sizes.len() == rank;
    let kernel = weights.get(2..).filter(|kernel| kernel.len() == rank).ok_or_else(mismatch)?;
    if !window.fits_rank(rank) || !fits(&op.output_padding) || !fits(&op.output_shape) {
        return Err(mismatch());
    }
    if !window.kernel.is_empty() && window.kernel.as_slice() != kernel {
        return Err(mismatch());
    }
    let axis = |i: usize| {
        let input = x.shape()[i + 2];
        let (pad_begin, pad_end, output) = op.axis(i, rank, input, kernel[i]).ok_or_else(mismatch)?;
        let (stride, dilation) = (window.stride(i), window.dilation(i));
        Ok(Axis { input: output, kernel: kernel[i], stride, dilation, pad_begin, pad_end, output: input })
    };
    (0..rank).map(axis).collect()
}

fn scatter_plane<T: Real>(geometry: &Geometry, x: &[T], weights: &[T], out: &mut [T]) {
    let inner = geometry.inner;
    if inner.output == 0 {
        return;
    }
    for (row, x) in x.chunks_exact(inner.output).enumerate() {
        geometry.for_each_window_row(row, |window_row, out_row| {
            let out = &mut out[out_row * inner.input..][..inner.input];
            let weights = &weights[window_row * inner.kernel..][..inner.kernel];
            for (tap, &weight) in geometry.taps.iter().zip(weights) {
                scatter_tap(tap, inner.stride, out, x, |out, x| *out += weight * x);
            }
        });
    }
}
