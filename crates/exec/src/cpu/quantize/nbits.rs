//! Products with weights of few bits, quantized in blocks along the depth.

use std::sync::Arc;

use dunlin_ir::op::quantize::MatMulNBits;
use dunlin_ir::{DType, Shape, Tensor, packed};
use dunlin_kernels::matmul::{Bias, Elements, Epilogue};
use dunlin_kernels::nbits::{NBitsShape, PackedNBits, ZeroPoints, matmul_nbits_f32};
use half::{bf16, f16};

use super::parameter;
use crate::cpu::chunk::{Scratch, items_per_task};
use crate::cpu::elementwise::broadcast::in_chunks;
use crate::cpu::elementwise::cast;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError};

/// Constant weights with their scales and zero points, packed.
#[derive(Debug)]
struct PackedWeights(PackedNBits);

impl Packed for PackedWeights {
    fn byte_len(&self) -> usize {
        self.0.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[1, 2, 3]
    }
}

/// Packs weights if all that describes them is constant and they are in order.
pub(super) fn pack(
    op: &MatMulNBits,
    constants: &[Option<&Tensor>],
    is_present: &dyn Fn(usize) -> bool,
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let constant = |i: usize| constants.get(i).copied().flatten();
    let (Some(b), Some(scales)) = (constant(1), constant(2)) else { return Ok(None) };
    let zeros = constant(3);
    if b.is_empty() || is_present(4) || is_present(3) && zeros.is_none() {
        return Ok(None);
    }
    let n_blocks = op.k.div_ceil(op.block_size);
    let n_scales = op.n.checked_mul(n_blocks);
    let n_bytes = n_scales.and_then(|n| n.checked_mul(op.block_size / 8 * op.bits));
    if Some(b.len()) != n_bytes || Some(scales.len()) != n_scales || b.dtype() != DType::U8 {
        return Ok(None);
    }
    let zero_numbers = zeros.filter(|zeros| zeros.dtype().is_float()).and_then(numbers);
    let zeros = match (zeros, &zero_numbers) {
        (None, _) => ZeroPoints::Middle,
        (Some(zeros), Some(numbers)) if Some(zeros.len()) == n_scales => {
            ZeroPoints::Numbers(Elements::F32(numbers))
        }
        (Some(zeros), None) if zeros.dtype() == DType::U8 => {
            if zeros.len() != op.n * (n_blocks * op.bits).div_ceil(8) {
                return Ok(None);
            }
            ZeroPoints::Packed(zeros.bytes())
        }
        _ => return Ok(None),
    };
    let Some(scales) = numbers(scales) else { return Ok(None) };
    let shape = NBitsShape { k: op.k, n: op.n, bits: op.bits, block: op.block_size };
    let packed = PackedNBits::pack(b.bytes(), Elements::F32(&scales), zeros, shape)?;
    Ok(Some(Arc::new(PackedWeights(packed))))
}

/// The elements of a constant of floats.
fn numbers(x: &Tensor) -> Option<Vec<f32>> {
    let x = x.to_aligned().ok()?;
    match x.dtype() {
        DType::F32 => Some(x.view::<f32>().ok()?.to_vec()),
        DType::F16 => Some(x.view::<f16>().ok()?.iter().map(|x| x.to_f32()).collect()),
        DType::BF16 => Some(x.view::<bf16>().ok()?.iter().map(|x| x.to_f32()).collect()),
        _ => None,
    }
}

/// The weights and what they stand for.
struct Weights<'a> {
    op: &'a MatMulNBits,
    n_blocks: usize,
    bytes: &'a [u8],
    scales: Vec<f32>,
    /// One for each block.
    zeros: Vec<f32>,
    /// The block of each weight along the depth, where they are not in order.
    groups: Option<Vec<usize>>,
}

