//! The largest or smallest elements along an axis.

use dunlin_ir::op::index::TopK;
use dunlin_ir::{DType, Element, Tensor, Value};
use dunlin_sys::for_each_chunk_mut;

use super::order::Ranked;
use super::{axis, reserved};
use crate::cpu::dispatch::dispatch_number;
use crate::{Ctx, Inputs, OpError, Outputs};

pub(super) fn top_k(op: TopK, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let along = axis(op.axis, x.rank())?;
    let size = x.shape()[along];
    let k = match inputs.ints(1)?[..] {
        [k] => usize::try_from(k).ok().filter(|&k| k <= size),
        _ => return Err(OpError::shape("one number of elements", inputs.tensor(1)?.shape())),
    };
    let k = k.ok_or_else(|| {
        OpError::value(format!("a number of elements from 0 to {size}"), format!("{:?}", inputs.ints(1)))
    })?;
    let (values, positions) = dispatch_number!(x.dtype(), T, select::<T>(op, x, along, k, ctx))?;
    Ok(smallvec::smallvec![Some(Value::Tensor(values)), Some(Value::Tensor(positions))])
}

fn select<T: Element + Ranked>(
    op: TopK,
    x: &Tensor,
    along: usize,
    k: usize,
    ctx: &Ctx<'_>,
) -> Result<(Tensor, Tensor), OpError> {
    let mut shape = x.shape().clone();
    shape[along] = k;
    let mut values = ctx.alloc(x.dtype(), shape.clone())?;
    let mut positions = ctx.alloc(DType::I64, shape)?;
    if values.is_empty() {
        return Ok((values, positions));
    }
    let (outer, size, inner) = x.shape().split_at_axis(along);
    let n_lines = outer * inner;
    let elements = x.view::<T>()?;
    // For each line the positions of its chosen elements, best first.
    let mut chosen: Vec<usize> = reserved(n_lines * k)?;
    chosen.resize(n_lines * k, 0);
    // A line takes a few nanoseconds per element; tasks are to take some ten microseconds.
    let lines_per_task = ((16 << 10) / size).max(1);
    for_each_chunk_mut(ctx.pool(), &mut chosen, lines_per_task * k, &|task, chosen| {
        let mut line: Vec<(u64, usize)> = Vec::with_capacity(size);
        for (i, chosen) in chosen.chunks_exact_mut(k).enumerate() {
            let at = task * lines_per_task + i;
            let start = at / inner * size * inner + at % inner;
            line.clear();
            let place = |rank: u64| if op.largest { !rank } else { rank };
            line.extend((0..size).map(|j| (place(elements[start + j * inner].rank()), j)));
            best(&mut line, k);
            chosen.iter_mut().zip(&line).for_each(|(chosen, &(_, j))| *chosen = j);
        }
    });
    let (out, out_positions) = (values.view_mut::<T>()?, positions.view_mut::<i64>()?);
    for (at, chosen) in chosen.chunks_exact(k).enumerate() {
        let (block, lane) = (at / inner, at % inner);
        for (j, &position) in chosen.iter().enumerate() {
            let to = (block * k + j) * inner + lane;
            out[to] = elements[(block * size + position) * inner + lane];
            out_positions[to] = position as i64;
        }
    }
    Ok((values, positions))
}

/// Brings the `k` best to the front, best first; among equals the one that came first.
fn best(line: &mut [(u64, usize)], k: usize) {
    if k < line.len() {
        line.select_nth_unstable(k - 1);
    }
    line[..k].sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_and_nan_is_largest() {
        // What ONNX Runtime answers.
        let nan = f32::NAN;
        let cases: [(&[f32], usize, bool, &[usize]); 5] = [
            (&[3.0, nan, nan, 1.0, 5.0], 5, true, &[1, 2, 4, 0, 3]),
            (&[3.0, nan, nan, 1.0, 5.0], 5, false, &[3, 0, 4, 1, 2]),
            (&[3.0, nan, nan, 1.0, 5.0], 2, false, &[3, 0]),
            (&[1.0, 1.0, 1.0], 2, true, &[0, 1]),
            (&[0.0, -0.0, 2.0], 3, false, &[0, 1, 2]),
        ];
        for (x, k, largest, want) in cases {
            let place = |x: &f32| if largest { !x.rank() } else { x.rank() };
            let mut line: Vec<(u64, usize)> = x.iter().map(place).zip(0..).collect();
            best(&mut line, k);
            let got: Vec<usize> = line[..k].iter().map(|&(_, i)| i).collect();
            assert_eq!(got, want, "{x:?} {k} {largest}");
        }
    }
}
