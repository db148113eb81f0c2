//! The tensor: element type, shape, and shared bytes, dense and row-major.

use std::sync::Arc;

use dunlin_sys::{AlignedBuf, Bytes, OutOfMemory};

use crate::{DType, Element, Shape};

/// A dense, row-major tensor. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    Bytes(Bytes),
    Strings(Arc<Vec<String>>),
}

/// Why a tensor could not be made or viewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The bytes do not fit the shape.
    #[error("{dtype} of shape {shape} needs {expected} bytes, got {got}")]
    ByteLength {
        /// The element type.
        dtype: DType,
        /// The shape.
        shape: Shape,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The number of elements does not fit the shape.
    #[error("shape {shape} needs {} elements, got {got}", shape.n_elements())]
    ElementCount {
        /// The shape.
        shape: Shape,
        /// Elements given.
        got: usize,
    },
    /// The shape's size overflows.
    #[error("shape {0} has more elements than can be addressed")]
    TooLarge(Shape),
    /// Another element type was asked for.
    #[error("expected {expected}, got {got}")]
    DType {
        /// The type asked for.
        expected: DType,
        /// The type it has.
        got: DType,
    },
    /// The bytes lie at an address that the element type cannot be read from.
    #[error("the bytes of a {0} tensor are not aligned; align it first")]
    Unaligned(DType),
    /// The bytes are shared and cannot be written.
    #[error("the tensor's bytes are shared")]
    Shared,
    /// No memory.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

impl Tensor {
    /// A tensor over `bytes`, which hold the elements in little-endian order, sub-byte types packed.
    ///
    /// The bytes may be unaligned (a range of a mapped file): such a tensor is a constant that
    /// [`Tensor::to_aligned`] makes readable.
    ///
    /// # Errors
    /// [`TensorError::ByteLength`] if the lengths disagree, [`TensorError::DType`] for strings.
    pub fn new(dtype: DType, shape: Shape, bytes: Bytes) -> Result<Tensor, TensorError> {
        if dtype == DType::String {
            return Err(TensorError::DType { expected: DType::U8, got: dtype });
        }
        let expected = byte_len(dtype, &shape)?;
        if bytes.len() != expected {
            return Err(TensorError::ByteLength { dtype, shape, expected, got: bytes.len() });
        }
        Ok(Tensor { dtype, shape, data: Data::Bytes(bytes) })
    }

    /// A tensor of zeros (`false` for bool, empty strings).
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] or [`TensorError::OutOfMemory`].
    pub fn zeroed(dtype: DType, shape: Shape) -> Result<Tensor, TensorError> {
        if dtype == DType::String {
            let n = shape.checked_n_elements().ok_or_else(|| TensorError::TooLarge(shape.clone()))?;
            let mut strings = Vec::new();
            let refused = OutOfMemory { requested_bytes: n.saturating_mul(size_of::<String>()) };
            strings.try_reserve_exact(n).map_err(|_| refused)?;
            strings.resize(n, String::new());
            return Tensor::from_strings(shape, strings);
        }
        let bytes = AlignedBuf::zeroed(byte_len(dtype, &shape)?)?;
        Ok(Tensor { dtype, shape, data: Data::Bytes(bytes.into()) })
    }

    /// A tensor that holds a copy of `elements`.
    ///
    /// # Errors
    /// [`TensorError::ElementCount`] if the shape has another number of elements.
    ///
    /// # Example
    /// ```
    /// use dunlin_ir::Tensor;
    /// let t = Tensor::from_slice([2, 2], &[1.0f32, 2.0, 3.0, 4.0])?;
    /// assert_eq!(t.view::<f32>()?[3], 4.0);
    /// # Ok::<(), dunlin_ir::TensorError>(())
    /// ```
    pub fn from_slice<T: Element>(shape: impl Into<Shape>, elements: &[T]) -> Result<Tensor, TensorError> {
        let shape = shape.into();
        if shape.checked_n_elements() != Some(elements.len()) {
            return Err(TensorError::ElementCount { shape, got: elements.len() });
        }
        let bytes = AlignedBuf::copy_of(bytemuck::cast_slice(elements))?;
        Ok(Tensor { dtype: T::DTYPE, shape, data: Data::Bytes(bytes.into()) })
    }

    /// A tensor of rank 0.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn scalar<T: Element>(value: T) -> Result<Tensor, TensorError> {
        Tensor::from_slice(Shape::scalar(), &[value])
    }

    /// A tensor of strings.
    ///
    /// # Errors
    /// [`TensorError::ElementCount`] if the shape has another number of elements.
    pub fn from_strings(shape: impl Into<Shape>, strings: Vec<String>) -> Result<Tensor, TensorError> {
        let shape = shape.into();
        if shape.checked_n_elements() != Some(strings.len()) {
            return Err(TensorError::ElementCount { shape, got: strings.len() });
        }
        Ok(Tensor { dtype: DType::String, shape, data: Data::Strings(Arc::new(strings)) })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How many dimensions there are.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.shape.n_elements()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements' bytes; empty for strings.
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Bytes(bytes) => bytes.as_slice(),
            Data::Strings(_) => &[],
        }
    }

    /// The elements' shared bytes; `None` for strings.
    pub fn shared_bytes(&self) -> Option<&Bytes> {
        match &self.data {
            Data::Bytes(bytes) => Some(bytes),
            Data::Strings(_) => None,
        }
    }

    /// The bytes to be written, if nobody else holds them.
    pub fn try_bytes_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.data {
            Data::Bytes(bytes) => bytes.try_mut(),
            Data::Strings(_) => None,
        }
    }

    /// The elements.
    ///
    /// # Errors
    /// [`TensorError::DType`] for another type, [`TensorError::Unaligned`] for bytes that lie badly.
    pub fn view<T: Element>(&self) -> Result<&[T], TensorError> {
        if T::DTYPE != self.dtype {
            return Err(TensorError::DType { expected: T::DTYPE, got: self.dtype });
        }
        bytemuck::try_cast_slice(self.bytes()).map_err(|_| TensorError::Unaligned(self.dtype))
    }

    /// The elements to be written, if nobody else holds them.
    ///
    /// # Errors
    /// As [`Tensor::view`], and [`TensorError::Shared`].
    pub fn view_mut<T: Element>(&mut self) -> Result<&mut [T], TensorError> {
        let dtype = self.dtype;
        if T::DTYPE != dtype {
            return Err(TensorError::DType { expected: T::DTYPE, got: dtype });
        }
        let bytes = self.try_bytes_mut().ok_or(TensorError::Shared)?;
        bytemuck::try_cast_slice_mut(bytes).map_err(|_| TensorError::Unaligned(dtype))
    }

    /// The elements of a string tensor.
    ///
    /// # Errors
    /// [`TensorError::DType`] for another type.
    pub fn strings(&self) -> Result<&[String], TensorError> {
        match &self.data {
            Data::Strings(strings) => Ok(strings),
            Data::Bytes(_) => Err(TensorError::DType { expected: DType::String, got: self.dtype }),
        }
    }

    /// The same bytes under another shape with as many elements.
    ///
    /// # Errors
    /// [`TensorError::ElementCount`] if the numbers of elements differ.
    pub fn reshaped(mut self, shape: Shape) -> Result<Tensor, TensorError> {
        if shape.checked_n_elements() != Some(self.len()) {
            return Err(TensorError::ElementCount { got: self.len(), shape });
        }
        self.shape = shape;
        Ok(self)
    }

    /// The same bytes seen as another element type of the same width.
    ///
    /// # Errors
    /// [`TensorError::DType`] if the widths differ or either is string.
    pub fn bit_cast(mut self, dtype: DType) -> Result<Tensor, TensorError> {
        if dtype.bits() != self.dtype.bits() || dtype == DType::String {
            return Err(TensorError::DType { expected: dtype, got: self.dtype });
        }
        self.dtype = dtype;
        Ok(self)
    }

    /// Whether typed views of the elements are possible.
    pub fn is_aligned(&self) -> bool {
        match &self.data {
            Data::Bytes(bytes) => bytes.is_aligned_to(self.dtype.align()),
            Data::Strings(_) => true,
        }
    }

    /// This tensor if it is aligned, else a copy that is.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn to_aligned(&self) -> Result<Tensor, TensorError> {
        if self.is_aligned() {
            return Ok(self.clone());
        }
        self.copied()
    }

    /// A copy with memory of its own.
    ///
    /// # Errors
    /// [`TensorError::OutOfMemory`].
    pub fn copied(&self) -> Result<Tensor, TensorError> {
        let data = match &self.data {
            Data::Bytes(bytes) => Data::Bytes(AlignedBuf::copy_of(bytes.as_slice())?.into()),
            Data::Strings(strings) => Data::Strings(strings.clone()),
        };
        Ok(Tensor { dtype: self.dtype, shape: self.shape.clone(), data })
    }

    /// Tells the system that the elements will not be read for a while, so that weights which were copied or repacked
    /// do not take up memory twice. Heeded for parts of mapped files alone; reading them afterwards is right, and slow.
    pub fn release_pages(&self) {
        if let Data::Bytes(bytes) = &self.data {
            bytes.advise_dont_need();
        }
    }

    /// Bytes that the elements take; for strings, those of the text.
    pub fn byte_len(&self) -> usize {
        match &self.data {
            Data::Bytes(bytes) => bytes.len(),
            Data::Strings(strings) => strings.iter().map(String::len).sum(),
        }
    }
}

