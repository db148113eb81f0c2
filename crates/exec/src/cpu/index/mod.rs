//! Execution of the index family. [`gather`] and [`scatter`] move elements, [`top_k`], [`unique`] and [`select`] choose
//! them; here is what they share: indices, checked and counted from the front.

mod gather;
mod order;
mod scatter;
mod select;
mod top_k;
mod unique;

use dunlin_ir::op::Index;
use dunlin_ir::{DType, Shape, Tensor, resolve_axis};

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(crate) fn run(op: &Index, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Index::Gather(op) => gather::gather(*op, inputs, ctx).map(one),
        Index::GatherElements(op) => gather::gather_elements(*op, inputs, ctx).map(one),
        Index::GatherNd(op) => gather::gather_nd(*op, inputs, ctx).map(one),
        Index::NonMaxSuppression(op) => select::non_max_suppression(*op, inputs, ctx).map(one),
        Index::NonZero => select::non_zero(inputs, ctx).map(one),
        Index::OneHot(op) => select::one_hot(*op, inputs, ctx).map(one),
        Index::ScatterElements(op) => scatter::scatter_elements(*op, inputs, ctx).map(one),
        Index::ScatterNd(reduction) => scatter::scatter_nd(*reduction, inputs, ctx).map(one),
        Index::TensorScatter(op) => scatter::tensor_scatter(*op, inputs, ctx).map(one),
        Index::TopK(op) => top_k::top_k(*op, inputs, ctx),
        Index::Unique(op) => unique::unique(*op, inputs, ctx),
    })
}

/// The axis, which may count from the end.
fn axis(axis: i64, rank: usize) -> Result<usize, OpError> {
    resolve_axis(axis, rank)
        .ok_or_else(|| OpError::value(format!("an axis of a tensor of rank {rank}"), axis))
}

/// An index, which may count from the end, below `bound`.
fn index(index: i64, bound: usize) -> Result<usize, OpError> {
    resolve_axis(index, bound)
        .ok_or_else(|| OpError::value(format!("an index from -{bound} to below {bound}"), index))
}

/// All elements of a tensor as indices below `bound`.
fn indices(tensor: &Tensor, bound: usize) -> Result<Vec<usize>, OpError> {
    fn resolve<T: Copy + Into<i64>>(values: &[T], bound: usize) -> Result<Vec<usize>, OpError> {
        let mut resolved = reserved(values.len())?;
        for &value in values {
            resolved.push(index(value.into(), bound)?);
        }
        Ok(resolved)
    }
    match tensor.dtype() {
        DType::I64 => resolve(tensor.view::<i64>()?, bound),
        DType::I32 => resolve(tensor.view::<i32>()?, bound),
        other => Err(OpError::dtype("int64 or int32", other)),
    }
}

/// The rows that the tuples in the last axis of `tuples` name among the axes of `shape`, counted row-major.
fn tuple_rows(tuples: &Tensor, shape: &[usize]) -> Result<Vec<usize>, OpError> {
    fn resolve<T: Copy + Into<i64>>(values: &[T], n: usize, shape: &[usize]) -> Result<Vec<usize>, OpError> {
        let mut rows = reserved(n)?;
        for i in 0..n {
            let tuple = &values[i * shape.len()..(i + 1) * shape.len()];
            let mut row = 0;
            for (&value, &bound) in tuple.iter().zip(shape) {
                row = row * bound + index(value.into(), bound)?;
            }
            rows.push(row);
        }
        Ok(rows)
    }
    let n = tuples.shape()[..tuples.rank() - 1].iter().product();
    match tuples.dtype() {
        DType::I64 => resolve(tuples.view::<i64>()?, n, shape),
        DType::I32 => resolve(tuples.view::<i32>()?, n, shape),
        other => Err(OpError::dtype("int64 or int32", other)),
    }
}

/// An empty list with room for `n`.
fn reserved<T>(n: usize) -> Result<Vec<T>, OpError> {
    let mut list = Vec::new();
    let refused = dunlin_sys::OutOfMemory { requested_bytes: n.saturating_mul(size_of::<T>()) };
    list.try_reserve_exact(n).map_err(|_| refused)?;
    Ok(list)
}

/// A tensor of positions.
fn positions(values: impl ExactSizeIterator<Item = usize>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(DType::I64, Shape::new(&[values.len()]))?;
    out.view_mut::<i64>()?.iter_mut().zip(values).for_each(|(out, value)| *out = value as i64);
    Ok(out)
}
