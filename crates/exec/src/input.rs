//! What an operator reads and writes, with the checks that every operator needs.

use dunlin_ir::{DType, Element, Shape, Tensor, Value};
use smallvec::SmallVec;

use crate::OpError;

/// The inputs of one step. Values on their last use are owned here alone, so that [`Inputs::take`] yields a tensor
/// whose buffer may be written in place.
#[derive(Debug)]
pub struct Inputs<'a> {
    values: &'a mut [Option<Value>],
}

/// The outputs of one step: `None` for an optional output that is not computed.
pub type Outputs = SmallVec<[Option<Value>; 2]>;

/// The outputs of a step with one output.
pub fn one(value: impl Into<Value>) -> Outputs {
    smallvec::smallvec![Some(value.into())]
}

impl<'a> Inputs<'a> {
    /// The inputs in order: `None` where an optional one is left out.
    pub fn new(values: &'a mut [Option<Value>]) -> Inputs<'a> {
        Inputs { values }
    }

    /// How many inputs there are, those left out included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether input `i` is there.
    pub fn has(&self, i: usize) -> bool {
        self.values.get(i).is_some_and(Option::is_some)
    }

    /// Input `i`, of whatever kind.
    ///
    /// # Errors
    /// [`OpError::MissingInput`].
    pub fn value(&self, i: usize) -> Result<&Value, OpError> {
        self.values.get(i).and_then(Option::as_ref).ok_or(OpError::MissingInput(i))
    }

    /// Input `i`, owned; it is missing afterwards.
    ///
    /// # Errors
    /// [`OpError::MissingInput`].
    pub fn take_value(&mut self, i: usize) -> Result<Value, OpError> {
        self.values.get_mut(i).and_then(Option::take).ok_or(OpError::MissingInput(i))
    }

    /// Input `i`, which must be a tensor.
    ///
    /// # Errors
    /// [`OpError::MissingInput`], [`OpError::Kind`].
    pub fn tensor(&self, i: usize) -> Result<&Tensor, OpError> {
        match self.value(i)? {
            Value::Tensor(tensor) => Ok(tensor),
            other => Err(OpError::Kind { index: i, expected: "tensor", got: other.kind() }),
        }
    }

    /// Input `i`, which must be a tensor if it is there.
    ///
    /// # Errors
    /// [`OpError::Kind`].
    pub fn optional(&self, i: usize) -> Result<Option<&Tensor>, OpError> {
        if self.has(i) { self.tensor(i).map(Some) } else { Ok(None) }
    }

    /// Input `i`, which must be a tensor, owned; it is missing afterwards. Its buffer can be written in place if
    /// nobody else holds it.
    ///
    /// # Errors
    /// [`OpError::MissingInput`], [`OpError::Kind`].
    pub fn take(&mut self, i: usize) -> Result<Tensor, OpError> {
        self.tensor(i)?;
        match self.take_value(i)? {
            Value::Tensor(tensor) => Ok(tensor),
            other => Err(OpError::Kind { index: i, expected: "tensor", got: other.kind() }),
        }
    }

    /// The elements of input `i`.
    ///
    /// # Errors
    /// As [`Inputs::tensor`], and [`OpError::Tensor`] for another element type.
    pub fn view<T: Element>(&self, i: usize) -> Result<&[T], OpError> {
        Ok(self.tensor(i)?.view::<T>()?)
    }

    /// The elements of input `i` as integers; it must hold `int64` or `int32`.
    ///
    /// # Errors
    /// As [`Inputs::tensor`], and [`OpError::DType`].
    pub fn ints(&self, i: usize) -> Result<SmallVec<[i64; 8]>, OpError> {
        let tensor = self.tensor(i)?;
        match tensor.dtype() {
            DType::I64 => Ok(SmallVec::from_slice(tensor.view::<i64>()?)),
            DType::I32 => Ok(tensor.view::<i32>()?.iter().map(|&x| i64::from(x)).collect()),
            other => Err(OpError::dtype("int64 or int32", other)),
        }
    }

    /// The elements of input `i` as integers, if it is there.
    ///
    /// # Errors
    /// As [`Inputs::ints`].
    pub fn optional_ints(&self, i: usize) -> Result<Option<SmallVec<[i64; 8]>>, OpError> {
        if self.has(i) { self.ints(i).map(Some) } else { Ok(None) }
    }

    /// The one element of input `i`.
    ///
    /// # Errors
    /// As [`Inputs::view`], and [`OpError::Shape`] if it has not exactly one element.
    pub fn scalar<T: Element>(&self, i: usize) -> Result<T, OpError> {
        match self.view::<T>(i)? {
            [value] => Ok(*value),
            _ => Err(OpError::shape(format!("one element in input {i}"), self.tensor(i)?.shape())),
        }
    }

    /// All inputs, for operators with any number of them.
    pub fn iter(&self) -> impl Iterator<Item = Option<&Value>> {
        self.values.iter().map(Option::as_ref)
    }

    /// All inputs, owned: for control flow.
    pub fn take_all(&mut self) -> Vec<Option<Value>> {
        self.values.iter_mut().map(Option::take).collect()
    }

    /// The shape that all inputs from `first` on broadcast to.
    ///
    /// # Errors
    /// [`OpError::Shape`] if they do not fit.
    pub fn broadcast_shape(&self) -> Result<Shape, OpError> {
        let mut shape = Shape::scalar();
        for i in 0..self.len() {
            let other = self.tensor(i)?.shape();
            shape = shape
                .broadcast(other)
                .ok_or_else(|| OpError::shapes("shapes that broadcast together", &shape, other))?;
        }
        Ok(shape)
    }
}
