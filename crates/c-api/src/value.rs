//! Values: tensors of every element type, sequences, maps and optionals.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use dunlin_core::{DType, Map, Shape, Tensor, Value};
use dunlin_sys::Bytes;

use crate::handle::{Kind, Object, find, free, store};
use crate::ptr::{self, Lent, ReleaseFn};
use crate::status::dunlin_status::{self, DUNLIN_DTYPE, DUNLIN_INPUT, DUNLIN_NOT_FOUND};
use crate::status::{Failure, guard, guard_value};

/// A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
///
/// Values do not change once they are made, so any thread may read one at any time.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_value {
    _opaque: [u8; 0],
}

impl Object for Value {
    type Opaque = dunlin_value;
    const KIND: Kind = Kind::Value;
    const NAME: &'static str = "dunlin_value";
}

/// What a value is.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_kind {
    /// Not a value: an invalid handle.
    DUNLIN_KIND_NONE = 0,
    /// A tensor.
    DUNLIN_KIND_TENSOR = 1,
    /// Values in order.
    DUNLIN_KIND_SEQUENCE = 2,
    /// Keys (a tensor of rank 1) and a value for each.
    DUNLIN_KIND_MAP = 3,
    /// A value or none.
    DUNLIN_KIND_OPTIONAL = 4,
}

/// An element type, by the number of the ONNX standard (`TensorProto.DataType`).
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_dtype {
    /// No element type: the value is no tensor, or it is open.
    DUNLIN_DTYPE_NONE = 0,
    /// IEEE single precision.
    DUNLIN_FLOAT32 = 1,
    /// Unsigned 8 bits.
    DUNLIN_UINT8 = 2,
    /// Signed 8 bits.
    DUNLIN_INT8 = 3,
    /// Unsigned 16 bits.
    DUNLIN_UINT16 = 4,
    /// Signed 16 bits.
    DUNLIN_INT16 = 5,
    /// Signed 32 bits.
    DUNLIN_INT32 = 6,
    /// Signed 64 bits.
    DUNLIN_INT64 = 7,
    /// UTF-8 text of any length.
    DUNLIN_STRING = 8,
    /// One byte, 0 or 1.
    DUNLIN_BOOL = 9,
    /// IEEE half precision.
    DUNLIN_FLOAT16 = 10,
    /// IEEE double precision.
    DUNLIN_FLOAT64 = 11,
    /// Unsigned 32 bits.
    DUNLIN_UINT32 = 12,
    /// Unsigned 64 bits.
    DUNLIN_UINT64 = 13,
    /// Two `float`: real, imaginary.
    DUNLIN_COMPLEX64 = 14,
    /// Two `double`: real, imaginary.
    DUNLIN_COMPLEX128 = 15,
    /// The upper half of a `float`.
    DUNLIN_BFLOAT16 = 16,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities.
    DUNLIN_FLOAT8E4M3FN = 17,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero.
    DUNLIN_FLOAT8E4M3FNUZ = 18,
    /// 8 bits: 5 exponent, 2 mantissa.
    DUNLIN_FLOAT8E5M2 = 19,
    /// 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero.
    DUNLIN_FLOAT8E5M2FNUZ = 20,
    /// Unsigned 4 bits, two to a byte.
    DUNLIN_UINT4 = 21,
    /// Signed 4 bits, two to a byte.
    DUNLIN_INT4 = 22,
    /// 4 bits: 2 exponent, 1 mantissa, two to a byte.
    DUNLIN_FLOAT4E2M1 = 23,
    /// 8 bits of exponent: powers of two.
    DUNLIN_FLOAT8E8M0 = 24,
    /// Unsigned 2 bits, four to a byte.
    DUNLIN_UINT2 = 25,
    /// Signed 2 bits, four to a byte.
    DUNLIN_INT2 = 26,
    /// 6 bits: 2 exponent, 3 mantissa, four to three bytes.
    DUNLIN_FLOAT6E2M3 = 27,
    /// 6 bits: 3 exponent, 2 mantissa, four to three bytes.
    DUNLIN_FLOAT6E3M2 = 28,
}

