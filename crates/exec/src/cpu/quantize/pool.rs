//! Quantized tensors with many elements taken together: pooling, means, softmax.

use dunlin_ir::op::convolution::MaxPool;
use dunlin_ir::op::quantize::{Layout, QLinearAveragePool, QLinearReduceMean, QLinearSoftmax};
use dunlin_ir::op::window::{Axes, Rounding, SameExtent, Window};
use dunlin_ir::{Shape, Tensor};

use super::layout::{to_channels_first, to_channels_last};
use super::parameter::{Byte, int8};
use super::table::bytes_mut;
use super::walk::for_each_tap;
use crate::cpu::elementwise::broadcast::{Broadcast, in_chunks};
use crate::{Ctx, Inputs, OpError};

/// The mean of each window.
pub(super) fn average(
    op: &QLinearAveragePool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let (from, to) = (Byte::read(x.dtype(), inputs, 1, ctx)?, Byte::read(x.dtype(), inputs, 3, ctx)?);
    let counts = |axes: &Axes, window: usize, inside: usize| {
        if op.pool.count_padding { padded_count(axes, window) } else { inside }
    };
    pooled(x, op.layout, &op.pool.window, op.pool.rounding, ctx, |axes, window, plane| {
        let (mut sum, mut inside) = (0i64, 0);
        for_each_tap(axes, window, |_, at| {
            sum += i64::from(from.integer(plane[at]));
            inside += 1;
        });
        to.quantize(sum as f32 * from.scale / counts(axes, window, inside).max(1) as f32)
    })
}

/// The elements of a window that lie in the input or its padding.
fn padded_count(axes: &Axes, window: usize) -> usize {
    let (mut count, mut rest) = (1, window);
    for axis in axes.iter().rev() {
        let start = ((rest % axis.output) * axis.stride) as i64 - axis.pad_begin;
        let end = axis.input as i64 + axis.pad_end;
        count *= (0..axis.kernel).filter(|k| start + ((k * axis.dilation) as i64) < end).count();
        rest /= axis.output;
    }
    count
}

/// The largest element of each window, channels last.
pub(super) fn nhwc_max(op: &MaxPool, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let order = Byte::new(x.dtype(), 1.0, 0)?;
    let least = if x.dtype() == dunlin_ir::DType::I8 { 0x80 } else { 0 };
    pooled(x, Layout::ChannelsLast, &op.window, op.rounding, ctx, |axes, window, plane| {
        let mut largest = least;
        for_each_tap(axes, window, |_, at| {
            if order.integer(plane[at]) > order.integer(largest) {
                largest = plane[at];
            }
        });
        largest
    })
}

/// A number for each window of each channel: `f(axes, window, plane)`.
fn pooled(
    x: &Tensor,
    layout: Layout,
    window: &Window,
    rounding: Rounding,
    ctx: &Ctx<'_>,
    f: impl Fn(&Axes, usize, &[u8]) -> u8 + Sync,
) -> Result<Tensor, OpError> {
    let x = match layout {
        Layout::ChannelsFirst => x.clone(),
        Layout::ChannelsLast => to_channels_first(x, ctx)?,
    };
    let unfit = || OpError::shape(format!("an input that {window:?} fits into"), x.shape());
    if x.rank() < 3 {
        return Err(unfit());
    }
    let axes =
        window.axes(&x.shape()[2..], &window.kernel, rounding, SameExtent::Kernel).ok_or_else(unfit)?;
    let spatial = axes.iter().map(|axis| axis.output);
    let shape: Shape = x.shape()[..2].iter().copied().chain(spatial).collect();
    let mut out = ctx.alloc(x.dtype(), shape)?;
    let (input_len, output_len) = (
        axes.iter().map(|axis| axis.input).product::<usize>(),
        axes.iter().map(|axis| axis.output).product::<usize>(),
    );
    let bytes = x.bytes();
    if output_len > 0 {
        in_chunks(ctx, bytes_mut(&mut out)?, output_len, &|start, out| {
            let plane = &bytes[start / output_len * input_len..][..input_len];
            out.iter_mut().enumerate().for_each(|(window, out)| *out = f(&axes, window, plane));
        });
    }
    match layout {
        Layout::ChannelsFirst => Ok(out),
        Layout::ChannelsLast => to_channels_last(&out, ctx),
    }
}

