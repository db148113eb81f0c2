//! Execution of the sequence family.

use dunlin_ir::op::Sequence;
use dunlin_ir::op::sequence::{ConcatFromSequence, SplitToSequence};
use dunlin_ir::{Bool, Shape, Tensor, Value, resolve_axis};
use dunlin_sys::OutOfMemory;

use super::arms::built;
use super::part::{self, Assembly};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(crate) fn run(op: &Sequence, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Sequence::SequenceConstruct => {
            let values = (0..inputs.len()).map(|i| inputs.take_value(i)).collect::<Result<_, _>>()?;
            Ok(one(Value::Sequence(values)))
        }
        Sequence::SequenceEmpty(_) => Ok(one(Value::Sequence(Vec::new()))),
        Sequence::SequenceInsert => insert(inputs),
        Sequence::SequenceErase => erase(inputs),
        Sequence::SequenceAt => at(inputs),
        Sequence::SequenceLength => {
            let n = sequence(inputs.value(0)?, 0)?.len();
            scalar(i64::try_from(n).unwrap_or(i64::MAX), ctx)
        }
        Sequence::SplitToSequence(op) => split(*op, inputs, ctx),
        Sequence::ConcatFromSequence(op) => concat(*op, inputs, ctx),
        Sequence::Optional(_) if inputs.has(0) => {
            Ok(one(Value::Optional(Some(Box::new(inputs.take_value(0)?)))))
        }
        Sequence::Optional(_) => Ok(one(Value::Optional(None))),
        Sequence::OptionalGetElement => match inputs.take_value(0)? {
            Value::Optional(Some(value)) => Ok(one(*value)),
            Value::Optional(None) => Err(OpError::value("an optional that holds something", "an empty one")),
            other => Ok(one(other)),
        },
        Sequence::OptionalHasElement => {
            let held = inputs.has(0) && !matches!(inputs.value(0)?, Value::Optional(None));
            scalar(Bool::from(held), ctx)
        }
    })
}

fn scalar<T: dunlin_ir::Element>(value: T, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let mut tensor = ctx.alloc(T::DTYPE, Shape::scalar())?;
    tensor.view_mut::<T>()?.fill(value);
    Ok(one(tensor))
}

/// The elements of a sequence; an optional one is looked into.
pub(super) fn sequence(value: &Value, index: usize) -> Result<&[Value], OpError> {
    match value {
        Value::Sequence(values) => Ok(values),
        Value::Optional(Some(inner)) => sequence(inner, index),
        other => Err(OpError::Kind { index, expected: "sequence", got: other.kind() }),
    }
}

fn take_sequence(inputs: &mut Inputs<'_>) -> Result<Vec<Value>, OpError> {
    sequence(inputs.value(0)?, 0)?;
    let mut value = inputs.take_value(0)?;
    loop {
        match value {
            Value::Sequence(values) => return Ok(values),
            Value::Optional(Some(inner)) => value = *inner,
            other => return Err(OpError::Kind { index: 0, expected: "sequence", got: other.kind() }),
        }
    }
}

/// The position in input `i`, which may count from the end of `n` elements; `None` if the input is missing.
fn position(inputs: &Inputs<'_>, i: usize, n: usize) -> Result<Option<usize>, OpError> {
    let Some(positions) = inputs.optional_ints(i)? else { return Ok(None) };
    let &[position] = positions.as_slice() else {
        return Err(OpError::shape("one position", inputs.tensor(i)?.shape()));
    };
    let resolved = resolve_axis(position, n);
    resolved.map(Some).ok_or_else(|| OpError::value(format!("a position in {n} elements"), position))
}

fn insert(inputs: &mut Inputs<'_>) -> Result<Outputs, OpError> {
    let n = sequence(inputs.value(0)?, 0)?.len();
    // Behind the last element is a position too, but only when counted from the start.
    let at = match inputs.optional_ints(2)?.as_deref() {
        Some(&[at]) if usize::try_from(at) == Ok(n) => n,
        _ => position(inputs, 2, n)?.unwrap_or(n),
    };
    let mut values = take_sequence(inputs)?;
    let value = inputs.take_value(1)?;
    if let (Some(Value::Tensor(first)), Value::Tensor(new)) = (values.first(), &value)
        && first.dtype() != new.dtype()
    {
        return Err(OpError::dtype(first.dtype().name(), new.dtype()));
    }
    values.try_reserve(1).map_err(|_| OutOfMemory { requested_bytes: (n + 1) * size_of::<Value>() })?;
    values.insert(at, value);
    Ok(one(Value::Sequence(values)))
}

