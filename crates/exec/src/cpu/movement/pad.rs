//! Padding and cropping: each axis is a map from output positions to input positions or to none.

use dunlin_ir::op::movement::{CenterCropPad, Pad, PadMode};
use dunlin_ir::{Shape, Tensor};
use dunlin_kernels::strided::chunk_units;
use dunlin_sys::for_each_chunk_mut;

use super::{distinct_axes, sizes};
use crate::cpu::cells::{cell_bytes, fill_cells, fresh_bytes, with_cells_one};
use crate::{Ctx, Inputs, OpError};

pub(super) fn pad(op: Pad, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let pads = inputs.ints(1)?;
    let axes = inputs.optional_ints(3)?;
    let value = if inputs.has(2) { Some(inputs.take(2)?) } else { None };
    let x = inputs.take(0)?;
    let axes = match axes {
        Some(axes) => distinct_axes(&axes, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err(OpError::shape(format!("{} pads", 2 * axes.len()), pads.len()));
    }
    let mut ends = vec![(0, 0); x.rank()];
    for (i, &axis) in axes.iter().enumerate() {
        ends[axis] = (pads[i], pads[axes.len() + i]);
    }
    pad_ends(x, &ends, op.mode, value, ctx)
}

pub(super) fn center_crop_pad(
    op: &CenterCropPad,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let target = sizes(&inputs.ints(1)?)?;
    let x = inputs.take(0)?;
    let axes = match &op.axes {
        Some(axes) => distinct_axes(axes, x.rank())?,
        None => (0..x.rank()).collect(),
    };
    if target.rank() != axes.len() {
        return Err(OpError::shape(format!("{} sizes", axes.len()), target.rank()));
    }
    let mut ends = vec![(0, 0); x.rank()];
    for (&axis, &size) in axes.iter().zip(target.iter()) {
        let (from, to) = (x.shape()[axis] as i64, size as i64);
        // Half of what is cut or added, rounded down, comes first.
        let first = to.abs_diff(from) as i64 / 2 * (to - from).signum();
        ends[axis] = (first, to - from - first);
    }
    pad_ends(x, &ends, PadMode::Constant, None, ctx)
}

/// Adds (or removes, if negative) so many elements before and after, on each axis.
fn pad_ends(
    x: Tensor,
    ends: &[(i64, i64)],
    mode: PadMode,
    value: Option<Tensor>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    if ends.iter().all(|&ends| ends == (0, 0)) {
        return Ok(x);
    }
    let mut shape = Shape::scalar();
    for (&size, &(before, after)) in x.shape().iter().zip(ends) {
        let padded = i64::try_from(size).ok().and_then(|n| n.checked_add(before)?.checked_add(after));
        let padded = padded.and_then(|n| usize::try_from(n).ok());
        shape.push(padded.ok_or_else(|| {
            OpError::value(
                format!("pads that leave sizes of at least 0 of {}", x.shape()),
                format!("{ends:?}"),
            )
        })?);
    }
    if let Some(value) = value.as_ref().filter(|value| value.len() != 1) {
        return Err(OpError::shape("one element to pad with", value.shape()));
    }
    ctx.checked_bytes(x.dtype(), &shape)?;
    if shape.contains(&0) {
        return if x.dtype() == dunlin_ir::DType::String {
            Ok(Tensor::zeroed(x.dtype(), shape)?)
        } else {
            ctx.alloc(x.dtype(), shape)
        };
    }
    if mode != PadMode::Constant {
        shape.iter().try_for_each(|&padded| check_runs(padded, ctx))?;
    }
    let axes: Vec<Axis> = (0..ends.len())
        .map(|axis| Axis::new(x.shape()[axis], shape[axis], ends[axis], mode))
        .collect::<Result<_, _>>()?;
    with_cells_one(std::iter::once(x).chain(value).collect(), ctx, |cells| {
        let zero = [0u8; 16];
        let fill = cells.get(1).map_or(&zero[..cell_bytes(&cells[0])], Tensor::bytes);
        copy_padded(&cells[0], &axes, fill, shape, ctx)
    })
}

/// An axis may fall into as many runs as it has elements, which for elements of a few bits take many times their bytes.
fn check_runs(padded: usize, ctx: &Ctx<'_>) -> Result<(), OpError> {
    let (n_bytes, limit) = (padded.saturating_mul(size_of::<Run>()), ctx.limits().run_bytes);
    if n_bytes <= limit {
        return Ok(());
    }
    Err(OpError::Limit { what: "bytes to lay out a padded axis", got: n_bytes as u64, limit: limit as u64 })
}

/// One axis of the output, in runs: where each starts, its length, and where it comes from.
#[derive(Debug, PartialEq)]
struct Axis {
    runs: Vec<Run>,
}

#[derive(Debug, PartialEq, Clone, Copy)]
struct Run {
    len: usize,
    /// The first of the adjacent positions in the input; `None` for the fill value.
    from: Option<usize>,
}

impl Axis {
    fn new(size: usize, padded: usize, (before, after): (i64, i64), mode: PadMode) -> Result<Axis, OpError> {
        let mut runs: Vec<Run> = Vec::new();
        if mode == PadMode::Constant {
            // Where the input starts and ends in the output.
            let clamp = |at: i64| at.clamp(0, padded as i64) as usize;
            let (start, end) = (clamp(before), clamp(before.saturating_add(size as i64)));
            let first = usize::try_from(-before).unwrap_or(0);
            runs.push(Run { len: start, from: None });
            runs.push(Run { len: end - start, from: Some(first) });
            runs.push(Run { len: padded - end, from: None });
            runs.retain(|run| run.len > 0);
            return Ok(Axis { runs });
        }
        // What the pads cut off is gone before the rest is mirrored or repeated.
        let cut = |end: i64| usize::try_from(-end.min(0)).unwrap_or(usize::MAX);
        let kept = size.saturating_sub(cut(before)).saturating_sub(cut(after));
        if kept == 0 && padded > 0 {
            return Err(OpError::value("elements to pad with", format!("an axis of {kept} elements")));
        }
        for position in 0..padded as i64 {
            let at = cut(before) + mode.source(position - before.max(0), kept as i64);
            match runs.last_mut() {
                Some(Run { len, from: Some(from) }) if *from + *len == at => *len += 1,
                _ => {
                    runs.try_reserve(1).map_err(|_| refused(runs.len()))?;
                    runs.push(Run { len: 1, from: Some(at) });
                }
            }
        }
        Ok(Axis { runs })
    }

    /// Whether the axis is the input's, whole.
    fn is_whole(&self, size: usize) -> bool {
        self.runs == [Run { len: size, from: Some(0) }]
    }

    /// For each output position, the input's.
    fn positions(&self) -> Vec<Option<usize>> {
        let run = |run: &Run| {
            let from = run.from;
            (0..run.len).map(move |i| from.map(|from| from + i))
        };
        self.runs.iter().flat_map(run).collect()
    }
}

fn refused(n_runs: usize) -> OpError {
    dunlin_sys::OutOfMemory { requested_bytes: n_runs.saturating_mul(2 * size_of::<Run>()) }.into()
}

trait Source {
    /// The position among `n > 0` elements that stands at `at`, which may lie outside.
    fn source(self, at: i64, n: i64) -> usize;
}

impl Source for PadMode {
    fn source(self, at: i64, n: i64) -> usize {
        let position = match self {
            PadMode::Constant | PadMode::Edge => at.clamp(0, n - 1),
            PadMode::Wrap => at.rem_euclid(n),
            PadMode::Reflect if n == 1 => 0,
            PadMode::Reflect => {
                let at = at.rem_euclid(2 * (n - 1));
                at.min(2 * (n - 1) - at)
            }
        };
        position as usize
    }
}

fn copy_padded(
    x: &Tensor,
    axes: &[Axis],
    fill: &[u8],
    shape: Shape,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(x.dtype(), shape)?;
    // Rows run along the last axis that is padded; what lies within is copied as a whole.
    let last = (0..axes.len()).rev().find(|&axis| !axes[axis].is_whole(x.shape()[axis])).unwrap_or(0);
    let strides = x.shape().strides();
    let unit = strides[last] * cell_bytes(x);
    let row_bytes = out.shape()[last] * unit;
    let outer: Vec<Vec<Option<usize>>> = axes[..last].iter().map(Axis::positions).collect();
    let rows_per_task = chunk_units(ctx.pool(), out.shape()[..last].iter().product(), row_bytes);
    let source = x.bytes();
    for_each_chunk_mut(ctx.pool(), fresh_bytes(&mut out)?, rows_per_task * row_bytes, &|task, rows| {
        for (i, row) in rows.chunks_exact_mut(row_bytes).enumerate() {
            let mut rest = task * rows_per_task + i;
            let mut start = Some(0);
            for (axis, positions) in outer.iter().enumerate().rev() {
                let position = positions[rest % positions.len()];
                rest /= positions.len();
                start = start.zip(position).map(|(start, at)| start + at * strides[axis]);
            }
            match start {
                Some(start) => copy_row(&source[start * cell_bytes(x)..], &axes[last], unit, fill, row),
                None => fill_cells(row, fill),
            }
        }
    });
    Ok(out)
}

fn copy_row(source: &[u8], axis: &Axis, unit: usize, fill: &[u8], row: &mut [u8]) {
    let mut rest = row;
    for run in &axis.runs {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(run.len * unit);
        match run.from {
            Some(from) => part.copy_from_slice(&source[from * unit..(from + run.len) * unit]),
            None => fill_cells(part, fill),
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mode, size, pads, and the position of each element.
    type Case = (PadMode, usize, (i64, i64), &'static [i64]);

    #[test]
    fn axes_map_as_numpy_pads() {
        // numpy.pad(range(size), (before, after), mode), cut first where negative; -1 stands for the fill value.
        let cases: [Case; 10] = [
            (PadMode::Constant, 3, (1, 2), &[-1, 0, 1, 2, -1, -1]),
            (PadMode::Constant, 3, (-1, 1), &[1, 2, -1]),
            (PadMode::Constant, 3, (-5, 4), &[-1, -1]),
            (PadMode::Constant, 0, (1, 1), &[-1, -1]),
            (PadMode::Reflect, 3, (5, 3), &[1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]),
            (PadMode::Reflect, 1, (1, 1), &[0, 0, 0]),
            (PadMode::Reflect, 4, (-1, 1), &[1, 2, 3, 2]),
            (PadMode::Edge, 3, (2, 1), &[0, 0, 0, 1, 2, 2]),
            (PadMode::Wrap, 3, (4, 2), &[2, 0, 1, 2, 0, 1, 2, 0, 1]),
            (PadMode::Wrap, 3, (-1, 1), &[1, 2, 1]),
        ];
        for (mode, size, ends, want) in cases {
            let axis = Axis::new(size, want.len(), ends, mode).unwrap();
            let got: Vec<i64> = axis.positions().iter().map(|p| p.map_or(-1, |p| p as i64)).collect();
            assert_eq!(got, want, "{mode:?} {size} {ends:?}");
        }
        assert!(Axis::new(0, 1, (1, 0), PadMode::Edge).is_err());
    }
}