impl<'a> Weights<'a> {
    fn read(op: &'a MatMulNBits, inputs: &'a Inputs<'_>, ctx: &Ctx<'_>) -> Result<Weights<'a>, OpError> {
        let n_blocks = op.k.div_ceil(op.block_size);
        let b = inputs.tensor(1)?;
        let n_scales = op.n.saturating_mul(n_blocks);
        let n_bytes = n_scales.saturating_mul(op.block_size / 8 * op.bits);
        if b.dtype() != DType::U8 {
            return Err(OpError::dtype("uint8", b.dtype()));
        }
        if b.len() != n_bytes {
            let expected = format!("[{}, {n_blocks}, {}]", op.n, op.block_size / 8 * op.bits);
            return Err(OpError::shape(expected, b.shape()));
        }
        let scales = parameter::floats(inputs.tensor(2)?, ctx)?;
        if scales.len() != n_scales {
            return Err(OpError::shape(format!("[{}, {n_blocks}]", op.n), inputs.tensor(2)?.shape()));
        }
        let zeros = zeros(op, n_blocks, inputs.optional(3)?, ctx)?;
        let groups =
            inputs.optional(4)?.map(|groups| group_indices(op, n_blocks, groups, ctx)).transpose()?;
        Ok(Weights { op, n_blocks, bytes: b.bytes(), scales, zeros, groups })
    }

    /// Column `column` of the weights.
    fn column(&self, column: usize, raw: &mut [u8], out: &mut [f32]) {
        let block_bytes = self.op.block_size / 8 * self.op.bits;
        let bytes = &self.bytes[column * self.n_blocks * block_bytes..][..self.n_blocks * block_bytes];
        unpack(bytes, self.op.bits, raw);
        let scales = &self.scales[column * self.n_blocks..][..self.n_blocks];
        let zeros = &self.zeros[column * self.n_blocks..][..self.n_blocks];
        if let Some(groups) = &self.groups {
            for ((out, &raw), &group) in out.iter_mut().zip(&*raw).zip(groups) {
                *out = (f32::from(raw) - zeros[group]) * scales[group];
            }
            return;
        }
        let blocks = out.chunks_mut(self.op.block_size).zip(raw.chunks(self.op.block_size));
        for ((out, raw), (&scale, &zero)) in blocks.zip(scales.iter().zip(zeros)) {
            for (out, &raw) in out.iter_mut().zip(raw) {
                *out = (f32::from(raw) - zero) * scale;
            }
        }
    }
}

/// Elements of `bits` bits, one to a byte.
fn unpack(bytes: &[u8], bits: usize, out: &mut [u8]) {
    match bits {
        8 => out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = byte),
        4 => {
            for (out, &byte) in out.chunks_mut(2).zip(bytes) {
                out[0] = byte & 0xF;
                if let Some(high) = out.get_mut(1) {
                    *high = byte >> 4;
                }
            }
        }
        bits => packed::unpack_into(bytes, bits, out),
    }
}

/// The zero points of all blocks: given as floats, packed in rows of whole bytes, or the middle of the range.
fn zeros(
    op: &MatMulNBits,
    n_blocks: usize,
    zeros: Option<&Tensor>,
    ctx: &Ctx<'_>,
) -> Result<Vec<f32>, OpError> {
    let Some(zeros) = zeros else {
        return Ok(vec![f32::from(1u8 << (op.bits - 1)); op.n * n_blocks]);
    };
    if zeros.dtype().is_float() {
        let values = parameter::floats(zeros, ctx)?;
        let fits = values.len() == op.n * n_blocks;
        return if fits {
            Ok(values)
        } else {
            Err(OpError::shape(format!("[{}, {n_blocks}]", op.n), zeros.shape()))
        };
    }
    let row_bytes = (n_blocks * op.bits).div_ceil(8);
    if zeros.dtype() != DType::U8 || zeros.len() != op.n * row_bytes {
        return Err(OpError::shape(format!("uint8 of [{}, {row_bytes}]", op.n), zeros.shape()));
    }
    let bytes = zeros.bytes();
    let at = |i: usize| packed::read(&bytes[i / n_blocks * row_bytes..], op.bits, i % n_blocks);
    Ok((0..op.n * n_blocks).map(|i| f32::from(at(i))).collect())
}

