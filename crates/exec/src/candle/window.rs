//! Convolutions: by candle's own kernels where those have the strides, else tap by tap as matrix products.

use candle_core::Tensor;
use dunlin_ir::op::Convolution;
use dunlin_ir::op::convolution::{Conv, ConvTranspose};
use dunlin_ir::op::window::{Axis, Rounding, SameExtent};

use super::args::{Args, padded, strided};
use super::elementwise::activate;
use super::normalize::along_channels;
use super::{declined, pool};
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Convolution, args: &Args<'_>) -> Computed {
    match op {
        Convolution::Conv(op) => conv(op, args),
        Convolution::ConvTranspose(op) => conv_transpose(op, args),
        Convolution::MaxPool(op) => pool::max(op, args),
        Convolution::AveragePool(op) => pool::average(op, args),
        Convolution::LpPool(op) => pool::p_norm(op, args),
        Convolution::GlobalPool(op) => pool::global(*op, args.tensor(0)?),
        _ => declined("no such window on candle"),
    }
}

fn conv(op: &Conv, args: &Args<'_>) -> Computed {
    let (x, w) = (args.tensor(0)?.contiguous()?, args.tensor(1)?.contiguous()?);
    if x.rank() < 3 || w.rank() != x.rank() {
        return declined("operands without spatial axes");
    }
    let groups = op.groups.max(1);
    let axes = op.window.axes(&x.dims()[2..], &w.dims()[2..], Rounding::Floor, SameExtent::Dilated);
    let Some(axes) = axes else { return declined("windows that do not fit") };
    if axes.iter().any(|axis| axis.pad_begin < 0 || axis.pad_end < 0 || axis.output == 0) {
        return declined("padding that crops");
    }
    let pads = |axis: &Axis| (axis.pad_begin, axis.pad_end);
    let is_even = axes.iter().all(|axis| pads(axis) == (axes[0].pad_begin, axes[0].pad_begin));
    let padding = if is_even { axes[0].pad_begin as usize } else { 0 };
    let x = if is_even { x } else { padded_axes(&x, &axes)? };
    let mut y = match axes[..] {
        [a] => x.conv1d(&w, padding, a.stride, a.dilation, groups)?,
        [a, b] if a.stride == b.stride && a.dilation == b.dilation => {
            x.conv2d(&w, padding, a.stride, a.dilation, groups)?
        }
        _ => {
            let x = if is_even { padded_axes(&x, &axes)? } else { x };
            conv_by_taps(&x, &w, &axes, groups)?
        }
    };
    if let Some(bias) = args.optional(2)? {
        y = y.broadcast_add(&along_channels(bias, y.rank())?)?;
    }
    if let Some(residual) = args.optional(3)? {
        y = y.broadcast_add(residual)?;
    }
    activate(y, op.activation)
}

fn padded_axes(x: &Tensor, axes: &[Axis]) -> Computed {
    axes.iter().enumerate().try_fold(x.clone(), |x, (i, axis)| {
        padded(&x, 2 + i, axis.pad_begin.max(0) as usize, axis.pad_end.max(0) as usize, 0.0)
    })
}

/// The sum over the window's elements of their weights times the input, shifted.
fn conv_by_taps(x: &Tensor, w: &Tensor, axes: &[Axis], groups: usize) -> Computed {
    let (n, c, m) = (x.dims()[0], x.dims()[1], w.dims()[0]);
    let places: usize = axes.iter().map(|axis| axis.output).product();
    let n_taps: usize = axes.iter().map(|axis| axis.kernel).product();
    let w = w.reshape((groups, m / groups, c / groups, n_taps))?;
    let mut sum: Option<Tensor> = None;
    for tap in 0..n_taps {
        let seen = tapped(x, axes, tap)?.contiguous()?.reshape((n, groups, c / groups, places))?;
        let weights = w.narrow(3, tap, 1)?.squeeze(3)?.unsqueeze(0)?.contiguous()?;
        let part = weights.broadcast_matmul(&seen)?;
        sum = Some(match sum {
            Some(sum) => sum.add(&part)?,
            None => part,
        });
    }
    let dims: Vec<usize> = [n, m].into_iter().chain(axes.iter().map(|axis| axis.output)).collect();
    match sum {
        Some(sum) => Ok(sum.reshape(dims)?),
        None => declined("a window without elements"),
    }
}

/// For each window, the element number `tap` of it; `x` is padded already.
pub(super) fn tapped(x: &Tensor, axes: &[Axis], tap: usize) -> Computed {
    let (mut x, mut rest) = (x.clone(), tap);
    for (i, axis) in axes.iter().enumerate().rev() {
        let k = rest % axis.kernel;
        rest /= axis.kernel;
        x = strided(&x, 2 + i, k * axis.dilation, axis.stride, axis.output)?;
    }
    Ok(x)
}

fn conv_transpose(op: &ConvTranspose, args: &Args<'_>) -> Computed {
    let (x, w, output) = (args.tensor(0)?.contiguous()?, args.tensor(1)?.contiguous()?, args.output(0)?);
    let (window, groups) = (&op.window, op.groups.max(1));
    let rank = x.rank().saturating_sub(2);
    let is_even =
        (1..rank).all(|i| window.stride(i) == window.stride(0) && window.dilation(i) == window.dilation(0));
    if !(1..=2).contains(&rank) || !is_even || w.rank() != x.rank() || x.dims()[1] % groups != 0 {
        return declined("transposed convolution of these strides");
    }
    let (stride, dilation) = (window.stride(0), window.dilation(0));
    let mut parts = Vec::new();
    for (x, w) in x.chunk(groups, 1)?.iter().zip(&w.chunk(groups, 0)?) {
        let (x, w) = (x.contiguous()?, w.contiguous()?);
        parts.push(match rank {
            1 => x.conv_transpose1d(&w, 0, 0, stride, dilation, 1)?,
            _ => x.conv_transpose2d(&w, 0, 0, stride, dilation)?,
        });
    }
    let mut y = Tensor::cat(&parts, 1)?;
    for i in 0..rank {
        let begin = match op.axis(i, rank, x.dims()[2 + i], w.dims()[2 + i]) {
            Some((begin, _, _)) if begin >= 0 => begin as usize,
            _ => return declined("padding that crops"),
        };
        let n = output[2 + i].min(y.dims()[2 + i].saturating_sub(begin));
        y = padded(&y.narrow(2 + i, begin, n)?, 2 + i, 0, output[2 + i] - n, 0.0)?;
    }
    if let Some(bias) = args.optional(2)? {
        y = y.broadcast_add(&along_channels(bias, y.rank())?)?;
    }
    activate(y, op.activation)
}
