//! A stored tensor as Dunlin's own: raw bytes stay where they lie, every other encoding is unpacked.

use std::cell::Cell;

use dunlin_ir::{DType, Shape, Tensor, TensorError, packed};
use dunlin_sys::{AlignedBuf, Bytes, OutOfMemory};

use super::external::{ExternalData, ExternalError, read_external};
use super::limits::Limits;
use super::proto::{DataLocation, SparseTensorProto, TensorProto, name_text};

/// Reads the tensors of one file.
pub struct TensorReader<'a> {
    whole: &'a Bytes,
    limits: &'a Limits,
    external: Option<&'a dyn ExternalData>,
    /// What sparse tensors have taken of [`Limits::max_dense_bytes`].
    dense_bytes: Cell<u64>,
}

/// Why a stored tensor was refused.
#[derive(Debug)]
pub struct TensorReadError {
    /// The tensor's name, perhaps empty.
    pub name: String,
    /// What is wrong with it.
    pub problem: TensorProblem,
}

/// What is wrong with a stored tensor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorProblem {
    /// An element type that is not supported, or 0 for none.
    #[error("element type {code}{} is not supported", type_name(*code))]
    DType {
        /// The standard's number.
        code: i32,
    },
    /// A negative size.
    #[error("dims {dims:?} are not sizes")]
    Dims {
        /// The shape.
        dims: Vec<i64>,
    },
    /// More bytes than can be addressed, or than the limit.
    #[error("dims {dims:?} of {dtype} exceed the limit of {limit} bytes")]
    TooLarge {
        /// The shape.
        dims: Vec<i64>,
        /// The element type.
        dtype: DType,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Bytes that do not fit the shape.
    #[error("dims {dims:?} of {dtype} need {needed} bytes, raw_data has {got}")]
    ByteLength {
        /// The shape.
        dims: Vec<i64>,
        /// The element type.
        dtype: DType,
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        got: usize,
    },
    /// A list whose length does not fit the shape.
    #[error("dims {dims:?} of {dtype} need {needed} entries, {field} has {got}")]
    EntryCount {
        /// The shape.
        dims: Vec<i64>,
        /// The element type.
        dtype: DType,
        /// The field that holds this type's elements.
        field: &'static str,
        /// Entries needed.
        needed: usize,
        /// Entries there.
        got: usize,
    },
    /// A shape that needs elements, and none there.
    #[error("dims {dims:?} of {dtype} need {needed} bytes, but it holds no data")]
    NoData {
        /// The shape.
        dims: Vec<i64>,
        /// The element type.
        dtype: DType,
        /// Bytes needed.
        needed: usize,
    },
    /// A part of a larger tensor.
    #[error("it is a segment of a larger tensor, which is not supported; store it whole")]
    Segment,
    /// Strings as raw or external bytes.
    #[error("strings must be in string_data")]
    RawStrings,
    /// A string that is not UTF-8.
    #[error("string {index} is not UTF-8")]
    NotUtf8 {
        /// Which.
        index: usize,
    },
    /// External data that could not be had.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// A sparse tensor without its values or indices.
    #[error("the sparse tensor has no {0}")]
    SparsePart(&'static str),
    /// Indices of a sparse tensor of the wrong type or shape.
    #[error(
        "indices of {n_values} sparse values must be int64 of shape [{n_values}] or [{n_values}, {rank}], \
         got {got} of shape {shape}"
    )]
    SparseIndices {
        /// How many values there are.
        n_values: usize,
        /// The dense tensor's rank.
        rank: usize,
        /// The indices' type.
        got: DType,
        /// The indices' shape.
        shape: Shape,
    },
    /// Values of a sparse tensor that are not a list.
    #[error("the values of a sparse tensor must have one dimension, got shape {shape}")]
    SparseValues {
        /// Their shape.
        shape: Shape,
    },
    /// An index of a sparse tensor that lies outside of it.
    #[error("sparse index {index} lies outside of dims {dims:?}")]
    SparseRange {
        /// Which value's.
        index: usize,
        /// The dense shape.
        dims: Vec<i64>,
    },
    /// Indices of a sparse tensor that do not ascend.
    #[error("sparse index {index} does not come after the one before it")]
    SparseOrder {
        /// Which value's.
        index: usize,
    },
    /// No memory.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// The tensor could not be made.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

impl std::fmt::Display for TensorReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tensor {:?}: {}", self.name, self.problem)
    }
}

impl std::error::Error for TensorReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