fn group_indices(
    op: &MatMulNBits,
    n_blocks: usize,
    groups: &Tensor,
    ctx: &Ctx<'_>,
) -> Result<Vec<usize>, OpError> {
    let groups = parameter::integers(groups, ctx)?;
    let valid = |&group: &i32| usize::try_from(group).ok().filter(|&group| group < n_blocks);
    let indices: Option<Vec<usize>> = groups.iter().map(valid).collect();
    // Some writers pad the indices to whole blocks.
    let indices = indices.filter(|indices| indices.len() >= op.k);
    indices.ok_or_else(|| OpError::value(format!("{} group indices below {n_blocks}", op.k), groups.len()))
}

/// Computes the product.
pub(super) fn run(op: &MatMulNBits, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let a = inputs.tensor(0)?;
    let (dtype, shape) = (a.dtype(), a.shape());
    let Some((&k, leading)) = shape.split_last().filter(|&(&k, _)| k == op.k) else {
        return Err(OpError::shape(format!("[.., {}]", op.k), shape));
    };
    let m: usize = leading.iter().product();
    let out_shape: Shape = leading.iter().copied().chain([op.n]).collect();
    let bias = inputs.optional(5)?.map(|bias| parameter::floats(bias, ctx)).transpose()?;
    if bias.as_ref().is_some_and(|bias| bias.len() != op.n) {
        return Err(OpError::shape(format!("a bias of [{}]", op.n), inputs.tensor(5)?.shape()));
    }
    let mut out = ctx.alloc(DType::F32, out_shape)?;
    if let Some(PackedWeights(weights)) = ctx.packed() {
        let a = cast::convert(a.clone(), DType::F32, ctx)?;
        let bias = bias.as_deref().map_or(Bias::None, Bias::Columns);
        let epilogue = Epilogue { bias, ..Epilogue::default() };
        let (a, c) = (a.view::<f32>()?, out.view_mut::<f32>()?);
        matmul_nbits_f32(ctx.pool(), a, k, weights, c, op.n, m, &epilogue);
        return cast::convert(out, dtype, ctx);
    }
    let bias = |column: usize| bias.as_ref().map_or(0.0, |bias| bias[column]);
    // An omitted projection has weights without elements: only the bias remains.
    if inputs.tensor(1)?.is_empty() || k == 0 || out.is_empty() {
        out.view_mut::<f32>()?.iter_mut().enumerate().for_each(|(i, out)| *out = bias(i % op.n));
        return cast::convert(out, dtype, ctx);
    }
    let weights = Weights::read(op, inputs, ctx)?;
    let a = cast::convert(a.clone(), DType::F32, ctx)?;
    let a = a.view::<f32>()?;
    // Columns of the result are rows here, so that each task unpacks its columns of the weights once.
    let mut columns = Scratch::new::<f32>(ctx, op.n * m)?;
    let n_columns = items_per_task(ctx.pool(), op.n, k * (m + 4));
    in_chunks(ctx, &mut columns.as_mut::<f32>()[..op.n * m], n_columns * m, &|start, out| {
        let (mut raw, mut column) = (vec![0; k], vec![0.0; k]);
        for (i, out) in out.chunks_exact_mut(m).enumerate() {
            let at = start / m + i;
            weights.column(at, &mut raw, &mut column);
            out.iter_mut().zip(a.chunks_exact(k)).for_each(|(out, a)| *out = dot(a, &column) + bias(at));
        }
    });
    let columns = columns.as_ref::<f32>();
    let rows = items_per_task(ctx.pool(), m, op.n);
    in_chunks(ctx, out.view_mut::<f32>()?, rows * op.n, &|start, out| {
        for (i, out) in out.chunks_exact_mut(op.n).enumerate() {
            let row = start / op.n + i;
            out.iter_mut().zip(columns[row..].iter().step_by(m)).for_each(|(out, &x)| *out = x);
        }
    });
    cast::convert(out, dtype, ctx)
}

/// The sum of products, in a fixed order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}