/// Makes a tensor of a copy of `n_bytes` bytes at `data`: the elements in row-major order, little-endian, those of less than
/// 8 bits packed with the first in the low bits.
///
/// `dtype` is one of `dunlin_dtype`; `dims` points to `rank` sizes (NULL if `rank` is 0). The new value is the caller's: end it with `dunlin_value_free()`.
/// For strings there is `dunlin_value_new_strings()`. Any thread. Since 0.1.
///
/// Statuses: `DUNLIN_NULL_ARGUMENT`, `DUNLIN_DTYPE` (no such element type, or strings), `DUNLIN_SHAPE` (the shape needs another
/// number of bytes), `DUNLIN_LIMIT` (the shape's size overflows), `DUNLIN_OUT_OF_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_new_tensor(
    dtype: i32,
    dims: *const usize,
    rank: usize,
    data: *const c_void,
    n_bytes: usize,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let bytes = ptr::slice(data.cast::<u8>(), n_bytes, "data")?;
        let shape = Shape::new(ptr::slice(dims, rank, "dims")?);
        let mut tensor = Tensor::zeroed(dtype_of(dtype)?, shape.clone())?;
        let expected = tensor.bytes().len();
        match tensor.try_bytes_mut() {
            Some(out) if out.len() == bytes.len() => out.copy_from_slice(bytes),
            _ => return Err(wrong_length(dtype, &shape, expected, n_bytes)),
        }
        ptr::put(out_value, store(Value::Tensor(tensor))?);
        Ok(())
    })
}

/// Makes a tensor over the host's memory, without copying it.
///
/// The memory must stay in place until `release(user)` is called, which happens once, from any thread, when nothing needs the
/// memory any more; that may be after `dunlin_value_free()`, if a run still uses the tensor. Between runs the host may write to
/// it, so that one value serves all runs; while a run reads it, it must not change. No output of a run and no state of a session
/// lies in it. `release` may be NULL for memory that outlives everything. If the call fails, `release` is not called.
/// Memory that is not aligned for the element type is copied by the runs that read it. Otherwise as
/// `dunlin_value_new_tensor()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_borrow_tensor(
    dtype: i32,
    dims: *const usize,
    rank: usize,
    data: *const c_void,
    n_bytes: usize,
    release: ReleaseFn,
    user: *mut c_void,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let shape = Shape::new(ptr::slice(dims, rank, "dims")?);
        let dtype = dtype_of(dtype)?;
        let expected = shape.checked_n_elements().and_then(|n| dtype.byte_len(n));
        if expected != Some(n_bytes) {
            return Err(wrong_length(dtype.onnx_code(), &shape, expected.unwrap_or(usize::MAX), n_bytes));
        }
        let lent = Arc::new(Lent::new(data, n_bytes, release, user)?);
        let tensor = Tensor::new(dtype, shape, Bytes::foreign(lent.clone()))?;
        ptr::put(out_value, store(Value::Tensor(tensor))?);
        lent.keep();
        Ok(())
    })
}

/// Makes a tensor of strings: copies of `n` texts in row-major order.
///
/// `texts` points to `n` pointers and `lengths` to as many lengths in bytes; `lengths` may be NULL if every text ends with
/// a NUL. Texts are UTF-8. Otherwise as `dunlin_value_new_tensor()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_new_strings(
    dims: *const usize,
    rank: usize,
    texts: *const *const c_char,
    lengths: *const usize,
    n: usize,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let shape = Shape::new(ptr::slice(dims, rank, "dims")?);
        let texts = ptr::slice(texts, n, "texts")?;
        let lengths = if lengths.is_null() { None } else { Some(ptr::slice(lengths, n, "lengths")?) };
        let length = |i: usize| lengths.map_or(ptr::NUL_TERMINATED, |lengths| lengths[i]);
        let mut strings = Vec::new();
        strings.try_reserve_exact(n).map_err(|_| out_of_memory())?;
        for (i, &text) in texts.iter().enumerate() {
            strings.push(ptr::text(text, length(i), "a text")?.to_owned());
        }
        ptr::put(out_value, store(Value::Tensor(Tensor::from_strings(shape, strings)?))?);
        Ok(())
    })
}

/// Makes a sequence of `n` values, which stay the caller's. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_new_sequence(
    values: *const *const dunlin_value,
    n: usize,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let values = collect(values, n)?;
        ptr::put(out_value, store(Value::Sequence(values))?);
        Ok(())
    })
}

