//! Element types that numpy lacks, as the next wider one that it has.

use dunlin_ir::{DType, Tensor, TensorError, packed, small_float};
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
        DType::U4 | DType::U2 => Tensor::from_slice(shape, &codes(tensor).collect::<Vec<u8>>()),
        dtype @ (DType::I4 | DType::I2) => {
            let wide: Vec<i8> =
                codes(tensor).filter_map(|code| packed::integer(dtype, code)).map(|x| x as i8).collect();
            Tensor::from_slice(shape, &wide)
        }
        dtype => match small_float::values(dtype) {
            Some(values) => {
                let wide: Vec<f32> = codes(tensor).map(|code| values[usize::from(code)]).collect();
                Tensor::from_slice(shape, &wide)
            }
            None => tensor.to_aligned(),
        },
    }
}

/// The elements' bits, one byte each.
fn codes(tensor: &Tensor) -> impl Iterator<Item = u8> {
    let (bytes, bits) = (tensor.bytes(), tensor.dtype().bits());
    (0..tensor.len()).map(move |i| packed::read(bytes, bits, i))
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
            (DType::F6E2M3, 0b01_1111, 7.5),
            (DType::F6E3M2, 0b11_1111, -28.0),
            (DType::F4E2M1, 0b0111, 6.0),
            (DType::F4E2M1, 0b1001, -0.5),
        ];
        for (dtype, code, expected) in cases {
            assert_eq!(widened_code(dtype, code), expected, "{dtype} {code:#x}");
        }
        assert!(
            widened_code(DType::F8E4M3FN, 0xFF).is_nan() && widened_code(DType::F8E4M3FNUZ, 0x80).is_nan()
        );
    }

    fn widened_code(dtype: DType, code: u8) -> f32 {
        let bytes = Bytes::from(AlignedBuf::copy_of(&[code]).unwrap());
        let tensor = Tensor::new(dtype, [1].into(), bytes).unwrap();
        widened(&tensor).unwrap().view::<f32>().unwrap()[0]
    }

    #[test]
    fn packed_integers_keep_their_sign() {
        let bytes = Bytes::from(AlignedBuf::copy_of(&[0xF1, 0x08]).unwrap());
        let tensor = Tensor::new(DType::I4, [3].into(), bytes).unwrap();
        assert_eq!(widened(&tensor).unwrap().view::<i8>().unwrap(), [1, -1, -8]);
    }
}