impl<'a> TensorReader<'a> {
    /// A reader of tensors decoded from `whole`, without external data.
    pub fn new(whole: &'a Bytes, limits: &'a Limits) -> TensorReader<'a> {
        TensorReader { whole, limits, external: None, dense_bytes: Cell::new(0) }
    }

    /// The same reader with a source of external data.
    pub fn with_external(self, external: &'a dyn ExternalData) -> TensorReader<'a> {
        TensorReader { external: Some(external), ..self }
    }

    /// The tensor. Raw and external data are not copied, so the bytes may be unaligned.
    ///
    /// # Errors
    /// [`TensorReadError`], which names the tensor.
    pub fn read(&self, proto: &TensorProto) -> Result<Tensor, TensorReadError> {
        self.dense(proto).map_err(|problem| named(&proto.name, problem))
    }

    /// The sparse tensor made dense.
    ///
    /// # Errors
    /// [`TensorReadError`], which names the tensor.
    pub fn read_sparse(&self, proto: &SparseTensorProto) -> Result<Tensor, TensorReadError> {
        let name = proto.values.as_ref().map(|values| values.name.clone()).unwrap_or_default();
        self.sparse(proto).map_err(|problem| named(&name, problem))
    }

    fn dense(&self, proto: &TensorProto) -> Result<Tensor, TensorProblem> {
        if proto.segment.is_some() {
            return Err(TensorProblem::Segment);
        }
        let stored = self.size(&proto.dims, proto)?;
        let external = proto.data_location == DataLocation::External as i32;
        if stored.dtype == DType::String {
            return if external { Err(TensorProblem::RawStrings) } else { stored.strings() };
        }
        let bytes = match &proto.raw_data {
            _ if external => read_external(&proto.external_data, stored.n_bytes, self.external)?,
            // An empty field next to a list of elements says nothing.
            Some(raw) if !raw.is_empty() || stored.n_bytes == 0 => self.raw(raw, &stored)?,
            _ => stored.unpack()?,
        };
        Ok(Tensor::new(stored.dtype, stored.shape, bytes)?)
    }

    /// The size that dims and the type of `proto` call for, held against the limits.
    fn size<'p>(&self, dims: &[i64], proto: &'p TensorProto) -> Result<Stored<'p>, TensorProblem> {
        let code = proto.data_type;
        let dtype = DType::from_onnx_code(code.into()).ok_or(TensorProblem::DType { code })?;
        let sizes = dims.iter().map(|&dim| usize::try_from(dim)).collect::<Result<Shape, _>>();
        let shape = sizes.map_err(|_| TensorProblem::Dims { dims: dims.to_vec() })?;
        let limit = self.limits.max_tensor_bytes;
        let too_large = || TensorProblem::TooLarge { dims: dims.to_vec(), dtype, limit };
        let n_elements = shape.checked_n_elements().ok_or_else(too_large)?;
        let n_bytes = dtype.byte_len(n_elements).ok_or_else(too_large)?;
        if n_bytes as u64 > limit || n_bytes > isize::MAX as usize {
            return Err(too_large());
        }
        Ok(Stored { proto, dtype, shape, n_elements, n_bytes })
    }

    /// The part of the file that `raw` looks into; a copy, should it look elsewhere.
    fn raw(&self, raw: &bytes::Bytes, stored: &Stored<'_>) -> Result<Bytes, TensorProblem> {
        if raw.len() != stored.n_bytes {
            let (dtype, needed, got) = (stored.dtype, stored.n_bytes, raw.len());
            return Err(TensorProblem::ByteLength { dims: stored.proto.dims.clone(), dtype, needed, got });
        }
        let start = raw.as_ptr().addr().checked_sub(self.whole.as_slice().as_ptr().addr());
        let range = start.and_then(|start| Some(start..start.checked_add(raw.len())?));
        match range.and_then(|range| self.whole.slice(range)) {
            Some(bytes) if !raw.is_empty() => Ok(bytes),
            _ => Ok(AlignedBuf::copy_of(raw)?.into()),
        }
    }

    fn sparse(&self, proto: &SparseTensorProto) -> Result<Tensor, TensorProblem> {
        let values_proto = proto.values.as_ref().ok_or(TensorProblem::SparsePart("values"))?;
        let indices_proto = proto.indices.as_ref().ok_or(TensorProblem::SparsePart("indices"))?;
        let dense = self.size(&proto.dims, values_proto)?;
        let values = self.dense(values_proto)?;
        let indices = self.dense(indices_proto)?.to_aligned()?;
        if values.rank() != 1 {
            return Err(TensorProblem::SparseValues { shape: values.shape().clone() });
        }
        let places = places(&dense.shape, values.len(), &indices, &proto.dims)?;
        self.spend(&dense, &proto.dims)?;
        if dense.dtype == DType::String {
            let mut strings = Tensor::zeroed(DType::String, dense.shape.clone())?.strings()?.to_vec();
            for (&place, value) in places.iter().zip(values.strings()?) {
                strings[place].clone_from(value);
            }
            return Ok(Tensor::from_strings(dense.shape, strings)?);
        }
        let mut buf = AlignedBuf::zeroed(dense.n_bytes)?;
        scatter(buf.as_mut_slice(), values.bytes(), &places, dense.dtype.bits());
        Ok(Tensor::new(dense.dtype, dense.shape, buf.into())?)
    }

    /// Takes the dense size of a sparse tensor from what all of them may take together.
    fn spend(&self, dense: &Stored<'_>, dims: &[i64]) -> Result<(), TensorProblem> {
        let n_bytes = match dense.dtype {
            DType::String => (dense.n_elements as u64).saturating_mul(2 * size_of::<String>() as u64),
            _ => dense.n_bytes as u64,
        };
        let spent = self.dense_bytes.get().saturating_add(n_bytes);
        let limit = self.limits.max_dense_bytes;
        if spent > limit {
            return Err(TensorProblem::TooLarge { dims: dims.to_vec(), dtype: dense.dtype, limit });
        }
        self.dense_bytes.set(spent);
        Ok(())
    }
}

