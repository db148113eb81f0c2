//! Element types: all of the ONNX standard's, and the Rust types that view them.

use half::{bf16, f16};

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DType {
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// IEEE half precision.
    F16,
    /// The upper half of an `f32`.
    BF16,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities.
    F8E4M3FN,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero.
    F8E4M3FNUZ,
    /// 8 bits: 5 exponent, 2 mantissa.
    F8E5M2,
    /// 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero.
    F8E5M2FNUZ,
    /// 8 bits of exponent: powers of two, for scales.
    F8E8M0,
    /// 6 bits: 2 exponent, 3 mantissa, all finite; four to three bytes.
    F6E2M3,
    /// 6 bits: 3 exponent, 2 mantissa, all finite; four to three bytes.
    F6E3M2,
    /// 4 bits: 2 exponent, 1 mantissa; two to a byte.
    F4E2M1,
    /// Signed 8 bits.
    I8,
    /// Signed 16 bits.
    I16,
    /// Signed 32 bits.
    I32,
    /// Signed 64 bits.
    I64,
    /// Unsigned 8 bits.
    U8,
    /// Unsigned 16 bits.
    U16,
    /// Unsigned 32 bits.
    U32,
    /// Unsigned 64 bits.
    U64,
    /// Signed 4 bits; two to a byte, the first in the low bits.
    I4,
    /// Unsigned 4 bits; two to a byte, the first in the low bits.
    U4,
    /// Signed 2 bits; four to a byte, the first in the low bits.
    I2,
    /// Unsigned 2 bits; four to a byte, the first in the low bits.
    U2,
    /// One byte, 0 or 1.
    Bool,
    /// UTF-8 text of any length.
    String,
    /// Two `f32`: real, imaginary.
    C64,
    /// Two `f64`: real, imaginary.
    C128,
}

/// What kind of number a [`DType`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Floating point of any width.
    Float,
    /// Signed integers.
    Signed,
    /// Unsigned integers.
    Unsigned,
    /// Truth values.
    Bool,
    /// Text.
    String,
    /// Pairs of floats.
    Complex,
}

impl DType {
    /// Every element type.
    pub const ALL: [DType; 28] = [
        DType::F32,
        DType::F64,
        DType::F16,
        DType::BF16,
        DType::F8E4M3FN,
        DType::F8E4M3FNUZ,
        DType::F8E5M2,
        DType::F8E5M2FNUZ,
        DType::F8E8M0,
        DType::F6E2M3,
        DType::F6E3M2,
        DType::F4E2M1,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::I4,
        DType::U4,
        DType::I2,
        DType::U2,
        DType::Bool,
        DType::String,
        DType::C64,
        DType::C128,
    ];

    /// Bits that one element takes; 0 for strings, which are not stored in place.
    pub const fn bits(self) -> usize {
        match self {
            DType::I2 | DType::U2 => 2,
            DType::I4 | DType::U4 | DType::F4E2M1 => 4,
            DType::F6E2M3 | DType::F6E3M2 => 6,
            DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ | DType::F8E8M0 => 8,
            DType::I8 | DType::U8 | DType::Bool => 8,
            DType::F16 | DType::BF16 | DType::I16 | DType::U16 => 16,
            DType::F32 | DType::I32 | DType::U32 => 32,
            DType::F64 | DType::I64 | DType::U64 | DType::C64 => 64,
            DType::C128 => 128,
            DType::String => 0,
        }
    }

    /// Bytes that `n_elements` take, packed; `None` on overflow. 0 for strings.
    pub fn byte_len(self, n_elements: usize) -> Option<usize> {
        n_elements.checked_mul(self.bits()).map(|bits| bits.div_ceil(8))
    }

    /// The alignment that a typed view needs, in bytes.
    pub fn align(self) -> usize {
        match self.bits() {
            16 => 2,
            32 => 4,
            64 if self == DType::C64 => 4,
            64 | 128 => 8,
            _ => 1,
        }
    }

    /// The kind of number.
    pub fn class(self) -> Class {
        match self {
            DType::F32 | DType::F64 | DType::F16 | DType::BF16 | DType::F4E2M1 => Class::Float,
            DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ | DType::F8E8M0 => {
                Class::Float
            }
            DType::F6E2M3 | DType::F6E3M2 => Class::Float,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::I4 | DType::I2 => Class::Signed,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 | DType::U4 | DType::U2 => Class::Unsigned,
            DType::Bool => Class::Bool,
            DType::String => Class::String,
            DType::C64 | DType::C128 => Class::Complex,
        }
    }

