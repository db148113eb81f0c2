//! Functions of two tensors, comparisons, and functions of any number of tensors.

use dunlin_ir::op::elementwise::{Binary, Compare, Variadic};
use dunlin_ir::{Bool, DType, Element, Shape, Tensor};
use dunlin_kernels::binary::Binary as VectorBinary;
use half::{bf16, f16};

use super::broadcast::{BLOCK, Broadcast, CHEAP_CHUNK, Lane, in_chunks};
use super::number::{Arithmetic, Half, Integer};
use super::vector;
use super::zip::{self, Kernel, ZipInto, kernel, zip_into};
use crate::cpu::dispatch::{dispatch, dispatch_integer};
use crate::{Ctx, Inputs, OpError};

/// Computes a function of two tensors.
pub(super) fn run(op: Binary, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if op == Binary::Pow {
        return super::pow::run(inputs, ctx);
    }
    let dtype = zip::same_dtype(inputs)?;
    if let Some(function) = Function::of(op) {
        return run_numbers(function, dtype, inputs, ctx);
    }
    let unfit = || OpError::dtype(format!("an element type that {} knows", op.name()), dtype);
    if dtype == DType::Bool {
        return zip::run(&bool_kernel(op).ok_or_else(unfit)?, inputs, ctx);
    }
    dispatch_integer!(dtype, T, zip::run(&integer_kernel::<T>(op).ok_or_else(unfit)?, inputs, ctx))
}

/// Computes a comparison.
pub(super) fn compare(op: Compare, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    match zip::same_dtype(inputs)? {
        DType::F16 => zip::run_mixed_half::<f16, Bool>(comparison(op), CHEAP_CHUNK, inputs, ctx),
        DType::BF16 => zip::run_mixed_half::<bf16, Bool>(comparison(op), CHEAP_CHUNK, inputs, ctx),
        DType::Bool if op == Compare::Equal => {
            let equal: ZipInto<Bool, Bool, Bool> =
                |out, a, b| zip_into(out, a, b, |a, b| Bool::from(a.get() == b.get()));
            zip::run_mixed(equal, CHEAP_CHUNK, inputs, ctx)
        }
        DType::String if op == Compare::Equal => equal_strings(inputs, ctx),
        dtype => dispatch!(dtype, T in [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64], {
            zip::run_mixed::<T, T, Bool>(comparison(op), CHEAP_CHUNK, inputs, ctx)
        }),
    }
}

/// Computes a function of any number of tensors.
pub(super) fn variadic(op: Variadic, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let dtype = inputs.tensor(0)?.dtype();
    let function = match op {
        Variadic::Max => Function::Max,
        Variadic::Min => Function::Min,
        Variadic::Mean | Variadic::Sum => Function::Add,
    };
    match inputs.len() {
        1 => inputs.take(0),
        2 if op != Variadic::Mean => {
            zip::same_dtype(inputs)?;
            run_numbers(function, dtype, inputs, ctx)
        }
        _ => {
            let is_mean = op == Variadic::Mean;
            match dtype {
                DType::F16 => fold_half::<f16>(function, is_mean, inputs, ctx),
                DType::BF16 => fold_half::<bf16>(function, is_mean, inputs, ctx),
                _ => dispatch!(dtype, T in [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64], {
                    fold::<T>(function, is_mean, inputs, ctx)
                }),
            }
        }
    }
}

/// A function of two numbers of the same type.
#[derive(Debug, Clone, Copy)]
enum Function {
    Add,
    Div,
    Fmod,
    Max,
    Min,
    Mod,
    Mul,
    PRelu,
    Sub,
}

impl Function {
    fn of(op: Binary) -> Option<Function> {
        match op {
            Binary::Add => Some(Function::Add),
            Binary::Div => Some(Function::Div),
            Binary::Fmod => Some(Function::Fmod),
            Binary::Mod => Some(Function::Mod),
            Binary::Mul => Some(Function::Mul),
            Binary::PRelu => Some(Function::PRelu),
            Binary::Sub => Some(Function::Sub),
            _ => None,
        }
    }

