//! Element types that numpy lacks, as the next wider one that it has.

use dunlin_ir::{DType, Tensor, TensorError};
use half::bf16;

/// The tensor itself if numpy has its element type; else `bfloat16` and smaller floats as `float32`, and integers of
/// less than 8 bits as `int8` or `uint8`.
///
/// # Errors
/// [`TensorError::OutOfMemory`].
pub fn widened(tensor: &Tensor) -> Result<Tensor, TensorError> {
    let shape = tensor.shape().clone();
    match tensor.dtype() {
        DType::BF16 => {
            let wide: Vec<f32> = tensor.to_aligned()?.view::<bf16>()?.iter().map(|x| x.to_f32()).collect();
            Tensor::from_slice(shape, &wide)
        }
        dtype if dtype.is_float() && dtype.bits() <= 8 => {
            let wide: Vec<f32> = codes(tensor).map(|code| small_float(dtype, code)).collect();
            Tensor::from_slice(shape, &wide)
        }
        DType::U4 | DType::U2 => Tensor::from_slice(shape, &codes(tensor).collect::<Vec<u8>>()),
        DType::I4 => {
            Tensor::from_slice(shape, &codes(tensor).map(|code| (code << 4) as i8 >> 4).collect::<Vec<i8>>())
        }
        DType::I2 => {
            Tensor::from_slice(shape, &codes(tensor).map(|code| (code << 6) as i8 >> 6).collect::<Vec<i8>>())
        }
        _ => tensor.to_aligned(),
    }
}

/// The elements' bits, one byte each; packed types have their first element in the low bits.
fn codes(tensor: &Tensor) -> impl Iterator<Item = u8> {
    let bits = tensor.dtype().bits();
    let per_byte = 8 / bits;
    let mask = u8::MAX >> (8 - bits);
    let bytes = tensor.bytes();
    (0..tensor.len()).map(move |i| bytes[i / per_byte] >> (i % per_byte * bits) & mask)
}

/// Exponent bits, mantissa bits, bias, and whether the format is of the `FNUZ` kind.
fn small_float(dtype: DType, code: u8) -> f32 {
    let (exponent_bits, mantissa_bits, bias, fnuz) = match dtype {
        DType::F8E4M3FN => (4, 3, 7, false),
        DType::F8E4M3FNUZ => (4, 3, 8, true),
        DType::F8E5M2 => (5, 2, 15, false),
        DType::F8E5M2FNUZ => (5, 2, 16, true),
        DType::F4E2M1 => (2, 1, 1, false),
        // Powers of two; the last code is not a number.
        _ => return if code == 0xFF { f32::NAN } else { 2f32.powi(i32::from(code) - 127) },
    };
    if fnuz && code == 0x80 {
        return f32::NAN;
    }
    let sign = if code >> (exponent_bits + mantissa_bits) & 1 == 1 { -1.0 } else { 1.0 };
    let exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1);
    let mantissa = code & ((1 << mantissa_bits) - 1);
    match (dtype, exponent, mantissa) {
        (DType::F8E4M3FN, 15, 7) => return f32::NAN,
        (DType::F8E5M2, 31, 0) => return sign * f32::INFINITY,
        (DType::F8E5M2, 31, _) => return f32::NAN,
        _ => {}
    }
    let fraction = f32::from(mantissa) / f32::from(1u8 << mantissa_bits);
    if exponent == 0 {
        sign * fraction * 2f32.powi(1 - bias)
    } else {
        sign * (1.0 + fraction) * 2f32.powi(i32::from(exponent) - bias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_sys::{AlignedBuf, Bytes};

    /// Values from the tables of the OCP 8-bit specification and of ONNX's documentation of its float8 types.
    #[test]
    fn known_codes() {
        let cases = [
            (DType::F8E4M3FN, 0x7E, 448.0),
            (DType::F8E4M3FN, 0x01, 2f32.powi(-9)),
            (DType::F8E4M3FNUZ, 0x7F, 240.0),
            (DType::F8E5M2, 0x7B, 57344.0),
            (DType::F8E5M2, 0x7C, f32::INFINITY),
            (DType::F8E5M2FNUZ, 0x7F, 57344.0),
            (DType::F8E8M0, 127, 1.0),
            (DType::F4E2M1, 0b0111, 6.0),
            (DType::F4E2M1, 0b1001, -0.5),
        ];
        for (dtype, code, expected) in cases {
            assert_eq!(small_float(dtype, code), expected, "{dtype} {code:#x}");
        }
        assert!(small_float(DType::F8E4M3FN, 0xFF).is_nan() && small_float(DType::F8E4M3FNUZ, 0x80).is_nan());
    }

    #[test]
    fn packed_integers_keep_their_sign() {
        let bytes = Bytes::from(AlignedBuf::copy_of(&[0xF1, 0x08]).unwrap());
        let tensor = Tensor::new(DType::I4, [3].into(), bytes).unwrap();
        assert_eq!(widened(&tensor).unwrap().view::<i8>().unwrap(), [1, -1, -8]);
    }
}