    /// Whether elements are floating-point numbers.
    pub fn is_float(self) -> bool {
        self.class() == Class::Float
    }

    /// Whether elements are integers, signed or not.
    pub fn is_integer(self) -> bool {
        matches!(self.class(), Class::Signed | Class::Unsigned)
    }

    /// The standard's number for this type (`TensorProto.DataType`).
    pub fn onnx_code(self) -> i32 {
        match self {
            DType::F32 => 1,
            DType::U8 => 2,
            DType::I8 => 3,
            DType::U16 => 4,
            DType::I16 => 5,
            DType::I32 => 6,
            DType::I64 => 7,
            DType::String => 8,
            DType::Bool => 9,
            DType::F16 => 10,
            DType::F64 => 11,
            DType::U32 => 12,
            DType::U64 => 13,
            DType::C64 => 14,
            DType::C128 => 15,
            DType::BF16 => 16,
            DType::F8E4M3FN => 17,
            DType::F8E4M3FNUZ => 18,
            DType::F8E5M2 => 19,
            DType::F8E5M2FNUZ => 20,
            DType::U4 => 21,
            DType::I4 => 22,
            DType::F4E2M1 => 23,
            DType::F8E8M0 => 24,
            DType::U2 => 25,
            DType::I2 => 26,
            DType::F6E2M3 => 27,
            DType::F6E3M2 => 28,
        }
    }

    /// The type with the standard's number `code`.
    pub fn from_onnx_code(code: i64) -> Option<DType> {
        Self::ALL.into_iter().find(|dtype| i64::from(dtype.onnx_code()) == code)
    }

    /// The field's usual name: `float32`, `int8`, `bfloat16`, ...
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::F16 => "float16",
            DType::BF16 => "bfloat16",
            DType::F8E4M3FN => "float8e4m3fn",
            DType::F8E4M3FNUZ => "float8e4m3fnuz",
            DType::F8E5M2 => "float8e5m2",
            DType::F8E5M2FNUZ => "float8e5m2fnuz",
            DType::F8E8M0 => "float8e8m0",
            DType::F6E2M3 => "float6e2m3",
            DType::F6E3M2 => "float6e3m2",
            DType::F4E2M1 => "float4e2m1",
            DType::I8 => "int8",
            DType::I16 => "int16",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::U8 => "uint8",
            DType::U16 => "uint16",
            DType::U32 => "uint32",
            DType::U64 => "uint64",
            DType::I4 => "int4",
            DType::U4 => "uint4",
            DType::I2 => "int2",
            DType::U2 => "uint2",
            DType::Bool => "bool",
            DType::String => "string",
            DType::C64 => "complex64",
            DType::C128 => "complex128",
        }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A Rust type that views the elements of a tensor in place.
pub trait Element: bytemuck::Pod + PartialEq + Send + Sync {
    /// The element type that it views.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),* $(,)?) => {
        $(impl Element for $rust { const DTYPE: DType = DType::$dtype; })*
    };
}

elements! {
    f32 => F32, f64 => F64, f16 => F16, bf16 => BF16,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    [f32; 2] => C64, [f64; 2] => C128,
    Bool => Bool,
}

/// A truth value as tensors store it: one byte, 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Bool(u8);

impl Bool {
    /// Whether it is true (any byte but 0).
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Bool {
        Bool(u8::from(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_a_bijection() {
        for dtype in DType::ALL {
            assert_eq!(DType::from_onnx_code(i64::from(dtype.onnx_code())), Some(dtype));
        }
        assert_eq!(DType::from_onnx_code(0), None);
        assert_eq!(DType::from_onnx_code(29), None);
    }

    #[test]
    fn packed_lengths_round_up() {
        assert_eq!(DType::I4.byte_len(3), Some(2));
        assert_eq!(DType::U2.byte_len(5), Some(2));
        assert_eq!(DType::F6E2M3.byte_len(5), Some(4));
        assert_eq!(DType::F64.byte_len(usize::MAX), None);
    }
}
