//! General matrix products: scaled, with a bias that is broadcast, and perhaps an activation.

use std::borrow::Cow;

use dunlin_ir::op::linear::Gemm;
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::activation::Activation as KernelActivation;
use dunlin_kernels::matmul::{Bias, Epilogue, Order, Residual, ResidualAt};

use super::product::{Products, Right, Ring, multiply_f32};
use super::strided::permuted;
use super::weight::Weight;
use crate::cpu::activation::kernel;
use crate::cpu::dispatch::dispatch;
use crate::cpu::number::Number;
use crate::cpu::real::{is_narrow, narrowed, widen};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// `activation(alpha a b + beta c)`
pub(super) fn gemm(op: &Gemm, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let a = inputs.tensor(0)?;
    let weight = ctx.packed::<Weight>();
    let (b_dtype, b_shape, b_order) = match weight {
        Some(weight) => (weight.dtype, weight.shape.clone(), Order::Plain),
        None => {
            let b = inputs.tensor(1)?;
            let order = if op.transpose_b { Order::Transposed } else { Order::Plain };
            (b.dtype(), b.shape().clone(), order)
        }
    };
    let c = inputs.optional(2)?.filter(|_| op.beta != 0.0);
    for dtype in [b_dtype].into_iter().chain(c.map(Tensor::dtype)) {
        if dtype != a.dtype() {
            return Err(OpError::dtype(a.dtype().name(), dtype));
        }
    }
    let products = products(op, a.shape(), &b_shape, b_order)?;
    let place = c.map(|c| Place::of(c.shape(), &products)).transpose()?;
    if is_narrow(a.dtype()) || a.dtype() == DType::F32 {
        let dtype = a.dtype();
        let a = left::<f32>(op, &widen(a, ctx)?, ctx)?;
        let c = c.map(|c| widen(c, ctx)).transpose()?;
        let stored;
        let b = match weight {
            Some(weight) => Right::Packed(weight),
            None => {
                stored = widen(inputs.tensor(1)?, ctx)?;
                Right::Stored(stored.view()?, b_order)
            }
        };
        let c = c.as_ref().zip(place);
        return narrowed(&singles(op, &products, &a, b, c, ctx)?, dtype, ctx).map(one);
    }
    dispatch!(a.dtype(), T in [f64, i32, i64, u32, u64, i8, u8, i16, u16], {
        let (a, b) = (left::<T>(op, a, ctx)?, inputs.tensor(1)?);
        let mut out = ctx.alloc(a.dtype(), [products.m, products.n].into())?;
        let y = out.view_mut::<T>()?;
        T::multiply(&products, a.view()?, b.view()?, b_order, y, ctx)?;
        let c = match c.zip(place) {
            Some((c, place)) => Some((c.view::<T>()?, place)),
            None => None,
        };
        finish(op, kernel(op.activation)?, y, c, products.n);
        Ok(one(out))
    })
}

fn products(op: &Gemm, a: &Shape, b: &Shape, b_order: Order) -> Result<Products, OpError> {
    let (&[a0, a1], &[b0, b1]) = (a.dims(), b.dims()) else {
        return Err(OpError::shapes("two matrices", a, b));
    };
    let (m, k) = if op.transpose_a { (a1, a0) } else { (a0, a1) };
    let (b_k, n) = if b_order == Order::Transposed { (b1, b0) } else { (b0, b1) };
    if k != b_k {
        return Err(OpError::shapes("[m, k] and [k, n]", a, b));
    }
    Ok(Products::parallel(1, m, k, n))
}

fn left<T: Ring>(op: &Gemm, a: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if op.transpose_a { permuted::<T>(a, &[1, 0], ctx) } else { Ok(a.clone()) }
}

/// How the third input is broadcast: elements from one row, and from one column, to the next.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
}

impl Place {
    fn of(c: &Shape, products: &Products) -> Result<Place, OpError> {
        let &Products { m, n, .. } = products;
        let (rows, columns) = match *c.dims() {
            [] => (1, 1),
            [columns] => (1, columns),
            [rows, columns] => (rows, columns),
            _ => (0, 0),
        };
        if c.rank() > 2 || (rows != 1 && rows != m) || (columns != 1 && columns != n) {
            return Err(OpError::shape(format!("a shape that broadcasts to [{m}, {n}]"), c));
        }
        let row = if rows == 1 { 0 } else { columns };
        Ok(Place { row, column: usize::from(columns != 1) })
    }
}

fn singles(
    op: &Gemm,
    products: &Products,
    a: &Tensor,
    b: Right<'_, f32>,
    c: Option<(&Tensor, Place)>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let &Products { m, n, .. } = products;
    let mut out = ctx.alloc(DType::F32, [m, n].into())?;
    let mut epilogue =
        Epilogue { alpha: op.alpha, activation: kernel(op.activation)?, ..Epilogue::default() };
    let scaled: Cow<'_, [f32]>;
    if let Some((c, place)) = c {
        let c = c.view::<f32>()?;
        match (place.row, place.column) {
            (0, 0) => scaled = Cow::Owned(vec![op.beta * c[0]; n]),
            (0, _) | (_, 0) if op.beta != 1.0 => scaled = c.iter().map(|c| op.beta * c).collect(),
            _ => scaled = Cow::Borrowed(c),
        }
        match (place.row, place.column) {
            (0, _) => epilogue.bias = Bias::Columns(&scaled),
            (_, 0) => epilogue.bias = Bias::Rows(&scaled),
            _ => {
                let at = ResidualAt::BeforeActivation;
                epilogue.residual = Some(Residual { data: c, beta: op.beta, at });
            }
        }
    }
    multiply_f32(products, a.view()?, b, out.view_mut()?, &epilogue, ctx)?;
    Ok(out)
}

/// Scales, adds and activates in `f64`, unless the numbers are integers that are only added.
fn finish<T: Number + Ring>(
    op: &Gemm,
    activation: KernelActivation,
    y: &mut [T],
    c: Option<(&[T], Place)>,
    n: usize,
) {
    let exact = op.alpha == 1.0 && op.beta == 1.0 && activation == KernelActivation::None;
    if exact && c.is_none() {
        return;
    }
    for (i, y) in y.iter_mut().enumerate() {
        let c = c.map_or(T::default(), |(c, place)| c[i / n * place.row + i % n * place.column]);
        *y = if exact {
            y.plus(c)
        } else {
            let sum = f64::from(op.alpha) * y.to_f64() + f64::from(op.beta) * c.to_f64();
            T::from_f64(activation.reference(sum))
        };
    }
}
