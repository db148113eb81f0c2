//! What flows along the edges of a graph at run time: tensors, and the standard's containers of them.

use std::ops::Range;

use crate::{Tensor, TensorError};

/// A run-time value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Value {
    /// A tensor.
    Tensor(Tensor),
    /// Values in order.
    Sequence(Vec<Value>),
    /// Keys and what they map to, in step.
    Map(Map),
    /// A value or none.
    Optional(Option<Box<Value>>),
}

/// A map from integer or string keys to values, in the order of its making.
#[derive(Debug, Clone)]
pub struct Map {
    /// Rank 1: `int64` (or another integer type) or `string`.
    pub keys: Tensor,
    /// As many values as there are keys. Maps to scalars hold tensors of rank 0.
    pub values: Vec<Value>,
}

impl Value {
    /// The tensor, if it is one.
    pub fn as_tensor(&self) -> Option<&Tensor> {
        match self {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The tensor, if it is one.
    pub fn into_tensor(self) -> Option<Tensor> {
        match self {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// What it is, for messages: `tensor`, `sequence`, `map`, `optional`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Tensor(_) => "tensor",
            Value::Sequence(_) => "sequence",
            Value::Map(_) => "map",
            Value::Optional(_) => "optional",
        }
    }

    /// Calls `f` with every tensor within; ends at the first error.
    ///
    /// # Errors
    /// What `f` reports.
    pub fn try_for_each_tensor_mut<E>(
        &mut self,
        f: &mut dyn FnMut(&mut Tensor) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Value::Tensor(tensor) => f(tensor),
            Value::Sequence(values) => {
                values.iter_mut().try_for_each(|value| value.try_for_each_tensor_mut(f))
            }
            Value::Map(map) => {
                f(&mut map.keys)?;
                map.values.iter_mut().try_for_each(|value| value.try_for_each_tensor_mut(f))
            }
            Value::Optional(value) => value.iter_mut().try_for_each(|value| value.try_for_each_tensor_mut(f)),
        }
    }

    /// The value with all tensors within aligned for their element types, as [`Tensor::to_aligned`] does it.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn into_aligned(mut self) -> Result<Value, TensorError> {
        self.try_for_each_tensor_mut(&mut |tensor| {
            *tensor = tensor.to_aligned()?;
            Ok::<(), TensorError>(())
        })?;
        Ok(self)
    }

    /// The value with copies of those tensors within that lie where somebody will write: at one of the addresses in `written`.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn into_apart(mut self, written: &[Range<usize>]) -> Result<Value, TensorError> {
        if written.is_empty() {
            return Ok(self);
        }
        self.try_for_each_tensor_mut(&mut |tensor| {
            let start = tensor.bytes().as_ptr().addr();
            let end = start + tensor.bytes().len();
            if written.iter().any(|region| region.start < end && start < region.end) {
                *tensor = tensor.copied()?;
            }
            Ok::<(), TensorError>(())
        })?;
        Ok(self)
    }

    /// Bytes of all tensors within.
    pub fn byte_len(&self) -> usize {
        match self {
            Value::Tensor(tensor) => tensor.byte_len(),
            Value::Sequence(values) => values.iter().map(Value::byte_len).sum(),
            Value::Map(map) => map.keys.byte_len() + map.values.iter().map(Value::byte_len).sum::<usize>(),
            Value::Optional(value) => value.as_ref().map_or(0, |value| value.byte_len()),
        }
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Value {
        Value::Tensor(tensor)
    }
}
