//! Products of matrices with broadcast batches.

use dunlin_ir::op::linear::{Dense, FusedMatMul, Layout};
use dunlin_ir::{DType, Tensor};
use dunlin_kernels::matmul::{Bias, Epilogue, Order, Residual, ResidualAt};

use super::product::{Products, Right, Ring, multiply_f32};
use super::strided::permuted;
use super::weight::Weight;
use crate::cpu::activation::kernel;
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::{is_narrow, narrowed, widen};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// numpy's `matmul`.
pub(super) fn matmul(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let a = inputs.tensor(0)?;
    if let Some(weight) = ctx.packed::<Weight>() {
        return with_weight(a, weight, 1.0, ctx);
    }
    let b = inputs.tensor(1)?;
    same_dtypes(a, b)?;
    if is_narrow(a.dtype()) || a.dtype() == DType::F32 {
        return singles(a, b, 1.0, ctx);
    }
    dispatch!(a.dtype(), T in [f64, i32, i64, u32, u64, i8, u8, i16, u16], {
        let (products, shape) = Products::broadcast(a.shape(), b.shape())?;
        let mut out = ctx.alloc(a.dtype(), shape)?;
        T::multiply(&products, a.view()?, b.view()?, Order::Plain, out.view_mut()?, ctx)?;
        Ok(one(out))
    })
}

/// A scaled product of operands that may be stored transposed.
pub(super) fn fused(op: &FusedMatMul, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let a = inputs.tensor(0)?;
    if let Some(weight) = ctx.packed::<Weight>() {
        return with_weight(&laid_out(a, op.a, ctx)?, weight, op.alpha, ctx);
    }
    let b = inputs.tensor(1)?;
    same_dtypes(a, b)?;
    if is_narrow(a.dtype()) || a.dtype() == DType::F32 {
        return singles(&laid_out(a, op.a, ctx)?, &laid_out(b, op.b, ctx)?, op.alpha, ctx);
    }
    if a.dtype() != DType::F64 {
        return Err(OpError::dtype("a float type", a.dtype()));
    }
    let (a, b) = (laid_out(a, op.a, ctx)?, laid_out(b, op.b, ctx)?);
    let (products, shape) = Products::broadcast(a.shape(), b.shape())?;
    let mut out = ctx.alloc(DType::F64, shape)?;
    let y = out.view_mut::<f64>()?;
    f64::multiply(&products, a.view()?, b.view()?, Order::Plain, y, ctx)?;
    y.iter_mut().for_each(|y| *y *= f64::from(op.alpha));
    Ok(one(out))
}

/// A fused layer.
pub(super) fn dense(op: &Dense, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let weight = ctx.packed::<Weight>();
    let w_shape = match weight {
        Some(weight) => &weight.shape,
        None => inputs.tensor(1)?.shape(),
    };
    let (products, shape) = Products::broadcast(x.shape(), w_shape)?;
    let n = shape.last().copied().unwrap_or(1);
    let mut epilogue = Epilogue { activation: kernel(op.activation)?, ..Epilogue::default() };
    if let Some(bias) = inputs.optional(2)? {
        if bias.len() != n {
            return Err(OpError::shape(format!("a bias of {n}"), bias.shape()));
        }
        epilogue.bias = Bias::Columns(bias.view()?);
    }
    if let Some(residual) = inputs.optional(3)? {
        if residual.shape() != &shape {
            return Err(OpError::shapes("a residual of the result's shape", residual.shape(), &shape));
        }
        let at = ResidualAt::BeforeActivation;
        epilogue.residual = Some(Residual { data: residual.view()?, beta: 1.0, at });
    }
    let mut out = ctx.alloc(DType::F32, shape)?;
    let right = match weight {
        Some(weight) => Right::Packed(weight),
        None => Right::Stored(inputs.view(1)?, Order::Plain),
    };
    multiply_f32(&products, x.view()?, right, out.view_mut()?, &epilogue, ctx)?;
    Ok(one(out))
}

fn same_dtypes(a: &Tensor, b: &Tensor) -> Result<(), OpError> {
    if a.dtype() == b.dtype() { Ok(()) } else { Err(OpError::dtype(a.dtype().name(), b.dtype())) }
}

/// A copy of `x` as `[.., rows, cols]`, unless it is stored so.
fn laid_out(x: &Tensor, layout: Layout, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if layout == Layout::default() || x.rank() < 2 {
        return Ok(x.clone());
    }
    let axes = layout.axes(x.rank());
    match x.dtype() {
        // Only bits move, so integers of the same width do.
        DType::F16 | DType::BF16 => {
            let bits = permuted::<u16>(&x.clone().bit_cast(DType::U16)?, &axes, ctx)?;
            Ok(bits.bit_cast(x.dtype())?)
        }
        DType::F64 => permuted::<f64>(x, &axes, ctx),
        _ => permuted::<f32>(x, &axes, ctx),
    }
}

/// Products in single precision, rounded to half where the operands are.
fn singles(a: &Tensor, b: &Tensor, alpha: f32, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let dtype = a.dtype();
    let (a, b) = (widen(a, ctx)?, widen(b, ctx)?);
    let (products, shape) = Products::broadcast(a.shape(), b.shape())?;
    let mut out = ctx.alloc(DType::F32, shape)?;
    let right = Right::Stored(b.view()?, Order::Plain);
    let epilogue = Epilogue { alpha, ..Epilogue::default() };
    multiply_f32(&products, a.view()?, right, out.view_mut()?, &epilogue, ctx)?;
    narrowed(&out, dtype, ctx).map(one)
}

fn with_weight(a: &Tensor, weight: &Weight, alpha: f32, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    if a.dtype() != weight.dtype {
        return Err(OpError::dtype(weight.dtype.name(), a.dtype()));
    }
    let (products, shape) = Products::broadcast(a.shape(), &weight.shape)?;
    let mut out = ctx.alloc(DType::F32, shape)?;
    let a = widen(a, ctx)?;
    let epilogue = Epilogue { alpha, ..Epilogue::default() };
    multiply_f32(&products, a.view()?, Right::Packed(weight), out.view_mut()?, &epilogue, ctx)?;
    narrowed(&out, weight.dtype, ctx).map(one)
}
