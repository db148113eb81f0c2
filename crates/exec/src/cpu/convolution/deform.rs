//! Deformable convolution: sampled columns, then a product with the weights.

use dunlin_ir::Tensor;
use dunlin_ir::op::convolution::{Conv, DeformConv};
use dunlin_ir::op::window::Axes;
use smallvec::SmallVec;

use super::conv::{Sizes, checked_bias};
use super::output_shape;
use crate::cpu::chunk::{Scratch, items_per_task, try_chunks};
use crate::cpu::real::Real;
use crate::{Ctx, Inputs, OpError};

/// Computes a deformable convolution.
pub(super) fn run<T: Real>(op: &DeformConv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (x, weights, offsets) = (inputs.tensor(0)?, inputs.tensor(1)?, inputs.tensor(2)?);
    let conv = Conv { window: op.window.clone(), groups: op.groups, activation: None };
    let sizes = Sizes::new(&conv, x, weights.shape())?;
    let bias = checked_bias::<T>(inputs, 3, sizes.m)?;
    let mut out = ctx.alloc(T::DTYPE, output_shape(sizes.n, sizes.m, &sizes.axes))?;
    let kernel_len: usize = weights.shape()[2..].iter().product();
    let offset_groups = op.offset_groups.max(1);
    let (rank, spatial) = (sizes.axes.len(), &out.shape()[2..]);
    let expect = |tensor: &Tensor, channels: usize| {
        let dims = tensor.shape();
        if dims.rank() != rank + 2 || dims[0] != sizes.n || dims[1] != channels || dims[2..] != *spatial {
            let expected = format!("[{}, {channels}] and the output's spatial sizes {spatial:?}", sizes.n);
            return Err(OpError::shape(expected, dims));
        }
        Ok(())
    };
    if sizes.c % offset_groups != 0 {
        return Err(OpError::shape(format!("channels divisible by {offset_groups}"), x.shape()));
    }
    expect(offsets, offset_groups * kernel_len * rank)?;
    let mask = inputs.optional(4)?;
    if let Some(mask) = mask {
        expect(mask, offset_groups * kernel_len)?;
    }
    let sampler = Sampler {
        axes: &sizes.axes,
        x: x.view::<T>()?,
        offsets: offsets.view::<T>()?,
        mask: mask.map(Tensor::view::<T>).transpose()?,
        channels: sizes.c,
        offset_groups,
        kernel_len,
        windows: spatial.iter().product(),
    };
    if out.is_empty() {
        return Ok(out);
    }
    let weights = weights.view::<T>()?;
    let (windows, group_c, group_m) = (sampler.windows, sizes.c / sizes.groups, sizes.m / sizes.groups);
    let mut columns = Scratch::new::<T>(ctx, sizes.c * kernel_len * windows)?;
    for (image, out) in out.view_mut::<T>()?.chunks_exact_mut(sizes.m * windows).enumerate() {
        let rows = items_per_task(ctx.pool(), sizes.c * kernel_len, windows * 16);
        try_chunks(ctx.pool(), columns.as_mut::<T>(), rows * windows, &|i, chunk| {
            for (j, column) in chunk.chunks_exact_mut(windows).enumerate() {
                let row = i * rows + j;
                sampler.column(image, row / kernel_len, row % kernel_len, column);
            }
            Ok(())
        })?;
        let columns = columns.as_ref::<T>();
        let depth = group_c * kernel_len;
        let channels = items_per_task(ctx.pool(), sizes.m, windows * depth);
        try_chunks(ctx.pool(), out, channels * windows, &|i, chunk| {
            for (j, out) in chunk.chunks_exact_mut(windows).enumerate() {
                ctx.check_stop()?;
                let channel = i * channels + j;
                out.fill(bias.map_or(T::default(), |bias| bias[channel]));
                let columns = &columns[channel / group_m * depth * windows..][..depth * windows];
                for (&weight, column) in weights[channel * depth..].iter().zip(columns.chunks_exact(windows))
                {
                    out.iter_mut().zip(column).for_each(|(out, &x)| *out += weight * x);
                }
            }
            Ok(())
        })?;
    }
    Ok(out)
}

struct Sampler<'a, T> {
    axes: &'a Axes,
    x: &'a [T],
    offsets: &'a [T],
    mask: Option<&'a [T]>,
    channels: usize,
    offset_groups: usize,
    kernel_len: usize,
    windows: usize,
}

impl<T: Real> Sampler<'_, T> {
    /// The samples of kernel element `k` of a channel, for all windows.
    fn column(&self, image: usize, channel: usize, k: usize, out: &mut [T]) {
        let group = channel / (self.channels / self.offset_groups);
        let plane_len: usize = self.axes.iter().map(|axis| axis.input).product();
        let x = &self.x[(image * self.channels + channel) * plane_len..][..plane_len];
        let row = (image * self.offset_groups + group) * self.kernel_len + k;
        let offsets = &self.offsets[row * self.axes.len() * self.windows..];
        let mut point: SmallVec<[T; 3]> = SmallVec::from_elem(T::default(), self.axes.len());
        for (window, out) in out.iter_mut().enumerate() {
            let (mut window_rest, mut k_rest) = (window, k);
            for (i, axis) in self.axes.iter().enumerate().rev() {
                let (o, k) = (window_rest % axis.output, k_rest % axis.kernel);
                (window_rest, k_rest) = (window_rest / axis.output, k_rest / axis.kernel);
                let base = (o * axis.stride + k * axis.dilation) as f64 - axis.pad_begin as f64;
                point[i] = T::of(base) + offsets[i * self.windows + window];
            }
            *out = interpolate(x, self.axes, &point);
            if let Some(mask) = self.mask {
                *out = *out * mask[row * self.windows + window];
            }
        }
    }
}

/// Linear interpolation along every axis, with zeros outside.
fn interpolate<T: Real>(x: &[T], axes: &Axes, point: &[T]) -> T {
    let mut sum = T::default();
    for corner in 0..1usize << axes.len() {
        let (mut weight, mut index) = (T::of(1.0), Some(0));
        for (i, (axis, &at)) in axes.iter().zip(point).enumerate() {
            let low = at.floor();
            let upper = corner >> i & 1 == 1;
            let fraction = at - low;
            weight = weight * if upper { fraction } else { T::of(1.0) - fraction };
            // A float beyond every integer saturates here, and is outside then; NaN becomes 0 with a weight of NaN.
            let place = (low.wide() as i64).saturating_add(i64::from(upper));
            let place = usize::try_from(place).ok().filter(|&place| place < axis.input);
            index = index.zip(place).map(|(index, place)| index * axis.input + place);
        }
        if let Some(index) = index {
            sum += weight * x[index];
        }
    }
    sum
}