/// A stored tensor whose size has been checked.
struct Stored<'p> {
    proto: &'p TensorProto,
    dtype: DType,
    shape: Shape,
    n_elements: usize,
    n_bytes: usize,
}

impl Stored<'_> {
    /// The elements from the list that the standard assigns to their type.
    fn unpack(&self) -> Result<Bytes, TensorProblem> {
        let proto = self.proto;
        let buf = match self.dtype {
            DType::F32 | DType::C64 => self.copy("float_data", &proto.float_data)?,
            DType::F64 | DType::C128 => self.copy("double_data", &proto.double_data)?,
            DType::I64 => self.copy("int64_data", &proto.int64_data)?,
            DType::U64 => self.copy("uint64_data", &proto.uint64_data)?,
            DType::U32 => self.convert("uint64_data", &proto.uint64_data, |x| (x as u32).to_ne_bytes())?,
            DType::I32 => self.copy("int32_data", &proto.int32_data)?,
            DType::Bool => self.convert("int32_data", &proto.int32_data, |x| [u8::from(x != 0)])?,
            dtype if dtype.bits() == 16 => {
                self.convert("int32_data", &proto.int32_data, |x| (x as u16).to_ne_bytes())?
            }
            DType::F6E2M3 | DType::F6E3M2 => self.pack_codes("int32_data", &proto.int32_data)?,
            // Types of 8 bits, and narrower ones that are packed into bytes already.
            _ => self.convert("int32_data", &proto.int32_data, |x| [x as u8])?,
        };
        Ok(buf.into())
    }

    fn copy<T: bytemuck::NoUninit>(
        &self,
        field: &'static str,
        entries: &[T],
    ) -> Result<AlignedBuf, TensorProblem> {
        self.check_count(field, entries.len(), size_of::<T>())?;
        Ok(AlignedBuf::copy_of(bytemuck::cast_slice(entries))?)
    }

    /// Elements that have an entry each, though they are narrower than a byte.
    fn pack_codes(&self, field: &'static str, entries: &[i32]) -> Result<AlignedBuf, TensorProblem> {
        self.check_entries(field, entries.len(), self.n_elements)?;
        let mut buf = AlignedBuf::zeroed(self.n_bytes)?;
        for (i, &entry) in entries.iter().enumerate() {
            packed::write(buf.as_mut_slice(), self.dtype.bits(), i, entry as u8);
        }
        Ok(buf)
    }

    fn convert<T: Copy, const N: usize>(
        &self,
        field: &'static str,
        entries: &[T],
        to_bytes: impl Fn(T) -> [u8; N],
    ) -> Result<AlignedBuf, TensorProblem> {
        self.check_count(field, entries.len(), N)?;
        let mut buf = AlignedBuf::zeroed(self.n_bytes)?;
        for (out, &entry) in buf.as_mut_slice().chunks_exact_mut(N).zip(entries) {
            out.copy_from_slice(&to_bytes(entry));
        }
        Ok(buf)
    }

    /// Refuses a list that does not fill the tensor exactly, at `entry_bytes` of it for each entry.
    fn check_count(&self, field: &'static str, got: usize, entry_bytes: usize) -> Result<(), TensorProblem> {
        self.check_entries(field, got, self.n_bytes / entry_bytes)
    }

    fn check_entries(&self, field: &'static str, got: usize, needed: usize) -> Result<(), TensorProblem> {
        if got == needed {
            return Ok(());
        }
        let (dims, dtype) = (self.proto.dims.clone(), self.dtype);
        if got == 0 {
            return Err(TensorProblem::NoData { dims, dtype, needed: self.n_bytes });
        }
        Err(TensorProblem::EntryCount { dims, dtype, field, needed, got })
    }

    fn strings(self) -> Result<Tensor, TensorProblem> {
        if self.proto.raw_data.as_ref().is_some_and(|raw| !raw.is_empty()) {
            return Err(TensorProblem::RawStrings);
        }
        let (needed, got) = (self.n_elements, self.proto.string_data.len());
        if needed != got {
            let dims = self.proto.dims.clone();
            return Err(TensorProblem::EntryCount {
                dims,
                dtype: self.dtype,
                field: "string_data",
                needed,
                got,
            });
        }
        let text = |(index, bytes): (usize, &bytes::Bytes)| match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(TensorProblem::NotUtf8 { index }),
        };
        let strings = self.proto.string_data.iter().enumerate().map(text).collect::<Result<_, _>>()?;
        Ok(Tensor::from_strings(self.shape, strings)?)
    }
}