    fn kernel<T: Arithmetic>(self) -> Kernel<T> {
        match self {
            Function::Add => kernel!(T, |a: T, b: T| a.plus(b)).commuting(),
            Function::Div => kernel!(T, |a: T, b: T| a.over(b)),
            Function::Fmod => kernel!(T, |a: T, b: T| Arithmetic::remainder(a, b)).costly(),
            Function::Max => kernel!(T, |a: T, b: T| a.larger(b)).commuting(),
            Function::Min => kernel!(T, |a: T, b: T| a.smaller(b)).commuting(),
            Function::Mod => kernel!(T, |a: T, b: T| Arithmetic::modulo(a, b)).costly(),
            Function::Mul => kernel!(T, |a: T, b: T| a.times(b)).commuting(),
            Function::PRelu => kernel!(T, |a: T, b: T| if a < T::ZERO { a.times(b) } else { a }),
            Function::Sub => kernel!(T, |a: T, b: T| a.minus(b)),
        }
    }
}

/// A kernel of `float32` by vectors.
macro_rules! vector_kernel {
    ($op:ident, $f:expr) => {
        Kernel {
            into: |out, a, b| vector::zip_into(VectorBinary::$op, out, a, b),
            assign: |out, b| vector::assign(VectorBinary::$op, out, b, $f),
            commutes: false,
            chunk: CHEAP_CHUNK,
        }
    };
}

impl Function {
    /// The kernel of `float32`, by vectors where there is one.
    fn vector_kernel(self) -> Kernel<f32> {
        match self {
            Function::Add => vector_kernel!(Add, |a, b| a + b).commuting(),
            Function::Div => vector_kernel!(Div, |a, b| a / b),
            Function::Max => vector_kernel!(Max, Arithmetic::larger).commuting(),
            Function::Min => vector_kernel!(Min, Arithmetic::smaller).commuting(),
            Function::Mul => vector_kernel!(Mul, |a, b| a * b).commuting(),
            Function::PRelu => vector_kernel!(PRelu, |a, b| if a < 0.0 { a * b } else { a }),
            Function::Sub => vector_kernel!(Sub, |a, b| a - b),
            Function::Fmod | Function::Mod => self.kernel(),
        }
    }
}

fn run_numbers(
    function: Function,
    dtype: DType,
    inputs: &mut Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    match dtype {
        DType::F32 => zip::run::<f32>(&function.vector_kernel(), inputs, ctx),
        DType::F16 => zip::run_half::<f16>(&function.vector_kernel(), inputs, ctx),
        DType::BF16 => zip::run_half::<bf16>(&function.vector_kernel(), inputs, ctx),
        _ => dispatch!(dtype, T in [f64, i8, i16, i32, i64, u8, u16, u32, u64], {
            zip::run::<T>(&function.kernel(), inputs, ctx)
        }),
    }
}

fn integer_kernel<T: Integer>(op: Binary) -> Option<Kernel<T>> {
    match op {
        Binary::BitShiftLeft => Some(kernel!(T, |a: T, b: T| a.shifted_left(b))),
        Binary::BitShiftRight => Some(kernel!(T, |a: T, b: T| a.shifted_right(b))),
        Binary::BitwiseAnd => Some(kernel!(T, |a: T, b: T| a.and(b)).commuting()),
        Binary::BitwiseOr => Some(kernel!(T, |a: T, b: T| a.or(b)).commuting()),
        Binary::BitwiseXor => Some(kernel!(T, |a: T, b: T| a.xor(b)).commuting()),
        _ => None,
    }
}

fn bool_kernel(op: Binary) -> Option<Kernel<Bool>> {
    match op {
        Binary::And => Some(kernel!(Bool, |a: Bool, b: Bool| Bool::from(a.get() & b.get())).commuting()),
        Binary::Or => Some(kernel!(Bool, |a: Bool, b: Bool| Bool::from(a.get() | b.get())).commuting()),
        Binary::Xor => Some(kernel!(Bool, |a: Bool, b: Bool| Bool::from(a.get() ^ b.get())).commuting()),
        _ => None,
    }
}