impl PartialEq for Tensor {
    /// Whether type, shape and bytes are the same: NaN equals itself, 0.0 differs from -0.0.
    fn eq(&self, other: &Tensor) -> bool {
        self.dtype == other.dtype
            && self.shape == other.shape
            && match (&self.data, &other.data) {
                (Data::Bytes(a), Data::Bytes(b)) => a.as_slice() == b.as_slice(),
                (Data::Strings(a), Data::Strings(b)) => a == b,
                _ => false,
            }
    }
}

fn byte_len(dtype: DType, shape: &Shape) -> Result<usize, TensorError> {
    let n = shape.checked_n_elements().and_then(|n| dtype.byte_len(n));
    n.filter(|&n| n <= isize::MAX as usize).ok_or_else(|| TensorError::TooLarge(shape.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked() {
        let bytes = Bytes::from(AlignedBuf::zeroed(8).unwrap());
        assert!(Tensor::new(DType::F32, [2].into(), bytes.clone()).is_ok());
        assert!(matches!(
            Tensor::new(DType::F32, [3].into(), bytes),
            Err(TensorError::ByteLength { expected: 12, got: 8, .. })
        ));
        assert!(Tensor::from_slice([3], &[1i64]).is_err());
        assert!(matches!(
            Tensor::zeroed(DType::F32, [usize::MAX / 2, 1].into()),
            Err(TensorError::TooLarge(_))
        ));
    }

    #[test]
    fn unaligned_bytes_are_copied_once() {
        let bytes = Bytes::from(AlignedBuf::copy_of(&[0, 1, 0, 0, 0, 2, 0, 0, 0]).unwrap());
        let tensor = Tensor::new(DType::I32, [2].into(), bytes.slice(1..9).unwrap()).unwrap();
        assert_eq!(tensor.view::<i32>(), Err(TensorError::Unaligned(DType::I32)));
        assert_eq!(tensor.to_aligned().unwrap().view::<i32>().unwrap(), [1, 2]);
    }
}
