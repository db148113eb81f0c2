//! Products of 8-bit matrices: exact in 32 bits, then kept, turned into floats, or quantized again.

use std::sync::Arc;

use dunlin_ir::op::Quantize;
use dunlin_ir::op::quantize::QGemm;
use dunlin_ir::{DType, Element, Shape, Tensor};
use dunlin_kernels::activation::Activation;
use dunlin_kernels::convert;
use dunlin_kernels::int8::{
    Dequantize, Finish, Int8, PackedInt8B, Raw, Requantize, Scales, matmul_int8, matmul_int8_scratch_len,
};
use dunlin_kernels::matmul::Order;

use super::linear::dynamic_parameters;
use super::parameter::{self, Byte, int8};
use crate::cpu::chunk::Scratch;
use crate::cpu::elementwise::broadcast::{BLOCK, Broadcast, CHEAP_CHUNK, in_chunks};
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError};

/// A constant right operand, packed.
#[derive(Debug)]
struct PackedOperand {
    b: PackedInt8B,
    replaced: [usize; 1],
}

impl Packed for PackedOperand {
    fn byte_len(&self) -> usize {
        self.b.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &self.replaced
    }
}

/// Packs the right operand if it is a constant matrix.
pub(super) fn pack(op: &Quantize, constants: &[Option<&Tensor>]) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let (i, order) = match op {
        Quantize::MatMulInteger | Quantize::MatMulIntegerToFloat | Quantize::DynamicQuantizeMatMul => {
            (1, Order::Plain)
        }
        Quantize::QLinearMatMul => (3, Order::Plain),
        Quantize::QGemm(op) => (3, order(op)),
        _ => return Ok(None),
    };
    let Some(b) = constants.get(i).copied().flatten().filter(|b| b.rank() == 2) else { return Ok(None) };
    if b.is_empty() || !matches!(b.dtype(), DType::I8 | DType::U8) {
        return Ok(None);
    }
    Ok(Some(Arc::new(PackedOperand { b: pack_matrix(b, order)?, replaced: [i] })))
}

fn order(op: &QGemm) -> Order {
    if op.transpose_b { Order::Transposed } else { Order::Plain }
}

fn pack_matrix(b: &Tensor, order: Order) -> Result<PackedInt8B, OpError> {
    let (rows, columns) = (b.shape()[0], b.shape()[1]);
    let (k, n) = if matches!(order, Order::Plain) { (rows, columns) } else { (columns, rows) };
    Ok(PackedInt8B::pack(int8(b)?, order, k, n)?)
}

/// The left operand with its zero points, and the right one's zero points.
struct Operands<'a> {
    a: Int8<'a>,
    a_shape: &'a Shape,
    /// One, or one per row.
    a_zeros: Vec<i32>,
    /// One, or one per column, or one per column of each matrix.
    b_zeros: Vec<i32>,
}

impl<'a> Operands<'a> {
    fn read(
        a: &'a Tensor,
        a_zero: usize,
        b_zero: usize,
        inputs: &Inputs<'_>,
        ctx: &Ctx<'_>,
    ) -> Result<Operands<'a>, OpError> {
        let a_zeros = parameter::zeros(inputs, a_zero, ctx)?;
        let b_zeros = parameter::zeros(inputs, b_zero, ctx)?;
        Ok(Operands { a: int8(a)?, a_shape: a.shape(), a_zeros, b_zeros })
    }

    /// The product with one matrix, if zero points allow to compute and finish it in one go.
    fn finished<F: Finish>(
        &self,
        b: &PackedInt8B,
        finish: F,
        ctx: &Ctx<'_>,
    ) -> Result<Option<Tensor>, OpError>
    where
        F::Out: Element,
    {
        let is_simple = self.b_zeros.len() == 1 || self.b_zeros.len() == b.n();
        let (&[a_zero], true) = (&self.a_zeros[..], is_simple) else { return Ok(None) };
        let (shape, m) = product_shape(self.a_shape, b.k(), b.n())?;
        let mut out = ctx.alloc(F::Out::DTYPE, shape)?;
        let mut scratch = Scratch::new::<i32>(ctx, matmul_int8_scratch_len(m, b.k()))?;
        let c = out.view_mut::<F::Out>()?;
        matmul_int8(ctx.pool(), self.a, a_zero, b, &self.b_zeros, finish, c, m, scratch.as_mut());
        Ok(Some(out))
    }
}