fn comparison<T: Copy + PartialOrd>(op: Compare) -> ZipInto<T, T, Bool> {
    match op {
        Compare::Equal => |out, a, b| zip_into(out, a, b, |a: T, b: T| Bool::from(a == b)),
        Compare::Greater => |out, a, b| zip_into(out, a, b, |a: T, b: T| Bool::from(a > b)),
        Compare::GreaterOrEqual => |out, a, b| zip_into(out, a, b, |a: T, b: T| Bool::from(a >= b)),
        Compare::Less => |out, a, b| zip_into(out, a, b, |a: T, b: T| Bool::from(a < b)),
        Compare::LessOrEqual => |out, a, b| zip_into(out, a, b, |a: T, b: T| Bool::from(a <= b)),
    }
}

fn equal_strings(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (shape, plan) = zip::plan_pair(inputs.tensor(0)?, inputs.tensor(1)?)?;
    let (a, b) = (inputs.tensor(0)?.strings()?, inputs.tensor(1)?.strings()?);
    // References are copied freely, so the loops of numbers do.
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
    let mut out = ctx.alloc(DType::Bool, shape)?;
    let elements = out.view_mut::<Bool>()?;
    plan.for_each_run(0..elements.len(), |at, len, offsets| {
        let (a, b) = (plan.lane(0, &a, offsets[0], len), plan.lane(1, &b, offsets[1], len));
        zip_into(&mut elements[at..at + len], a, b, |a: &str, b: &str| Bool::from(a == b));
    });
    Ok(out)
}

/// How all inputs run along the shape that they broadcast to.
fn plan_all(inputs: &Inputs<'_>) -> Result<(Shape, Broadcast), OpError> {
    let shape = inputs.broadcast_shape()?;
    let mut shapes = Vec::with_capacity(inputs.len());
    for i in 0..inputs.len() {
        shapes.push(inputs.tensor(i)?.shape());
    }
    let plan = Broadcast::new(&shape, &shapes);
    Ok((shape, plan))
}

fn views<'a, T: Element>(inputs: &'a Inputs<'_>) -> Result<Vec<&'a [T]>, OpError> {
    (0..inputs.len()).map(|i| inputs.view::<T>(i)).collect()
}

/// Combines all inputs from the first to the last.
fn fold<T: Arithmetic>(
    function: Function,
    is_mean: bool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (shape, plan) = plan_all(inputs)?;
    let (kernel, views) = (function.kernel::<T>(), views::<T>(inputs)?);
    let n = T::from_f64(views.len() as f64);
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    in_chunks(ctx, out.view_mut::<T>()?, CHEAP_CHUNK, &|start, out| {
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            let start = start + i * BLOCK;
            plan.fill(0, views[0], start, out);
            for (k, other) in views.iter().enumerate().skip(1) {
                zip::assign(&plan, k, other, out, start, kernel.assign);
            }
            if is_mean {
                out.iter_mut().for_each(|x| *x = x.over(n));
            }
        }
    });
    Ok(out)
}

/// [`fold`] on 16-bit floats: in single precision, rounded once.
fn fold_half<H: Half>(
    function: Function,
    is_mean: bool,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (shape, plan) = plan_all(inputs)?;
    let (kernel, views) = (function.vector_kernel(), views::<H>(inputs)?);
    let mut out = ctx.alloc(H::DTYPE, shape)?;
    in_chunks(ctx, out.view_mut::<H>()?, CHEAP_CHUNK, &|start, out| {
        let mut space = [H::zeroed(); BLOCK];
        let (mut sum, mut wide) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (i, out) in out.chunks_mut(BLOCK).enumerate() {
            let (start, n) = (start + i * BLOCK, out.len());
            H::widen(plan.spread(0, views[0], start, &mut space[..n]), &mut sum[..n]);
            for (k, other) in views.iter().enumerate().skip(1) {
                H::widen(plan.spread(k, other, start, &mut space[..n]), &mut wide[..n]);
                (kernel.assign)(&mut sum[..n], Lane::Slice(&wide[..n]));
            }
            if is_mean {
                sum[..n].iter_mut().for_each(|x| *x /= views.len() as f32);
            }
            H::narrow(&sum[..n], out);
        }
    });
    Ok(out)
}
