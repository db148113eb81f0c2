//! Pooling over padded windows: candle's kernels know no padding, so it is laid around the input.

use candle_core::Tensor;
use dunlin_ir::op::convolution::{AveragePool, GlobalPool, LpPool, MaxPool};
use dunlin_ir::op::window::{Axes, Axis, Rounding, SameExtent, Window};

use super::args::{Args, padded};
use super::elementwise::power;
use super::window::tapped;
use super::{declined, reduce};
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn max(op: &MaxPool, args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?.contiguous()?;
    if args.wants(1) {
        return declined("positions of maxima");
    }
    let axes = windows(&op.window, &x, op.rounding)?;
    let x = surrounded(&x, &axes, f32::NEG_INFINITY, |axis| axis.input)?;
    if let Some((kernel, stride)) = planar(&axes) {
        return native(&x, |x| Ok(x.max_pool2d_with_stride(kernel, stride)?));
    }
    by_taps(&x, &axes, |a, b| Ok(a.maximum(b)?))
}

pub(super) fn average(op: &AveragePool, args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?.contiguous()?;
    let axes = windows(&op.window, &x, op.rounding)?;
    let sum = sums(&surrounded(&x, &axes, 0.0, |axis| axis.input)?, &axes)?;
    // How many elements count, per window.
    let spatial =
        |n: fn(&Axis) -> usize| -> Vec<usize> { [1, 1].into_iter().chain(axes.iter().map(n)).collect() };
    let counted = match op.count_padding {
        true => {
            let ones = args.full(1.0, &spatial(padded_len))?;
            surrounded_behind(&ones, &axes)?
        }
        false => surrounded(&args.full(1.0, &spatial(|axis| axis.input))?, &axes, 0.0, |axis| axis.input)?,
    };
    Ok(sum.broadcast_div(&sums(&counted, &axes)?)?)
}

pub(super) fn p_norm(op: &LpPool, args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?.contiguous()?;
    let axes = windows(&op.window, &x, op.rounding)?;
    let powers = surrounded(&power(&x.abs()?, op.p)?, &axes, 0.0, |axis| axis.input)?;
    power(&sums(&powers, &axes)?, 1.0 / op.p)
}

pub(super) fn global(op: GlobalPool, x: &Tensor) -> Computed {
    let axes: Vec<usize> = (2..x.rank()).collect();
    match op {
        GlobalPool::Average => reduce::mean(x, &axes),
        GlobalPool::Max => reduce::max(x, &axes),
        GlobalPool::Lp { p } => power(&reduce::sum(&power(&x.abs()?, p)?, &axes)?, 1.0 / p),
    }
}

fn windows(window: &Window, x: &Tensor, rounding: Rounding) -> Result<Axes, Refusal> {
    if x.rank() < 3 {
        return declined("a tensor without spatial axes");
    }
    match window.axes(&x.dims()[2..], &window.kernel, rounding, SameExtent::Kernel) {
        Some(axes) if axes.iter().all(|a| a.pad_begin >= 0 && a.pad_end >= 0 && a.output > 0) => Ok(axes),
        _ => declined("windows that crop"),
    }
}

fn padded_len(axis: &Axis) -> usize {
    axis.input + (axis.pad_begin.max(0) + axis.pad_end.max(0)) as usize
}

/// From the first element of the first window to the last of the last.
fn covered(axis: &Axis) -> usize {
    (axis.output - 1) * axis.stride + axis.extent()
}

/// The input with exactly the elements around it that windows see.
fn surrounded(x: &Tensor, axes: &[Axis], value: f32, input: impl Fn(&Axis) -> usize) -> Computed {
    let mut x = x.clone();
    for (i, axis) in axes.iter().enumerate() {
        let (begin, covered) = (axis.pad_begin.max(0) as usize, covered(axis));
        let kept = input(axis).min(covered.saturating_sub(begin));
        if kept == 0 {
            return declined("windows on padding alone");
        }
        x = padded(&x.narrow(2 + i, 0, kept)?, 2 + i, begin, covered - begin - kept, value)?;
    }
    Ok(x.contiguous()?)
}

/// What already has its padding, with zeros where the last window reaches beyond.
fn surrounded_behind(x: &Tensor, axes: &[Axis]) -> Computed {
    let mut x = x.clone();
    for (i, axis) in axes.iter().enumerate() {
        let kept = padded_len(axis).min(covered(axis));
        x = padded(&x.narrow(2 + i, 0, kept)?, 2 + i, 0, covered(axis) - kept, 0.0)?;
    }
    Ok(x.contiguous()?)
}

/// The kernel and strides as candle's pooling over planes takes them, if it can.
fn planar(axes: &[Axis]) -> Option<((usize, usize), (usize, usize))> {
    let is_dense = axes.iter().all(|axis| axis.dilation == 1 || axis.kernel == 1);
    match axes {
        [a] if is_dense => Some(((1, a.kernel), (1, a.stride))),
        [a, b] if is_dense => Some(((a.kernel, b.kernel), (a.stride, b.stride))),
        _ => None,
    }
}

/// Pools over planes; lines are planes of one row.
fn native(x: &Tensor, pool: impl Fn(&Tensor) -> Computed) -> Computed {
    if x.rank() == 4 {
        return pool(x);
    }
    Ok(pool(&x.unsqueeze(2)?)?.squeeze(2)?)
}

fn sums(x: &Tensor, axes: &[Axis]) -> Computed {
    if let Some((kernel, stride)) = planar(axes) {
        let mean = native(x, |x| Ok(x.avg_pool2d_with_stride(kernel, stride)?))?;
        return Ok(mean.affine((kernel.0 * kernel.1) as f64, 0.0)?);
    }
    by_taps(x, axes, |a, b| Ok(a.add(b)?))
}

fn by_taps(x: &Tensor, axes: &[Axis], combine: impl Fn(&Tensor, &Tensor) -> Computed) -> Computed {
    let n_taps: usize = axes.iter().map(|axis| axis.kernel).product();
    let first = tapped(x, axes, 0)?;
    (1..n_taps).try_fold(first, |folded, tap| combine(&folded, &tapped(x, axes, tap)?))
}
