//! numpy's array files: one tensor (`.npy`), and archives of named ones (`.npz`, with the feature `npz`).
//!
//! Format versions 1 to 3 as numpy documents them in `numpy.lib.format`.

mod header;
#[cfg(feature = "npz")]
mod npz;
mod widen;

use dunlin_ir::{DType, Shape, Tensor, TensorError};
use dunlin_sys::{AlignedBuf, Bytes, OutOfMemory};

use header::{Header, Kind};
#[cfg(feature = "npz")]
pub use npz::{NpzEntries, read_npz, write_npz};
pub use widen::widened;

/// How many strings of no characters an array may hold: they take up memory, but no bytes of the file.
const MAX_EMPTY_STRINGS: usize = 1 << 16;

/// Why an array file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// Not an array file.
    #[error("not a numpy array file: it does not start with \\x93NUMPY")]
    Magic,
    /// A version that is not known.
    #[error("version {0} of numpy's format is not supported")]
    Version(u8),
    /// The file ends too early.
    #[error("the array is cut short: {needed} bytes needed, {got} there")]
    Short {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        got: usize,
    },
    /// The header is not what numpy writes.
    #[error("the array's header cannot be read: {0}")]
    Header(String),
    /// An element type that tensors do not have.
    #[error("elements of numpy type {0:?} are not supported")]
    DType(String),
    /// More strings of no characters than a file of no bytes may ask for.
    #[error("{n} strings of no characters; at most {MAX_EMPTY_STRINGS} are read")]
    EmptyStrings {
        /// How many there would be.
        n: usize,
    },
    /// A string that is not text.
    #[error("element {index} is not a string of Unicode characters")]
    Text {
        /// Which element.
        index: usize,
    },
    /// The tensor could not be made.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The archive is broken or could not be written.
    #[error("{0}")]
    Archive(String),
}

/// Reads one array.
///
/// Little- and big-endian numbers, bool, complex, `U` and `S` strings; Fortran order is transposed.
///
/// # Errors
/// [`NpyError`] says what is wrong.
pub fn read_npy(data: &[u8]) -> Result<Tensor, NpyError> {
    let (header, body) = Header::parse(data)?;
    let shape = Shape::new(&header.shape);
    let n = shape.checked_n_elements().ok_or_else(|| TensorError::TooLarge(shape.clone()))?;
    let needed = n.checked_mul(header.item_bytes).ok_or_else(|| TensorError::TooLarge(shape.clone()))?;
    let body = body.get(..needed).ok_or(NpyError::Short { needed, got: body.len() })?;
    let order = |body: &[u8]| {
        if header.fortran_order { to_row_major(body, &header.shape, header.item_bytes) } else { copy(body) }
    };
    let mut buf = order(body)?;
    match header.kind {
        Kind::Number(dtype, word_bytes) => {
            if header.big_endian {
                buf.as_mut_slice().chunks_exact_mut(word_bytes).for_each(<[u8]>::reverse);
            }
            Ok(Tensor::new(dtype, shape, Bytes::from(buf))?)
        }
        Kind::Unicode => {
            strings(buf.as_slice(), header.item_bytes, shape, |item| utf32(item, header.big_endian))
        }
        Kind::Bytes => strings(buf.as_slice(), header.item_bytes, shape, |item| {
            let end = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            String::from_utf8(item[..end].to_vec()).ok()
        }),
    }
}

/// Writes one array, with types that numpy does not have widened as [`widened`] does.
///
/// # Errors
/// [`NpyError::Tensor`] if there is no memory.
pub fn write_npy(tensor: &Tensor) -> Result<Vec<u8>, NpyError> {
    let tensor = widened(tensor)?;
    if tensor.dtype() == DType::String {
        return write_strings(&tensor);
    }
    let mut out = header::write(&header::descriptor(tensor.dtype()), tensor.shape());
    let refused = OutOfMemory { requested_bytes: tensor.byte_len() };
    out.try_reserve_exact(tensor.byte_len()).map_err(|_| TensorError::from(refused))?;
    out.extend_from_slice(tensor.bytes());
    Ok(out)
}

fn write_strings(tensor: &Tensor) -> Result<Vec<u8>, NpyError> {
    let strings = tensor.strings()?;
    let width = strings.iter().map(|s| s.chars().count()).max().unwrap_or(0).max(1);
    let mut out = header::write(&format!("<U{width}"), tensor.shape());
    for string in strings {
        let padding = std::iter::repeat_n('\0', width - string.chars().count());
        out.extend(string.chars().chain(padding).flat_map(|c| u32::from(c).to_le_bytes()));
    }
    Ok(out)
}

