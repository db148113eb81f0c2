//! Scales and zero points: their values, and which elements share them.

use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::int8::Int8;

use crate::cpu::elementwise::cast;
use crate::{Ctx, Inputs, OpError};

/// The elements of a tensor of floats, in single precision.
pub(super) fn floats(x: &Tensor, ctx: &Ctx<'_>) -> Result<Vec<f32>, OpError> {
    Ok(cast::convert(x.clone(), DType::F32, ctx)?.view::<f32>()?.to_vec())
}

/// The elements of a tensor of integers of at most 32 bits.
pub(super) fn integers(x: &Tensor, ctx: &Ctx<'_>) -> Result<Vec<i32>, OpError> {
    Ok(cast::convert(x.clone(), DType::I32, ctx)?.view::<i32>()?.to_vec())
}

/// The scale in input `i`, which is for the whole tensor.
pub(super) fn scale(inputs: &Inputs<'_>, i: usize, ctx: &Ctx<'_>) -> Result<f32, OpError> {
    match floats(inputs.tensor(i)?, ctx)?[..] {
        [scale] => Ok(scale),
        _ => Err(OpError::shape("one scale for the whole tensor", inputs.tensor(i)?.shape())),
    }
}

/// The zero point in input `i`, which is for the whole tensor; 0 if there is none.
pub(super) fn zero(inputs: &Inputs<'_>, i: usize, ctx: &Ctx<'_>) -> Result<i32, OpError> {
    let Some(zero) = inputs.optional(i)? else { return Ok(0) };
    match integers(zero, ctx)?[..] {
        [zero] => Ok(zero),
        _ => Err(OpError::shape("one zero point for the whole tensor", zero.shape())),
    }
}

/// The zero points in input `i`; a single 0 if there are none.
pub(super) fn zeros(inputs: &Inputs<'_>, i: usize, ctx: &Ctx<'_>) -> Result<Vec<i32>, OpError> {
    inputs.optional(i)?.map_or(Ok(vec![0]), |zeros| integers(zeros, ctx))
}

/// The bytes of a tensor of `int8` or `uint8`.
pub(super) fn int8(x: &Tensor) -> Result<Int8<'_>, OpError> {
    match x.dtype() {
        DType::U8 => Ok(Int8::U8(x.bytes())),
        DType::I8 => Ok(Int8::I8(bytemuck::cast_slice(x.bytes()))),
        other => Err(OpError::dtype("int8 or uint8", other)),
    }
}

/// A quantized 8-bit number's meaning: the value of each byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Byte {
    is_signed: bool,
    pub scale: f32,
    pub zero: i32,
}

impl Byte {
    /// The parameters of tensors of type `dtype`.
    pub fn new(dtype: DType, scale: f32, zero: i32) -> Result<Byte, OpError> {
        match dtype {
            DType::U8 => Ok(Byte { is_signed: false, scale, zero }),
            DType::I8 => Ok(Byte { is_signed: true, scale, zero }),
            other => Err(OpError::dtype("int8 or uint8", other)),
        }
    }

    /// The parameters in inputs `i` and `i + 1` of tensors of type `dtype`.
    pub fn read(dtype: DType, inputs: &Inputs<'_>, i: usize, ctx: &Ctx<'_>) -> Result<Byte, OpError> {
        Byte::new(dtype, scale(inputs, i, ctx)?, zero(inputs, i + 1, ctx)?)
    }

    /// The number less its zero point.
    pub fn integer(self, byte: u8) -> i32 {
        let x = if self.is_signed { i32::from(byte as i8) } else { i32::from(byte) };
        x - self.zero
    }

    /// What the byte stands for.
    pub fn value(self, byte: u8) -> f32 {
        self.integer(byte) as f32 * self.scale
    }

    /// The byte whose value is nearest to `x`, halves to even.
    pub fn quantize(self, x: f32) -> u8 {
        self.round(x / self.scale)
    }

    /// The byte that stands for `steps` scales, rounded.
    pub fn round(self, steps: f32) -> u8 {
        let (low, high) = if self.is_signed { (-128, 127) } else { (0, 255) };
        (round_clamped(steps, low - self.zero, high - self.zero) + self.zero) as u8
    }

    /// What each byte stands for.
    pub fn table(self) -> [f32; 256] {
        std::array::from_fn(|byte| self.value(byte as u8))
    }
}