/// The shape of the product of `a` with a `[k, n]` matrix, and its rows.
fn product_shape(a: &Shape, k: usize, n: usize) -> Result<(Shape, usize), OpError> {
    let Some((&last, leading)) = a.split_last().filter(|&(&last, _)| last == k) else {
        return Err(OpError::shapes("[.., m, k] and [k, n]", a, &[k, n].into()));
    };
    let shape: Shape = leading.iter().copied().chain([n]).collect();
    Ok((shape, a.n_elements().checked_div(last).unwrap_or_else(|| leading.iter().product())))
}

/// The product as `int32`, for operands of any rank and zero points per row and column.
fn raw(operands: &Operands<'_>, b: Right<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if let Right::Packed(b) = b {
        if let Some(out) = operands.finished(b, Raw::default(), ctx)? {
            return Ok(out);
        }
        return raw_matrix(operands, b, ctx);
    }
    let Right::Tensor(b, order) = b else { return Err(OpError::MissingInput(1)) };
    if b.rank() == 2 {
        return raw(operands, Right::Packed(&pack_matrix(b, order)?), ctx);
    }
    raw_batch(operands, b, ctx)
}

/// The right operand.
#[derive(Clone, Copy)]
enum Right<'a> {
    Packed(&'a PackedInt8B),
    Tensor(&'a Tensor, Order),
}

impl<'a> Right<'a> {
    fn read(i: usize, order: Order, inputs: &'a Inputs<'_>, ctx: &Ctx<'a>) -> Result<Right<'a>, OpError> {
        match ctx.packed::<PackedOperand>() {
            Some(packed) => Ok(Right::Packed(&packed.b)),
            None => Ok(Right::Tensor(inputs.tensor(i)?, order)),
        }
    }
}

/// A product with one matrix whose left operand has a zero point per row.
fn raw_matrix(operands: &Operands<'_>, b: &PackedInt8B, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (shape, m) = product_shape(operands.a_shape, b.k(), b.n())?;
    let mut out = ctx.alloc(DType::I32, shape)?;
    multiply(operands.a, m, &operands.a_zeros, b, &operands.b_zeros, out.view_mut()?, ctx)?;
    Ok(out)
}

fn multiply(
    a: Int8<'_>,
    m: usize,
    a_zeros: &[i32],
    b: &PackedInt8B,
    b_zeros: &[i32],
    out: &mut [i32],
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let (k, n) = (b.k(), b.n());
    let unfit = |what: &str, got: usize, size: usize| {
        OpError::shape(format!("one zero point for {what}, or {size}"), format!("{got}"))
    };
    if b_zeros.len() != 1 && b_zeros.len() != n {
        return Err(unfit("the second operand", b_zeros.len(), n));
    }
    let mut scratch = Scratch::new::<i32>(ctx, matmul_int8_scratch_len(m.max(1), k))?;
    let shared = if let &[zero] = a_zeros { zero } else { 0 };
    matmul_int8(ctx.pool(), a, shared, b, b_zeros, Raw::default(), out, m, scratch.as_mut());
    if a_zeros.len() == 1 || out.is_empty() {
        return Ok(());
    }
    if a_zeros.len() != m {
        return Err(unfit("the first operand", a_zeros.len(), m));
    }
    // A row's zero point takes away that often the sums of the columns: the product with a row of ones.
    let ones = vec![1u8; k];
    let mut sums = vec![0i32; n];
    matmul_int8(ctx.pool(), Int8::U8(&ones), 0, b, b_zeros, Raw::default(), &mut sums, 1, scratch.as_mut());
    for (row, &zero) in out.chunks_exact_mut(n).zip(a_zeros) {
        row.iter_mut().zip(&sums).for_each(|(c, &sum)| *c = c.wrapping_sub(sum.wrapping_mul(zero)));
    }
    Ok(())
}

/// Products of many matrices, whose leading dimensions broadcast.
fn raw_batch(operands: &Operands<'_>, b: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (a_shape, b_shape) = (operands.a_shape, b.shape());
    let unfit = || OpError::shapes("[.., m, k] and [.., k, n]", a_shape, b_shape);
    let (a_dims, b_dims) = (matrix(a_shape, Side::Left), matrix(b_shape, Side::Right));
    let (Some((a_batch, m, k)), Some((b_batch, b_k, n))) = (a_dims, b_dims) else { return Err(unfit()) };
    let batch = a_batch.broadcast(&b_batch).filter(|_| k == b_k).ok_or_else(unfit)?;
    let mut shape = batch.clone();
    [(a_shape.rank() > 1, m), (b_shape.rank() > 1, n)].iter().filter(|d| d.0).for_each(|d| shape.push(d.1));
    let mut out = ctx.alloc(DType::I32, shape)?;
    let plan = Broadcast::new(&batch, &[&a_batch, &b_batch]);
    let n_matrices = batch.n_elements();
    let places = |i: usize, of: &Shape| {
        let all: Vec<usize> = (0..of.n_elements()).collect();
        let mut places = vec![0; n_matrices];
        plan.fill(i, &all, 0, &mut places);
        places
    };
    let (a_at, b_at) = (places(0, &a_batch), places(1, &b_batch));
    let (b_bytes, elements) = (int8(b)?, out.view_mut::<i32>()?);
    if elements.is_empty() {
        return Ok(out);
    }
    for (i, out) in elements.chunks_exact_mut(m * n).enumerate() {
        ctx.check_stop()?;
        let packed = PackedInt8B::pack(part(b_bytes, b_at[i] * k * n, k * n), Order::Plain, k, n)?;
        let a = part(operands.a, a_at[i] * m * k, m * k);
        let a_zeros = zeros_of(&operands.a_zeros, m, a_at[i]);
        let b_zeros = zeros_of(&operands.b_zeros, n, b_at[i]);
        multiply(a, m, a_zeros, &packed, b_zeros, out, ctx)?;
    }
    Ok(out)
}

/// The zero points of matrix `i`, if there are as many for each.
fn zeros_of(zeros: &[i32], per_matrix: usize, i: usize) -> &[i32] {
    if zeros.len() <= per_matrix {
        zeros
    } else {
        zeros.get(i * per_matrix..(i + 1) * per_matrix).unwrap_or(zeros)
    }
}

fn part(x: Int8<'_>, start: usize, len: usize) -> Int8<'_> {
    match x {
        Int8::U8(x) => Int8::U8(&x[start..start + len]),
        Int8::I8(x) => Int8::I8(&x[start..start + len]),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// Leading dimensions, rows and columns; a vector is a row on the left and a column on the right.
fn matrix(shape: &Shape, side: Side) -> Option<(Shape, usize, usize)> {
    match (shape.dims(), side) {
        ([], _) => None,
        (&[k], Side::Left) => Some((Shape::scalar(), 1, k)),
        (&[k], Side::Right) => Some((Shape::scalar(), k, 1)),
        ([leading @ .., rows, columns], _) => Some((leading.into(), *rows, *columns)),
    }
}

/// The product as `int32`.
pub(super) fn matmul_integer(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let operands = Operands::read(inputs.tensor(0)?, 2, 3, inputs, ctx)?;
    raw(&operands, Right::read(1, Order::Plain, inputs, ctx)?, ctx)
}

/// The product as floats.
pub(super) fn matmul_to_float(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let operands = Operands::read(inputs.tensor(0)?, 4, 5, inputs, ctx)?;
    let right = Right::read(1, Order::Plain, inputs, ctx)?;
    let a_scales = parameter::floats(inputs.tensor(2)?, ctx)?;
    let to = inputs.tensor(3)?.dtype();
    let floats = Floats {
        a_scales,
        b_scales: parameter::floats(inputs.tensor(3)?, ctx)?,
        bias: inputs.optional(6)?.map(|bias| parameter::floats(bias, ctx)).transpose()?,
    };
    let out = floats.product(&operands, right, ctx)?;
    crate::cpu::elementwise::cast::convert(out, to, ctx)
}

/// Quantizes the first operand over its range and multiplies.
pub(super) fn dynamic_matmul(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let elements = x.view::<f32>()?;
    let (scale, zero) = dynamic_parameters(elements, ctx);
    let mut quantized = Scratch::new::<u8>(ctx, elements.len())?;
    let bytes = &mut quantized.as_mut::<u8>()[..elements.len()];
    convert::quantize_f32(ctx.pool(), elements, scale, zero.into(), bytes);
    let operands = Operands {
        a: Int8::U8(bytes),
        a_shape: x.shape(),
        a_zeros: vec![zero.into()],
        b_zeros: parameter::zeros(inputs, 3, ctx)?,
    };
    let floats = Floats {
        a_scales: vec![scale],
        b_scales: parameter::floats(inputs.tensor(2)?, ctx)?,
        bias: inputs.optional(4)?.map(|bias| parameter::floats(bias, ctx)).transpose()?,
    };
    floats.product(&operands, Right::read(1, Order::Plain, inputs, ctx)?, ctx)
}

/// What turns sums into floats.
struct Floats {
    a_scales: Vec<f32>,
    b_scales: Vec<f32>,
    bias: Option<Vec<f32>>,
}

impl Floats {
    fn product(&self, operands: &Operands<'_>, right: Right<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let packed;
        let right = match right {
            Right::Tensor(b, order) if b.rank() == 2 => {
                packed = pack_matrix(b, order)?;
                Right::Packed(&packed)
            }
            other => other,
        };
        if let (Right::Packed(b), &[factor]) = (right, &self.a_scales[..])
            && let Some(scales) = scales(&self.b_scales, b.n())
            && self.bias.as_ref().is_none_or(|bias| bias.len() == b.n())
        {
            let column_bias = self.bias.as_deref();
            let finish = Dequantize { scales, factor, column_bias, activation: Activation::None };
            if let Some(out) = operands.finished(b, finish, ctx)? {
                return Ok(out);
            }
        }
        self.finish(&raw(operands, right, ctx)?, ctx)
    }

    /// The slow way: sums in memory first.
    fn finish(&self, sums: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let shape = sums.shape();
        let columns = shape.last().copied().unwrap_or(1).max(1);
        let scale = matrix_scales(&self.a_scales, &self.b_scales, shape)?;
        if self.bias.as_ref().is_some_and(|bias| bias.len() != columns) {
            return Err(OpError::shape(format!("a bias of [{columns}]"), shape));
        }
        let mut out = ctx.alloc(DType::F32, shape.clone())?;
        let sums = sums.view::<i32>()?;
        in_chunks(ctx, out.view_mut::<f32>()?, CHEAP_CHUNK, &|start, out| {
            for (i, out) in (start..).zip(out) {
                let bias = self.bias.as_ref().map_or(0.0, |bias| bias[i % columns]);
                *out = sums[i] as f32 * scale(i / columns, i % columns) + bias;
            }
        });
        Ok(out)
    }
}

fn scales(scales: &[f32], n: usize) -> Option<Scales<'_>> {
    match scales {
        &[one] => Some(Scales::One(one)),
        many if many.len() == n => Some(Scales::Columns(many)),
        _ => None,
    }
}

/// The factor of each sum: scales of the first operand may be per row, those of the second per column.
fn matrix_scales<'a>(
    a: &'a [f32],
    b: &'a [f32],
    shape: &Shape,
) -> Result<impl Fn(usize, usize) -> f32 + Sync + 'a, OpError> {
    let columns = shape.last().copied().unwrap_or(1).max(1);
    let rows = (shape.n_elements() / columns).max(1);
    let fits = |of: &[f32], size: usize| !of.is_empty() && size.is_multiple_of(of.len());
    // Per column of each matrix: whole rows of scales, one for each matrix.
    if !fits(a, rows) || b.is_empty() || !fits(b, columns) && !b.len().is_multiple_of(columns) {
        return Err(OpError::shape("scales per row and per column", shape));
    }
    let matrices = (b.len() / columns).max(1);
    let rows_per_matrix = (rows / matrices).max(1);
    Ok(move |row: usize, column: usize| {
        let b_at = if b.len() == 1 { 0 } else { row / rows_per_matrix % matrices * columns + column };
        a[row % a.len()] * b[b_at % b.len()]
    })
}

/// The product quantized again.
pub(super) fn qlinear_matmul(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let a = inputs.tensor(0)?;
    let to = inputs.optional(7)?.map_or(a.dtype(), Tensor::dtype);
    let operands = Operands::read(a, 2, 5, inputs, ctx)?;
    let right = Right::read(3, Order::Plain, inputs, ctx)?;
    let y = Byte::read(to, inputs, 6, ctx)?;
    let a_scales = parameter::floats(inputs.tensor(1)?, ctx)?;
    let b_scales = parameter::floats(inputs.tensor(4)?, ctx)?;
    requantized(&operands, right, &a_scales, &b_scales, None, 1.0, y, to, ctx)
}

/// The product, perhaps with a bias, quantized again.
fn requantized(
    operands: &Operands<'_>,
    right: Right<'_>,
    a_scales: &[f32],
    b_scales: &[f32],
    bias: Option<&Tensor>,
    alpha: f32,
    y: Byte,
    to: DType,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    if let (Right::Packed(b), &[a_scale]) = (right, a_scales)
        && bias.is_none_or(|bias| bias.len() == b.n() && bias.shape().last() == Some(&b.n()))
    {
        let factors: Vec<f32> = b_scales.iter().map(|&scale| a_scale * scale * alpha / y.scale).collect();
        if let Some(scales) = scales(&factors, b.n()) {
            let column_bias = bias.map(Tensor::view::<i32>).transpose()?;
            let out = if to == DType::U8 {
                let (zero, bounds) = (y.zero as u8, (u8::MIN, u8::MAX));
                let finish = Requantize { scales, row_bias: None, column_bias, zero, bounds };
                operands.finished(b, finish, ctx)?
            } else {
                let (zero, bounds) = (y.zero as i8, (i8::MIN, i8::MAX));
                let finish = Requantize { scales, row_bias: None, column_bias, zero, bounds };
                operands.finished(b, finish, ctx)?
            };
            if let Some(out) = out {
                return Ok(out);
            }
        }
    }
    let sums = with_bias(raw(operands, right, ctx)?, bias, ctx)?;
    let scale = matrix_scales(a_scales, b_scales, sums.shape())?;
    let columns = sums.shape().last().copied().unwrap_or(1).max(1);
    let mut out = ctx.alloc(DType::U8, sums.shape().clone())?;
    let elements = sums.view::<i32>()?;
    in_chunks(ctx, out.view_mut::<u8>()?, CHEAP_CHUNK, &|start, out| {
        for (i, out) in (start..).zip(out) {
            let factor = scale(i / columns, i % columns) * alpha / y.scale;
            *out = y.round(elements[i] as f32 * factor);
        }
    });
    Ok(out.bit_cast(to)?)
}

/// Adds a bias that broadcasts to the sums.
fn with_bias(mut sums: Tensor, bias: Option<&Tensor>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let Some(bias) = bias else { return Ok(sums) };
    let shape = sums.shape().clone();
    if shape.broadcast(bias.shape()).as_ref() != Some(&shape) {
        return Err(OpError::shapes("a bias that broadcasts to the product", bias.shape(), &shape));
    }
    let plan = Broadcast::new(&shape, &[bias.shape()]);
    let bias = bias.view::<i32>()?;
    in_chunks(ctx, sums.view_mut::<i32>()?, CHEAP_CHUNK, &|start, sums| {
        let mut space = [0; BLOCK];
        for (i, sums) in sums.chunks_mut(BLOCK).enumerate() {
            let n = sums.len();
            let bias = plan.spread(0, bias, start + i * BLOCK, &mut space[..n]);
            sums.iter_mut().zip(bias).for_each(|(sum, &bias)| *sum = sum.wrapping_add(bias));
        }
    });
    Ok(sums)
}

/// `alpha * a * b + c`.
pub(super) fn qgemm(op: &QGemm, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let a = inputs.tensor(0)?;
    if a.rank() != 2 {
        return Err(OpError::shape("a matrix", a.shape()));
    }
    let transposed;
    let a = if op.transpose_a {
        transposed = transpose(a, ctx)?;
        &transposed
    } else {
        a
    };
    let operands = Operands::read(a, 2, 5, inputs, ctx)?;
    let packed;
    let right = match Right::read(3, order(op), inputs, ctx)? {
        Right::Tensor(b, order) if b.rank() == 2 => {
            packed = pack_matrix(b, order)?;
            Right::Packed(&packed)
        }
        Right::Tensor(b, _) => return Err(OpError::shape("a matrix", b.shape())),
        right => right,
    };
    let a_scales = parameter::floats(inputs.tensor(1)?, ctx)?;
    let b_scales = parameter::floats(inputs.tensor(4)?, ctx)?;
    let bias = inputs.optional(6)?;
    if !inputs.has(7) {
        let sums = with_bias(raw(&operands, right, ctx)?, bias, ctx)?;
        let a_scales = a_scales.iter().map(|scale| scale * op.alpha).collect();
        return Floats { a_scales, b_scales, bias: None }.finish(&sums, ctx);
    }
    let to = inputs.optional(8)?.map_or(a.dtype(), Tensor::dtype);
    let y = Byte::read(to, inputs, 7, ctx)?;
    requantized(&operands, right, &a_scales, &b_scales, bias, op.alpha, y, to, ctx)
}

/// A matrix of bytes with rows and columns exchanged.
fn transpose(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let mut out = ctx.alloc(x.dtype(), [columns, rows].into())?;
    let bytes = x.bytes();
    if let Some(out) = out.try_bytes_mut() {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = bytes[i % rows * columns + i / rows]);
    }
    Ok(out)
}
