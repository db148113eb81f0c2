//! Types smaller than a byte: packed in tensors, a byte each in numpy.

use dunlin_core::{DType, Error, TensorError};
use dunlin_sys::AlignedBuf;

/// Packs elements of a byte each; the first one goes to the lowest bits.
pub(crate) fn pack(dtype: DType, elements: &[u8]) -> Result<AlignedBuf, Error> {
    let bits = dtype.bits();
    let too_large = || Error::new(dunlin_core::ErrorKind::Limit, "more elements than can be addressed");
    let n_bytes = dtype.byte_len(elements.len()).ok_or_else(too_large)?;
    let mut packed = AlignedBuf::zeroed(n_bytes).map_err(TensorError::from)?;
    let bytes = packed.as_mut_slice();
    for (i, &element) in elements.iter().enumerate() {
        let (at, shift) = (i * bits / 8, i * bits % 8);
        let element = u16::from(element & mask(bits)) << shift;
        bytes[at] |= element as u8;
        if element > 0xff {
            bytes[at + 1] |= (element >> 8) as u8;
        }
    }
    Ok(packed)
}

/// The `n` elements in the lowest bits of a byte each, as ml_dtypes has them.
pub(crate) fn unpack(dtype: DType, packed: &[u8], n: usize) -> Result<AlignedBuf, Error> {
    let bits = dtype.bits();
    let mut unpacked = AlignedBuf::zeroed(n).map_err(TensorError::from)?;
    for (i, element) in unpacked.as_mut_slice().iter_mut().enumerate() {
        let (at, shift) = (i * bits / 8, i * bits % 8);
        let two = u16::from(packed[at]) | u16::from(packed.get(at + 1).copied().unwrap_or(0)) << 8;
        *element = (two >> shift) as u8 & mask(bits);
    }
    Ok(unpacked)
}

fn mask(bits: usize) -> u8 {
    ((1u16 << bits) - 1) as u8
}