fn copy(body: &[u8]) -> Result<AlignedBuf, NpyError> {
    Ok(AlignedBuf::copy_of(body).map_err(TensorError::from)?)
}

/// Column-major elements as row-major ones.
fn to_row_major(body: &[u8], shape: &[usize], item_bytes: usize) -> Result<AlignedBuf, NpyError> {
    let mut buf = AlignedBuf::zeroed(body.len()).map_err(TensorError::from)?;
    let reversed: Shape = shape.iter().rev().copied().collect();
    let strides: Vec<usize> = reversed.strides().iter().rev().copied().collect();
    if item_bytes == 0 {
        return Ok(buf);
    }
    let mut index = vec![0; shape.len()];
    for out in buf.as_mut_slice().chunks_exact_mut(item_bytes) {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        out.copy_from_slice(&body[at * item_bytes..][..item_bytes]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok(buf)
}

fn strings(
    data: &[u8],
    item_bytes: usize,
    shape: Shape,
    decode: impl Fn(&[u8]) -> Option<String>,
) -> Result<Tensor, NpyError> {
    let n = shape.n_elements();
    if item_bytes == 0 && n > MAX_EMPTY_STRINGS {
        return Err(NpyError::EmptyStrings { n });
    }
    let mut strings = Vec::new();
    let refused = OutOfMemory { requested_bytes: n.saturating_mul(size_of::<String>()) };
    strings.try_reserve_exact(n).map_err(|_| TensorError::from(refused))?;
    for index in 0..n {
        let item = &data[index * item_bytes..][..item_bytes];
        strings.push(decode(item).ok_or(NpyError::Text { index })?);
    }
    Ok(Tensor::from_strings(shape, strings)?)
}

fn utf32(item: &[u8], big_endian: bool) -> Option<String> {
    let word = |b: &[u8]| {
        let word = [b[0], b[1], b[2], b[3]];
        if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    };
    let text: String = item.chunks_exact(4).map(|b| char::from_u32(word(b))).collect::<Option<_>>()?;
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_survive_the_round_trip() {
        let tensors = [
            Tensor::from_slice([2, 3], &[1.5f32, -2.0, 3.0, f32::INFINITY, 0.0, -0.0]).unwrap(),
            Tensor::from_slice([3], &[i64::MIN, 0, i64::MAX]).unwrap(),
            Tensor::from_slice([0, 4], &[0u8; 0]).unwrap(),
            Tensor::scalar(7i16).unwrap(),
            Tensor::from_strings([2], vec!["größe".into(), String::new()]).unwrap(),
        ];
        for tensor in tensors {
            let file = write_npy(&tensor).unwrap();
            assert_eq!(file.len() % 64, tensor_bytes(&tensor) % 64, "the header is padded");
            assert_eq!(read_npy(&file).unwrap(), tensor);
        }
    }

    fn tensor_bytes(tensor: &Tensor) -> usize {
        match tensor.strings() {
            Ok(_) => 2 * 5 * 4,
            Err(_) => tensor.byte_len(),
        }
    }

    /// The bytes that numpy 1.26 writes for `np.asfortranarray(np.array([[1, 2, 3], [4, 5, 6]], '>i2'))`.
    #[test]
    fn order_and_endianness_are_undone() {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        let text = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
        file.extend(118u16.to_le_bytes());
        file.extend(format!("{text:<117}\n").into_bytes());
        file.extend([0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]);
        assert_eq!(read_npy(&file).unwrap(), Tensor::from_slice([2, 3], &[1i16, 2, 3, 4, 5, 6]).unwrap());
    }

    #[test]
    fn strings_of_no_characters_are_few() {
        let array = |n: usize| read_npy(&header::write("<U0", &Shape::new(&[n])));
        assert_eq!(array(3).unwrap().strings().unwrap(), ["", "", ""]);
        assert!(matches!(array(957_635_413), Err(NpyError::EmptyStrings { n: 957_635_413 })));
    }

    #[test]
    fn damage_is_an_error() {
        let good = write_npy(&Tensor::from_slice([4], &[1.0f32; 4]).unwrap()).unwrap();
        for len in 0..good.len() {
            assert!(read_npy(&good[..len]).is_err(), "cut to {len}");
        }
        for at in 0..good.len() - 16 {
            let mut bad = good.clone();
            bad[at] ^= 0x15;
            let _ = read_npy(&bad);
        }
    }
}