fn erase(inputs: &mut Inputs<'_>) -> Result<Outputs, OpError> {
    let n = sequence(inputs.value(0)?, 0)?.len();
    let last = n.checked_sub(1).ok_or_else(|| OpError::value("a sequence with elements", "an empty one"))?;
    let at = position(inputs, 1, n)?.unwrap_or(last);
    let mut values = take_sequence(inputs)?;
    values.remove(at);
    Ok(one(Value::Sequence(values)))
}

fn at(inputs: &mut Inputs<'_>) -> Result<Outputs, OpError> {
    let values = sequence(inputs.value(0)?, 0)?;
    let at = position(inputs, 1, values.len())?.ok_or(OpError::MissingInput(1))?;
    Ok(one(values[at].clone()))
}

fn split(op: SplitToSequence, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let tensor = inputs.tensor(0)?;
    let axis = axis_of(op.axis, tensor.rank())?;
    let n = tensor.shape()[axis];
    let mut values = Vec::new();
    let mut start = 0;
    for len in part_sizes(inputs, n)? {
        let mut part = part::slice(tensor, axis, start, len, ctx)?;
        if !op.keep_dims && !inputs.has(1) {
            let mut dims = part.shape().to_vec();
            dims.remove(axis);
            part = part.reshaped(dims.into())?;
        }
        values.try_reserve(1).map_err(|_| OutOfMemory { requested_bytes: size_of::<Value>() })?;
        values.push(Value::Tensor(part));
        start += len;
    }
    Ok(one(Value::Sequence(values)))
}

/// The sizes of the parts of `n` elements: each as long as a scalar in input 1 says, or as its list says, or 1.
fn part_sizes(inputs: &Inputs<'_>, n: usize) -> Result<Vec<usize>, OpError> {
    let bad = |got: String| OpError::value(format!("sizes that add up to {n}"), got);
    let Some(sizes) = inputs.optional_ints(1)? else { return Ok(vec![1; n]) };
    if inputs.tensor(1)?.rank() > 0 {
        let sizes: Option<Vec<usize>> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
        let sizes = sizes.ok_or_else(|| bad("a negative one".into()))?;
        let sum = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        return if sum == Some(n) { Ok(sizes) } else { Err(bad(format!("{sizes:?}"))) };
    }
    let size = sizes.first().and_then(|&size| usize::try_from(size).ok()).filter(|&size| size > 0);
    let size = size.ok_or_else(|| OpError::value("a positive size", format!("{sizes:?}")))?;
    Ok((0..n).step_by(size).map(|start| size.min(n - start)).collect())
}

fn concat(op: ConcatFromSequence, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let values = sequence(inputs.value(0)?, 0)?;
    let tensors = values.iter().map(|value| match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => Err(OpError::Kind { index: 0, expected: "sequence of tensors", got: other.kind() }),
    });
    let tensors: Vec<&Tensor> = tensors.collect::<Result<_, _>>()?;
    let Some(first) = tensors.first() else {
        return Err(OpError::value("a sequence with elements", "an empty one"));
    };
    join(&tensors, first, op, ctx).map(one)
}

fn join(
    tensors: &[&Tensor],
    first: &Tensor,
    op: ConcatFromSequence,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut dims = first.shape().to_vec();
    let axis = axis_of(op.axis, dims.len() + usize::from(op.new_axis))?;
    if op.new_axis {
        dims.insert(axis, 1);
    }
    let len_of = |tensor: &Tensor| if op.new_axis { 1 } else { tensor.shape()[axis] };
    for tensor in tensors {
        let fits = |(i, (a, b)): (usize, (&usize, &usize))| a == b || (i == axis && !op.new_axis);
        let same_rank = tensor.rank() == first.rank();
        if !same_rank || !tensor.shape().iter().zip(first.shape().iter()).enumerate().all(fits) {
            return Err(OpError::shapes("tensors that can be joined", first.shape(), tensor.shape()));
        }
    }
    let total = tensors.iter().try_fold(0usize, |sum, tensor| sum.checked_add(len_of(tensor)));
    dims[axis] = total.unwrap_or(usize::MAX);
    let mut joined = Assembly::new(first.dtype(), dims.into(), axis, ctx)?;
    let mut at = 0;
    for tensor in tensors {
        joined.put(at, len_of(tensor), tensor)?;
        at += len_of(tensor);
    }
    joined.finish()
}

fn axis_of(axis: i64, rank: usize) -> Result<usize, OpError> {
    resolve_axis(axis, rank).ok_or_else(|| OpError::value(format!("an axis of {rank} dimensions"), axis))
}
