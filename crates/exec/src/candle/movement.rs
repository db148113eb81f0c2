//! Data movement: the sizes come from shape inference, since shapes and axes are on the host.

use candle_core::Tensor;
use dunlin_ir::op::movement::{BlockOrder, Blocks, PadMode};
use dunlin_ir::op::{Index, Movement};

use super::args::{Args, axis, padded, select};
use super::declined;
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Movement, args: &Args<'_>) -> Result<Vec<Option<Tensor>>, Refusal> {
    let x = args.tensor(0)?;
    let y = match op {
        Movement::Reshape(_) | Movement::Flatten(_) | Movement::Squeeze | Movement::Unsqueeze => {
            x.contiguous()?.reshape(args.output(0)?)?
        }
        Movement::Transpose(op) => {
            let perm = op.perm.clone().unwrap_or_else(|| (0..x.rank()).rev().collect());
            x.permute(perm)?.contiguous()?
        }
        Movement::Concat(op) => {
            let along = axis(op.axis, x.rank())?;
            let parts = args.tensors()?.into_iter().map(Tensor::contiguous).collect::<Result<Vec<_>, _>>()?;
            Tensor::cat(&parts, along)?
        }
        Movement::Expand => x.broadcast_as(args.output(0)?)?.contiguous()?,
        Movement::Slice => slice(x, args)?,
        Movement::Pad(op) => pad(op.mode, x, args)?,
        Movement::Tile => tile(x, args)?,
        Movement::DepthToSpace(op) => depth_to_space(op, x)?,
        Movement::SpaceToDepth(op) => space_to_depth(op, x)?,
        Movement::Split(op) => return split(axis(op.axis, x.rank())?, x, args),
        _ => return declined("no such movement on candle"),
    };
    Ok(vec![Some(y)])
}

/// The slices that indices on the host name.
pub(super) fn gather(op: &Index, args: &Args<'_>) -> Computed {
    let Index::Gather(op) = op else { return declined("no such indexing on candle") };
    let x = args.tensor(0)?;
    let along = axis(op.axis, x.rank())?;
    let n = x.dims()[along] as i64;
    let place = |&i: &i64| {
        let i = if i < 0 { i + n } else { i };
        if (0..n).contains(&i) { Ok(i as u32) } else { declined("an index out of range") }
    };
    let places: Vec<u32> = args.ints(1)?.iter().map(place).collect::<Result<_, _>>()?;
    if places.is_empty() {
        return declined("no indices");
    }
    let dims = [&x.dims()[..along], args.host_shape(1)?, &x.dims()[along + 1..]].concat();
    Ok(select(x, along, &places)?.reshape(dims)?)
}

fn slice(x: &Tensor, args: &Args<'_>) -> Computed {
    let (starts, output) = (args.ints(1)?, args.output(0)?);
    let axes = if args.has(3) { args.ints(3)? } else { (0..starts.len() as i64).collect() };
    let steps = if args.has(4) { args.ints(4)? } else { vec![1; starts.len()] };
    let mut y = x.clone();
    for ((&start, &named), &step) in starts.iter().zip(&axes).zip(&steps) {
        let along = axis(named, x.rank())?;
        let (size, n) = (x.dims()[along] as i64, output[along]);
        let start = if start < 0 { start.saturating_add(size) } else { start };
        if step == 1 {
            y = y.narrow(along, start.clamp(0, size) as usize, n)?;
            continue;
        }
        let start = if step > 0 { start.clamp(0, size) } else { start.clamp(-1, size - 1) };
        let places: Vec<u32> = (0..n as i64).map(|i| (start + i.saturating_mul(step)) as u32).collect();
        y = select(&y, along, &places)?;
    }
    Ok(y.contiguous()?)
}

fn pad(mode: PadMode, x: &Tensor, args: &Args<'_>) -> Computed {
    let pads = args.ints(1)?;
    let axes = if args.has(3) { args.ints(3)? } else { (0..x.rank() as i64).collect() };
    let value = if args.has(2) { args.float(2)? } else { 0.0 };
    if pads.len() != 2 * axes.len() {
        return declined("pads that do not fit the axes");
    }
    let mut y = x.clone();
    for (i, &named) in axes.iter().enumerate() {
        let along = axis(named, x.rank())?;
        let (begin, end, n) = (pads[i], pads[axes.len() + i], x.dims()[along] as i64);
        if mode != PadMode::Constant {
            if begin != 0 || end != 0 {
                let places = (-begin..n + end).map(|i| outer_place(mode, i, n));
                y = select(&y, along, &places.collect::<Result<Vec<_>, _>>()?)?;
            }
            continue;
        }
        let (cut_begin, cut_end) = ((-begin).max(0), (-end).max(0));
        if cut_begin + cut_end >= n {
            return declined("pads that remove everything");
        }
        y = y.narrow(along, cut_begin as usize, (n - cut_begin - cut_end) as usize)?;
        y = padded(&y, along, begin.max(0) as usize, end.max(0) as usize, value)?;
    }
    Ok(y.contiguous()?)
}

/// The element that stands at a place before the first or after the last of `n`.
fn outer_place(mode: PadMode, i: i64, n: i64) -> Result<u32, Refusal> {
    let place = match mode {
        PadMode::Edge => i.clamp(0, n - 1),
        PadMode::Wrap => i.rem_euclid(n),
        PadMode::Reflect if n > 1 => {
            let i = i.rem_euclid(2 * (n - 1));
            i.min(2 * (n - 1) - i)
        }
        _ => return declined("no such padding on candle"),
    };
    Ok(place as u32)
}

fn tile(x: &Tensor, args: &Args<'_>) -> Computed {
    let mut y = x.contiguous()?;
    for (along, &n) in args.ints(1)?.iter().enumerate() {
        let n = usize::try_from(n).unwrap_or(0);
        if n != 1 {
            y = Tensor::cat(&vec![&y; n], along)?;
        }
    }
    Ok(y)
}

fn depth_to_space(op: &Blocks, x: &Tensor) -> Computed {
    let ((n, c, h, w), size) = (x.dims4()?, op.size.max(1));
    let depth = c / (size * size);
    let x = x.contiguous()?;
    let moved = match op.order {
        BlockOrder::BlockFirst => {
            x.reshape(&[n, size, size, depth, h, w][..])?.permute(vec![0, 3, 4, 1, 5, 2])?
        }
        BlockOrder::ChannelFirst => {
            x.reshape(&[n, depth, size, size, h, w][..])?.permute(vec![0, 1, 4, 2, 5, 3])?
        }
    };
    Ok(moved.contiguous()?.reshape((n, depth, h * size, w * size))?)
}

fn space_to_depth(op: &Blocks, x: &Tensor) -> Computed {
    let ((n, c, h, w), size) = (x.dims4()?, op.size.max(1));
    if op.order == BlockOrder::ChannelFirst {
        return declined("channels before blocks");
    }
    let x = x.contiguous()?.reshape(&[n, c, h / size, size, w / size, size][..])?;
    let moved = x.permute(vec![0, 3, 5, 1, 2, 4])?.contiguous()?;
    Ok(moved.reshape((n, c * size * size, h / size, w / size))?)
}

fn split(along: usize, x: &Tensor, args: &Args<'_>) -> Result<Vec<Option<Tensor>>, Refusal> {
    let mut start = 0;
    let part = |i: usize| {
        let n = args.output(i)?[along];
        start += n;
        if args.wants(i) { Ok(Some(x.narrow(along, start - n, n)?.contiguous()?)) } else { Ok(None) }
    };
    (0..args.wanted.len()).map(part).collect()
}