/// Makes a map of `keys` (a tensor of rank 1: integers or strings) to as many values, which stay the caller's. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_new_map(
    keys: *const dunlin_value,
    values: *const *const dunlin_value,
    n: usize,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let keys = tensor(&*find::<Value>(keys)?)?.clone();
        if keys.rank() != 1 || keys.len() != n {
            let message = format!("{n} values for keys of shape {}", keys.shape());
            return Err(Failure::new(dunlin_status::DUNLIN_SHAPE, message));
        }
        let values = collect(values, n)?;
        ptr::put(out_value, store(Value::Map(Map { keys, values }))?);
        Ok(())
    })
}

/// Makes an optional of `value`, which stays the caller's, or of nothing if `value` is NULL. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_new_optional(
    value: *const dunlin_value,
    out_value: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_value, "out_value")?;
        let value = crate::handle::find_optional::<Value>(value)?;
        let value = value.map(|value| Box::new((*value).clone()));
        ptr::put(out_value, store(Value::Optional(value))?);
        Ok(())
    })
}

/// Ends a value. NULL is allowed. Runs that read it go on undisturbed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_free(value: *mut dunlin_value) {
    guard(|| {
        free::<Value>(value);
        Ok(())
    });
}

/// What a value is; `DUNLIN_KIND_NONE` for NULL and handles that are not valid. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_kind(value: *const dunlin_value) -> dunlin_kind {
    guard_value(dunlin_kind::DUNLIN_KIND_NONE, || {
        Ok(match &*find::<Value>(value)? {
            Value::Tensor(_) => dunlin_kind::DUNLIN_KIND_TENSOR,
            Value::Sequence(_) => dunlin_kind::DUNLIN_KIND_SEQUENCE,
            Value::Map(_) => dunlin_kind::DUNLIN_KIND_MAP,
            _ => dunlin_kind::DUNLIN_KIND_OPTIONAL,
        })
    })
}

/// A tensor's element type (one of `dunlin_dtype`); 0 if the value is no tensor. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_tensor_dtype(value: *const dunlin_value) -> i32 {
    guard_value(0, || Ok(tensor(&*find::<Value>(value)?)?.dtype().onnx_code()))
}

/// How many dimensions a tensor has; 0 if the value is no tensor. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_tensor_rank(value: *const dunlin_value) -> usize {
    guard_value(0, || Ok(tensor(&*find::<Value>(value)?)?.rank()))
}

/// Writes a tensor's sizes to `out_dims`, which has room for `capacity` of them.
///
/// Statuses: `DUNLIN_DTYPE` if the value is no tensor, `DUNLIN_SHAPE` if it has more dimensions than there is room for.
/// Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_tensor_dims(
    value: *const dunlin_value,
    out_dims: *mut usize,
    capacity: usize,
) -> dunlin_status {
    guard(|| {
        let value = find::<Value>(value)?;
        let dims = tensor(&value)?.shape().dims();
        if dims.len() > capacity {
            let message = format!("{} dimensions, room for {capacity}", dims.len());
            return Err(Failure::new(dunlin_status::DUNLIN_SHAPE, message));
        }
        ptr::slice_mut(out_dims, dims.len(), "out_dims")?.copy_from_slice(dims);
        Ok(())
    })
}

/// Lends a tensor's elements: their address in `*out_data` and how many bytes they are in `*out_n_bytes` (which may be NULL).
///
/// The memory is Dunlin's; it may be read by any thread until the value is freed, and must not be written. It is aligned for
/// the element type. Statuses: `DUNLIN_DTYPE` if the value is no tensor, or one of strings. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_tensor_data(
    value: *const dunlin_value,
    out_data: *mut *const c_void,
    out_n_bytes: *mut usize,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_data, "out_data")?;
        let value = find::<Value>(value)?;
        let tensor = tensor(&value)?;
        if tensor.dtype() == DType::String {
            return Err(Failure::new(DUNLIN_DTYPE, "strings are read one by one, with dunlin_tensor_string"));
        }
        ptr::put(out_n_bytes, tensor.bytes().len());
        ptr::put(out_data, tensor.bytes().as_ptr().cast());
        Ok(())
    })
}