/// `x` limited to a range and rounded, halves to even; NaN gives the least value.
#[inline(always)]
pub(super) fn round_clamped(x: f32, low: i32, high: i32) -> i32 {
    // Adding 1.5 * 2^23 leaves no bits for fractions, so the sum is rounded; its low bits are the integer.
    const MAGIC: f32 = 12_582_912.0;
    let (low, high) = (low as f32, high as f32);
    let x = if x > low { x } else { low };
    let x = if x < high { x } else { high };
    (x + MAGIC).to_bits() as i32 - MAGIC.to_bits() as i32
}

/// Which elements of a tensor share a scale: the tensor and the scales in shapes that broadcast together.
#[derive(Debug)]
pub(super) struct Granularity {
    /// The tensor's elements.
    pub x: Shape,
    /// The scales.
    pub scale: Shape,
    /// Where blocks do not divide the axis: for each element its scale.
    pub spread: Option<Vec<usize>>,
}

impl Granularity {
    /// How scales of shape `scale` are spread over a tensor of shape `x`.
    pub fn new(x: &Shape, scale: &Shape, axis: i64, block_size: usize) -> Result<Granularity, OpError> {
        if scale.n_elements() == 1 {
            let (x, scale) = ([x.n_elements()].into(), [1].into());
            return Ok(Granularity { x, scale, spread: None });
        }
        // A vector has only one axis, whatever the attribute says.
        let axis = if x.rank() == 1 { Some(0) } else { x.axis(axis) };
        let unfit = || OpError::shapes("scales that fit the tensor", scale, x);
        let axis = axis.ok_or_else(unfit)?;
        let (outer, len, inner) = x.split_at_axis(axis);
        if block_size == 0 {
            if scale.dims() != [len] {
                return Err(unfit());
            }
            let (x, scale) = ([outer, len, inner].into(), [1, len, 1].into());
            return Ok(Granularity { x, scale, spread: None });
        }
        let n_blocks = len.div_ceil(block_size);
        let mut expected = x.clone();
        expected[axis] = n_blocks;
        if *scale != expected {
            return Err(unfit());
        }
        if len % block_size == 0 {
            let (x, scale) =
                ([outer, n_blocks, block_size, inner].into(), [outer, n_blocks, 1, inner].into());
            return Ok(Granularity { x, scale, spread: None });
        }
        let n = x.n_elements();
        let scale_of = |at: usize| {
            let (outer, i) = (at / inner / len, at / inner % len);
            (outer * n_blocks + i / block_size) * inner + at % inner
        };
        let spread = Some((0..n).map(scale_of).collect());
        Ok(Granularity { x: [n].into(), scale: [n].into(), spread })
    }

    /// The parameters, one for each of `scale`'s elements.
    pub fn arrange<T: Copy>(&self, values: Vec<T>) -> Result<Vec<T>, OpError> {
        let wanted = self.scale.n_elements();
        let values = match &self.spread {
            Some(spread) if values.len() > 1 => {
                spread.iter().map(|&i| values.get(i).copied()).collect::<Option<Vec<T>>>().unwrap_or_default()
            }
            _ => values,
        };
        match values[..] {
            _ if values.len() == wanted => Ok(values),
            [single] => Ok(vec![single; wanted]),
            _ => Err(OpError::shape(format!("{wanted} zero points"), values.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_halves_to_even_and_saturate() {
        let byte = Byte::new(DType::U8, 2.0, 128).unwrap();
        let cases = [(1.0, 128), (3.0, 130), (-1.0, 128), (300.0, 255), (-300.0, 0), (f32::NAN, 0)];
        for (x, want) in cases {
            assert_eq!(byte.quantize(x), want, "{x}");
        }
        let byte = Byte::new(DType::I8, 1.0, 0).unwrap();
        assert_eq!((byte.quantize(-129.0) as i8, byte.quantize(0.5), byte.quantize(1.5)), (-128, 0, 2));
    }

    #[test]
    fn ragged_blocks_share_scales() {
        let granularity = Granularity::new(&[2, 3].into(), &[2, 2].into(), 1, 2).unwrap();
        assert_eq!(granularity.arrange(vec![1, 2, 3, 4]).unwrap(), [1, 1, 2, 3, 3, 4]);
    }
}
