//! Elements narrower than a byte: reading, writing and converting packed runs.
//!
//! The first element lies in the low bits of the first byte, as the ONNX standard stores them; elements of 6 bits run on
//! into the next byte.

use crate::DType;

/// The bits of element `index` of a packed run of elements of `bits` (2, 4, 6 or 8) each; 0 beyond the end.
pub fn read(bytes: &[u8], bits: usize, index: usize) -> u8 {
    let (at, shift) = (index * bits / 8, index * bits % 8);
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let low = byte(at) >> shift;
    let high = if shift + bits > 8 { byte(at + 1) << (8 - shift) } else { 0 };
    (low | high) & mask(bits)
}

/// Sets the bits of element `index` of a packed run, which must hold it; higher bits of `value` are dropped.
pub fn write(bytes: &mut [u8], bits: usize, index: usize, value: u8) {
    let (at, shift) = (index * bits / 8, index * bits % 8);
    let (mask, value) = (mask(bits), value & mask(bits));
    bytes[at] = bytes[at] & !(mask << shift) | value << shift;
    if shift + bits > 8 {
        let shift = 8 - shift;
        bytes[at + 1] = bytes[at + 1] & !(mask >> shift) | value >> shift;
    }
}

/// Unpacks as many elements as `out` holds, one to a byte, as raw bits.
pub fn unpack_into(bytes: &[u8], bits: usize, out: &mut [u8]) {
    unpack_range(bytes, bits, 0, out);
}

/// Unpacks the elements from `start` on, one to a byte, as raw bits; 0 beyond the end.
pub fn unpack_range(bytes: &[u8], bits: usize, start: usize, out: &mut [u8]) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = read(bytes, bits, start + i);
    }
}

/// Packs `values` (raw bits, one to a byte; higher bits are dropped). Bits that are left over in the last byte are 0.
pub fn pack_into(values: &[u8], bits: usize, out: &mut [u8]) {
    if 8 % bits != 0 {
        out.fill(0);
        values.iter().enumerate().for_each(|(i, &value)| write(out, bits, i, value));
        return;
    }
    for (out, values) in out.iter_mut().zip(values.chunks(8 / bits)) {
        *out = values.iter().rev().fold(0, |byte, &value| {
            let shifted = u32::from(byte) << bits;
            shifted as u8 | (value & mask(bits))
        });
    }
}

/// The number that raw bits of a packed integer type (or an 8-bit one) stand for; `None` for other types.
pub fn integer(dtype: DType, raw: u8) -> Option<i16> {
    let signed = |bits: u32| i16::from((raw << (8 - bits)) as i8 >> (8 - bits));
    match dtype {
        DType::I2 => Some(signed(2)),
        DType::I4 => Some(signed(4)),
        DType::I8 => Some(signed(8)),
        DType::U2 => Some(i16::from(raw & 0b11)),
        DType::U4 => Some(i16::from(raw & 0b1111)),
        DType::U8 => Some(i16::from(raw)),
        _ => None,
    }
}

fn mask(bits: usize) -> u8 {
    (0xFFu16 >> (8 - bits)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_undoes_unpacking() {
        let cases = [
            (4, 5, [0x21, 0x83, 0x0F]),
            (2, 9, [0b1110_0100, 0b0001_1011, 0b10]),
            (8, 3, [1, 2, 255]),
            (6, 4, [0x81, 0x5C, 0xFF]),
            (6, 3, [0xFF, 0xFF, 0x03]),
        ];
        for (bits, n, bytes) in cases {
            let mut raw = vec![0; n];
            unpack_into(&bytes, bits, &mut raw);
            let mut again = [0; 3];
            pack_into(&raw, bits, &mut again);
            assert_eq!(again, bytes, "{bits} bits");
        }
    }

    #[test]
    fn integers_extend_their_sign() {
        let cases = [(DType::I4, 0xF, -1), (DType::I4, 0x8, -8), (DType::I2, 0b10, -2), (DType::U4, 0xF, 15)];
        for (dtype, raw, want) in cases {
            assert_eq!(integer(dtype, raw), Some(want), "{dtype} {raw}");
        }
    }
}