/// Lends string `index` of a tensor of strings: its address in `*out_text` (it does not end with a NUL) and its length in bytes
/// in `*out_length`. Lifetime as in `dunlin_tensor_data()`.
///
/// Statuses: `DUNLIN_DTYPE` if it is no tensor of strings, `DUNLIN_NOT_FOUND` if it has no such element. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_tensor_string(
    value: *const dunlin_value,
    index: usize,
    out_text: *mut *const c_char,
    out_length: *mut usize,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_text, "out_text")?;
        ptr::writable(out_length, "out_length")?;
        let value = find::<Value>(value)?;
        let strings = tensor(&value)?.strings()?;
        let text = strings.get(index).ok_or_else(|| no_item(index, strings.len()))?;
        ptr::put(out_length, text.len());
        ptr::put(out_text, text.as_ptr().cast());
        Ok(())
    })
}

/// How many values a sequence or map holds, 0 or 1 for an optional, 0 for anything else. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_count(value: *const dunlin_value) -> usize {
    guard_value(0, || {
        Ok(match &*find::<Value>(value)? {
            Value::Sequence(values) => values.len(),
            Value::Map(map) => map.values.len(),
            Value::Optional(value) => usize::from(value.is_some()),
            _ => 0,
        })
    })
}

/// Value `index` of a sequence, map or optional, as a value of its own that the caller frees. Nothing is copied.
///
/// Statuses: `DUNLIN_NOT_FOUND` if there is none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_item(
    value: *const dunlin_value,
    index: usize,
    out_item: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_item, "out_item")?;
        let value = find::<Value>(value)?;
        let (item, n) = match &*value {
            Value::Sequence(values) => (values.get(index), values.len()),
            Value::Map(map) => (map.values.get(index), map.values.len()),
            Value::Optional(Some(value)) if index == 0 => (Some(&**value), 1),
            _ => (None, 0),
        };
        let item = item.ok_or_else(|| no_item(index, n))?.clone();
        ptr::put(out_item, store(item)?);
        Ok(())
    })
}

/// The keys of a map, as a tensor that the caller frees. Statuses: `DUNLIN_INPUT` if the value is no map. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_value_keys(
    value: *const dunlin_value,
    out_keys: *mut *mut dunlin_value,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_keys, "out_keys")?;
        match &*find::<Value>(value)? {
            Value::Map(map) => {
                ptr::put(out_keys, store(Value::Tensor(map.keys.clone()))?);
                Ok(())
            }
            other => Err(Failure::new(DUNLIN_INPUT, format!("a {} has no keys", other.kind()))),
        }
    })
}

fn collect(values: *const *const dunlin_value, n: usize) -> Result<Vec<Value>, Failure> {
    let handles = ptr::slice(values, n, "values")?;
    let mut values = Vec::new();
    values.try_reserve_exact(n).map_err(|_| out_of_memory())?;
    for &handle in handles {
        values.push((*find::<Value>(handle)?).clone());
    }
    Ok(values)
}

pub(crate) fn tensor(value: &Value) -> Result<&Tensor, Failure> {
    value.as_tensor().ok_or_else(|| Failure::new(DUNLIN_DTYPE, format!("a {} is no tensor", value.kind())))
}

fn dtype_of(code: i32) -> Result<DType, Failure> {
    let dtype = DType::from_onnx_code(code.into()).filter(|&dtype| dtype != DType::String);
    dtype.ok_or_else(|| Failure::new(DUNLIN_DTYPE, format!("{code} is no element type of plain data")))
}

fn wrong_length(dtype: i32, shape: &Shape, expected: usize, got: usize) -> Failure {
    let name = DType::from_onnx_code(dtype.into()).map_or("?", DType::name);
    let message = format!("{name} of shape {shape} needs {expected} bytes, got {got}");
    Failure::new(dunlin_status::DUNLIN_SHAPE, message)
}

fn no_item(index: usize, n: usize) -> Failure {
    Failure::new(DUNLIN_NOT_FOUND, format!("no item {index}: there are {n}"))
}

pub(crate) fn out_of_memory() -> Failure {
    Failure::new(dunlin_status::DUNLIN_OUT_OF_MEMORY, "no memory for a list of the call")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_type_has_its_c_name() {
        let listed = include_str!("value.rs");
        for dtype in DType::ALL {
            let line = format!("DUNLIN_{} = {},", dtype.name().to_uppercase(), dtype.onnx_code());
            assert!(listed.contains(&line), "{line}");
        }
    }
}