/// Where the values of a sparse tensor go, as positions in the row-major dense one.
fn places(
    shape: &Shape,
    n_values: usize,
    indices: &Tensor,
    dims: &[i64],
) -> Result<Vec<usize>, TensorProblem> {
    let rank = shape.rank();
    let per_value = match **indices.shape() {
        [n] if n == n_values => 1,
        [n, k] if n == n_values && k == rank => rank,
        _ => usize::MAX,
    };
    let (got, linear) = (indices.dtype(), indices.rank() == 1);
    if got != DType::I64 || per_value == usize::MAX {
        let shape = indices.shape().clone();
        return Err(TensorProblem::SparseIndices { n_values, rank, got, shape });
    }
    let indices = indices.view::<i64>()?;
    let n_elements = shape.n_elements();
    let mut places = Vec::new();
    let refused = OutOfMemory { requested_bytes: n_values.saturating_mul(size_of::<usize>()) };
    places.try_reserve_exact(n_values).map_err(|_| refused)?;
    for index in 0..n_values {
        let at = &indices[index * per_value..(index + 1) * per_value];
        let place = match linear {
            true => usize::try_from(at[0]).ok().filter(|&place| place < n_elements),
            false => position(shape, at),
        };
        let place = place.ok_or_else(|| TensorProblem::SparseRange { index, dims: dims.to_vec() })?;
        if places.last().is_some_and(|&last| last >= place) {
            return Err(TensorProblem::SparseOrder { index });
        }
        places.push(place);
    }
    Ok(places)
}

/// The row-major position of an element; `None` if it is outside of the shape.
fn position(shape: &Shape, at: &[i64]) -> Option<usize> {
    shape.iter().zip(at).try_fold(0usize, |position, (&size, &i)| {
        let i = usize::try_from(i).ok().filter(|&i| i < size)?;
        position.checked_mul(size)?.checked_add(i)
    })
}

/// Writes elements of `bits` each to their places, which lie within `out`.
fn scatter(out: &mut [u8], values: &[u8], places: &[usize], bits: usize) {
    if bits >= 8 {
        let n = bits / 8;
        for (&place, value) in places.iter().zip(values.chunks_exact(n)) {
            out[place * n..(place + 1) * n].copy_from_slice(value);
        }
        return;
    }
    for (i, &place) in places.iter().enumerate() {
        packed::write(out, bits, place, packed::read(values, bits, i));
    }
}

fn named(name: &[u8], problem: TensorProblem) -> TensorReadError {
    TensorReadError { name: name_text(name).into_owned(), problem }
}

/// What the standard calls the number that stands for no type.
fn type_name(code: i32) -> &'static str {
    match code {
        0 => " (undefined)",
        _ => "",
    }
}
