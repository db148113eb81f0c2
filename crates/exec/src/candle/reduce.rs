//! Reductions and running sums.

use candle_core::Tensor;
use dunlin_ir::op::Reduce;
use dunlin_ir::op::reduce::{Cumulative, CumulativeKind, Fold, FoldKind};

use super::args::{Args, axis, padded};
use super::declined;
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Reduce, args: &Args<'_>) -> Computed {
    match op {
        Reduce::Fold(op) => fold(op, args),
        Reduce::Cumulative(op) => cumulative(op, args),
        Reduce::Arg(_) => declined("no such reduction on candle"),
    }
}

fn fold(op: &Fold, args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?;
    let named = if args.has(1) { args.ints(1)? } else { Vec::new() };
    let axes: Vec<usize> = if named.is_empty() {
        if op.noop_with_empty_axes { Vec::new() } else { (0..x.rank()).collect() }
    } else {
        named.iter().map(|&i| axis(i, x.rank())).collect::<Result<_, _>>()?
    };
    Ok(folded(op.kind, x, &axes)?.reshape(args.output(0)?)?)
}

/// Folds axes, which stay with size 1.
fn folded(kind: FoldKind, x: &Tensor, axes: &[usize]) -> Computed {
    let sum = |x: &Tensor| sum(x, axes);
    Ok(match kind {
        FoldKind::Sum => sum(x)?,
        FoldKind::Mean => mean(x, axes)?,
        FoldKind::L1 => sum(&x.abs()?)?,
        FoldKind::L2 => sum(&x.sqr()?)?.sqrt()?,
        FoldKind::SumSquare => sum(&x.sqr()?)?,
        FoldKind::LogSum => sum(x)?.log()?,
        FoldKind::Max => max(x, axes)?,
        FoldKind::Min => axes.iter().try_fold(x.contiguous()?, |x, &axis| x.min_keepdim(axis))?,
        FoldKind::LogSumExp => {
            let max = max(x, axes)?;
            sum(&x.broadcast_sub(&max)?.exp()?)?.log()?.add(&max)?
        }
        FoldKind::Prod => axes.iter().try_fold(x.clone(), |x, &axis| product(&x, axis))?,
    })
}

/// The sum over axes, which stay with size 1.
pub(super) fn sum(x: &Tensor, axes: &[usize]) -> Computed {
    if axes.is_empty() { Ok(x.clone()) } else { Ok(x.contiguous()?.sum_keepdim(axes)?) }
}

/// The mean over axes, which stay with size 1.
pub(super) fn mean(x: &Tensor, axes: &[usize]) -> Computed {
    let n: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
    Ok(sum(x, axes)?.affine(1.0 / n as f64, 0.0)?)
}

/// The maximum over axes, which stay with size 1.
pub(super) fn max(x: &Tensor, axes: &[usize]) -> Computed {
    Ok(axes.iter().try_fold(x.contiguous()?, |x, &axis| x.max_keepdim(axis))?)
}

/// Multiplies halves until one element is left.
fn product(x: &Tensor, axis: usize) -> Computed {
    let mut x = x.clone();
    loop {
        let n = x.dim(axis)?;
        if n <= 1 {
            return Ok(x);
        }
        let half = n / 2;
        let mut y = x.narrow(axis, 0, half)?.mul(&x.narrow(axis, half, half)?)?;
        if n % 2 == 1 {
            y = Tensor::cat(&[&y, &x.narrow(axis, n - 1, 1)?.contiguous()?], axis)?;
        }
        x = y;
    }
}

fn cumulative(op: &Cumulative, args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?;
    let [named] = args.ints(1)?[..] else { return declined("more than one axis") };
    let along = axis(named, x.rank())?;
    let x = if op.reverse { x.flip(&[along])? } else { x.clone() };
    let mut y = running(&x, along, op.kind)?;
    if op.exclusive {
        y = padded(&y, along, 1, 0, neutral(op.kind))?.narrow(along, 0, y.dim(along)?)?;
    }
    if op.reverse { Ok(y.flip(&[along])?) } else { Ok(y) }
}

fn neutral(kind: CumulativeKind) -> f32 {
    match kind {
        CumulativeKind::Sum => 0.0,
        CumulativeKind::Prod => 1.0,
    }
}

/// Running sums or products along an axis, by doubling: each round combines twice as many elements.
pub(super) fn running(x: &Tensor, axis: usize, kind: CumulativeKind) -> Computed {
    let n = x.dim(axis)?;
    let (mut x, mut shift) = (x.clone(), 1);
    while shift < n {
        let earlier = padded(&x.narrow(axis, 0, n - shift)?, axis, shift, 0, neutral(kind))?;
        x = match kind {
            CumulativeKind::Sum => x.add(&earlier)?,
            CumulativeKind::Prod => x.mul(&earlier)?,
        };
        shift *= 2;
    }
    Ok(x)
}
