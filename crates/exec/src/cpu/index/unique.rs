//! Distinct elements or slices.

use std::cmp::Ordering;

use dunlin_ir::op::index::Unique;
use dunlin_ir::{DType, Element, Shape, Tensor, Value};
use dunlin_kernels::strided::View;

use super::order::{Ranked, Sortable};
use super::{axis, positions, reserved};
use crate::cpu::cells::{cell_bytes, fresh_bytes, with_cells_one};
use crate::cpu::dispatch::{dispatch, dispatch_number};
use crate::cpu::movement::layout::copy_view;
use crate::{Ctx, Inputs, OpError, Outputs};

pub(super) fn unique(op: Unique, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.take(0)?;
    let (outer, size, inner) = match op.axis {
        Some(along) => x.shape().split_at_axis(axis(along, x.rank())?),
        None => (1, x.len(), 1),
    };
    // Rows are what is compared: slices of the axis, each in one piece.
    let strides = [inner as isize, (size * inner) as isize, 1];
    let view = View::new(0, &[size, outer, inner], &strides);
    let len = outer * inner;
    let rows = copy_view(x.clone(), &view, [size, len].into(), ctx)?;
    let groups = groups(&rows, op.sorted)?;

    let chosen = take_rows(&rows, &groups.first, ctx)?;
    let n = groups.first.len();
    let values = match op.axis {
        None => chosen.reshaped([n].into())?,
        Some(along) => {
            let mut shape = x.shape().clone();
            shape[axis(along, x.rank())?] = n;
            let strides = [inner as isize, len as isize, 1];
            copy_view(chosen, &View::new(0, &[outer, n, inner], &strides), shape, ctx)?
        }
    };
    let lists = [groups.first, groups.group_of, groups.counts];
    let mut outputs = Outputs::new();
    outputs.push(Some(Value::Tensor(values)));
    for list in lists {
        outputs.push(Some(Value::Tensor(positions(list.into_iter(), ctx)?)));
    }
    Ok(outputs)
}

/// Rows that are equal, in the order wanted.
struct Groups {
    /// For each group, its first row.
    first: Vec<usize>,
    /// For each row, its group.
    group_of: Vec<usize>,
    /// For each group, how many rows it has.
    counts: Vec<usize>,
}

fn groups(rows: &Tensor, sorted: bool) -> Result<Groups, OpError> {
    let &[n, len] = rows.shape().dims() else { return Err(OpError::shape("rows", rows.shape())) };
    match rows.dtype() {
        DType::String => {
            let texts = rows.strings()?;
            group(n, sorted, &|a, b| texts[a * len..][..len].cmp(&texts[b * len..][..len]))
        }
        DType::Bool => group_elements::<dunlin_ir::Bool>(rows, n, len, sorted),
        DType::C64 | DType::C128 => {
            dispatch!(rows.dtype(), T in [[f32; 2], [f64; 2]], group_elements::<T>(rows, n, len, sorted))
        }
        dtype => dispatch_number!(dtype, T, group_numbers::<T>(rows, sorted)),
    }
}

fn group_numbers<T: Element + Ranked>(rows: &Tensor, sorted: bool) -> Result<Groups, OpError> {
    let elements = rows.view::<T>()?;
    let mut ranks: Vec<u64> = reserved(elements.len())?;
    ranks.extend(elements.iter().map(|element| element.rank()));
    let (n, len) = (rows.shape()[0], rows.shape()[1]);
    match len {
        1 => group(n, sorted, &|a, b| ranks[a].cmp(&ranks[b])),
        _ => group(n, sorted, &|a, b| ranks[a * len..][..len].cmp(&ranks[b * len..][..len])),
    }
}

fn group_elements<T: Element + Sortable>(
    rows: &Tensor,
    n: usize,
    len: usize,
    sorted: bool,
) -> Result<Groups, OpError> {
    let elements = rows.view::<T>()?;
    let row = |i: usize| &elements[i * len..(i + 1) * len];
    group(n, sorted, &|a, b| {
        let pairs = row(a).iter().zip(row(b));
        pairs.map(|(a, b)| a.order(b)).find(|&order| order != Ordering::Equal).unwrap_or(Ordering::Equal)
    })
}

fn group(n: usize, sorted: bool, compare: &dyn Fn(usize, usize) -> Ordering) -> Result<Groups, OpError> {
    let mut order: Vec<usize> = reserved(n)?;
    order.extend(0..n);
    order.sort_unstable_by(|&a, &b| compare(a, b).then(a.cmp(&b)));
    // Equal rows stand together, the first of them in front.
    let mut runs: Vec<&[usize]> = order.chunk_by(|&a, &b| compare(a, b) == Ordering::Equal).collect();
    if !sorted {
        runs.sort_unstable_by_key(|run| run[0]);
    }
    let mut group_of: Vec<usize> = reserved(n)?;
    group_of.resize(n, 0);
    for (group, run) in runs.iter().enumerate() {
        run.iter().for_each(|&row| group_of[row] = group);
    }
    let first = runs.iter().map(|run| run[0]).collect();
    Ok(Groups { first, group_of, counts: runs.iter().map(|run| run.len()).collect() })
}

fn take_rows(rows: &Tensor, chosen: &[usize], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let shape = Shape::new(&[chosen.len(), rows.shape()[1]]);
    with_cells_one(vec![rows.clone()], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape.clone())?;
        let row_bytes = shape[1] * cell_bytes(&cells[0]);
        let bytes = fresh_bytes(&mut out)?;
        dunlin_kernels::gather::gather_rows(
            ctx.pool(),
            cells[0].bytes(),
            rows.shape()[0],
            row_bytes,
            chosen,
            bytes,
        );
        Ok(out)
    })
}
