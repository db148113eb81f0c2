//! Operators as bytes, for a backend in a library of its own. Both sides are built from the same sources: [`ENCODING`] says so.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::op::{Attention, Convolution, Elementwise, Image, Index, Linear, Movement, Normalize, Reduce};
use crate::{DType, Op, Shape, Tensor};

/// Tells builds apart whose encodings may differ: bytes are exchanged only between equal ones.
pub const ENCODING: &str = env!("DUNLIN_ENCODING");

/// The families that backends beside the CPU compute.
#[derive(Serialize, Deserialize)]
enum Encoded<A, C, E, I, X, L, M, N, R> {
    Attention(A),
    Convolution(C),
    Elementwise(E),
    Image(I),
    Index(X),
    Linear(L),
    Movement(M),
    Normalize(N),
    Reduce(R),
}

type EncodedRef<'a> = Encoded<
    &'a Attention,
    &'a Convolution,
    &'a Elementwise,
    &'a Image,
    &'a Index,
    &'a Linear,
    &'a Movement,
    &'a Normalize,
    &'a Reduce,
>;

type EncodedOwn =
    Encoded<Attention, Convolution, Elementwise, Image, Index, Linear, Movement, Normalize, Reduce>;

impl Op {
    /// The operator as bytes; `None` for the families that the CPU alone computes.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let encoded: EncodedRef<'_> = match self {
            Op::Attention(op) => Encoded::Attention(op),
            Op::Convolution(op) => Encoded::Convolution(op),
            Op::Elementwise(op) => Encoded::Elementwise(op),
            Op::Image(op) => Encoded::Image(op),
            Op::Index(op) => Encoded::Index(op),
            Op::Linear(op) => Encoded::Linear(op),
            Op::Movement(op) => Encoded::Movement(op),
            Op::Normalize(op) => Encoded::Normalize(op),
            Op::Reduce(op) => Encoded::Reduce(op),
            _ => return None,
        };
        postcard::to_stdvec(&encoded).ok()
    }

    /// The operator that [`Op::encode`] of a build of the same [`ENCODING`] made bytes of; `None` for others.
    pub fn decode(bytes: &[u8]) -> Option<Op> {
        let encoded: EncodedOwn = postcard::from_bytes(bytes).ok()?;
        Some(match encoded {
            Encoded::Attention(op) => Op::Attention(op),
            Encoded::Convolution(op) => Op::Convolution(op),
            Encoded::Elementwise(op) => Op::Elementwise(op),
            Encoded::Image(op) => Op::Image(op),
            Encoded::Index(op) => Op::Index(op),
            Encoded::Linear(op) => Op::Linear(op),
            Encoded::Movement(op) => Op::Movement(op),
            Encoded::Normalize(op) => Op::Normalize(op),
            Encoded::Reduce(op) => Op::Reduce(op),
        })
    }
}

impl Serialize for DType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.onnx_code().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DType, D::Error> {
        let code = i32::deserialize(deserializer)?;
        DType::from_onnx_code(code.into()).ok_or_else(|| de::Error::custom("no such element type"))
    }
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.dtype() == DType::String {
            return Err(ser::Error::custom("strings are not encoded"));
        }
        (self.dtype(), self.shape().dims(), self.bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tensor, D::Error> {
        let (dtype, dims, bytes) = <(DType, Vec<usize>, Vec<u8>)>::deserialize(deserializer)?;
        let refused = |error| de::Error::custom(error);
        let mut tensor = Tensor::zeroed(dtype, Shape::new(&dims)).map_err(refused)?;
        match tensor.try_bytes_mut() {
            Some(own) if own.len() == bytes.len() => own.copy_from_slice(&bytes),
            _ => return Err(de::Error::custom("another number of bytes than the shape needs")),
        }
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::movement::ConstantOfShape;

    #[test]
    fn an_operator_comes_back_as_it_was() {
        let value = Tensor::from_slice([1], &[2.5f32]).unwrap();
        let op = Op::Movement(Movement::ConstantOfShape(ConstantOfShape { value }));
        let bytes = op.encode().unwrap();
        assert_eq!(Op::decode(&bytes), Some(op));
        for n in 0..bytes.len() {
            assert_eq!(Op::decode(&bytes[..n]), None, "cut at {n}");
        }
    }
}