/// The mean of each channel.
pub(super) fn global_average(layout: Layout, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let rank = inputs.tensor(0)?.rank();
    if rank < 3 {
        return Err(OpError::shape("[n, c, spatial..]", inputs.tensor(0)?.shape()));
    }
    let first = if layout == Layout::ChannelsFirst { 2 } else { 1 };
    let axes: Vec<usize> = (first..first + rank - 2).collect();
    mean(&axes, true, inputs, ctx)
}

/// The mean over some axes.
pub(super) fn reduce_mean(
    op: &QLinearReduceMean,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let shape = inputs.tensor(0)?.shape();
    let axes: Option<Vec<usize>> = op.axes.iter().map(|&axis| shape.axis(axis)).collect();
    let axes = axes.ok_or_else(|| OpError::shape(format!("axes {:?}", op.axes), shape))?;
    let all: Vec<usize> = (0..shape.rank()).collect();
    mean(if axes.is_empty() { &all } else { &axes }, op.keep_dims, inputs, ctx)
}

fn mean(axes: &[usize], keep_dims: bool, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let (from, to) = (Byte::read(x.dtype(), inputs, 1, ctx)?, Byte::read(x.dtype(), inputs, 3, ctx)?);
    let kept = |axis: usize| !axes.contains(&axis);
    let ones: Shape = x.shape().iter().enumerate().map(|(i, &n)| if kept(i) { n } else { 1 }).collect();
    let n_sums = ones.n_elements();
    // Where each element is added: the positions of the sums, spread over the input.
    let plan = Broadcast::new(x.shape(), &[&ones]);
    let bytes = x.bytes();
    let mut sums = vec![0i64; n_sums];
    plan.for_each_run(0..x.len(), |at, len, offsets| {
        let run = bytes[at..at + len].iter().map(|&byte| i64::from(from.integer(byte)));
        if plan.advances(0) {
            sums[offsets[0]..].iter_mut().zip(run).for_each(|(sum, x)| *sum += x);
        } else {
            sums[offsets[0]] += run.sum::<i64>();
        }
    });
    let shape = if keep_dims {
        ones
    } else {
        x.shape().iter().enumerate().filter(|&(i, _)| kept(i)).map(|(_, &n)| n).collect()
    };
    let count = (x.len() / n_sums.max(1)).max(1) as f32;
    let mut out = ctx.alloc(x.dtype(), shape)?;
    for (out, sum) in bytes_mut(&mut out)?.iter_mut().zip(sums) {
        *out = to.quantize(sum as f32 * from.scale / count);
    }
    Ok(out)
}

/// Exponentials divided by their sum.
pub(super) fn softmax(op: QLinearSoftmax, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let (from, to) = (Byte::read(x.dtype(), inputs, 1, ctx)?, Byte::read(x.dtype(), inputs, 3, ctx)?);
    let shape = x.shape();
    let axis = shape.axis(op.axis).ok_or_else(|| OpError::shape(format!("an axis {}", op.axis), shape))?;
    let (outer, len, inner) = if op.flattens {
        (shape[..axis].iter().product(), shape[axis..].iter().product(), 1)
    } else {
        shape.split_at_axis(axis)
    };
    let mut out = ctx.alloc(x.dtype(), shape.clone())?;
    if x.is_empty() {
        return Ok(out);
    }
    debug_assert_eq!(outer * len * inner, x.len());
    let input = int8(x)?;
    in_chunks(ctx, bytes_mut(&mut out)?, len * inner, &|start, out| {
        for lane in 0..inner {
            let places = || (0..len).map(|i| i * inner + lane);
            let largest = places().map(|at| input.at(start + at)).max().unwrap_or(0);
            let exponential = |at: usize| ((input.at(start + at) - largest) as f32 * from.scale).exp();
            let sum: f32 = places().map(exponential).sum();
            places().for_each(|at| out[at] = to.quantize(exponential(at) / sum));
        }
    });
    Ok(out)
}
