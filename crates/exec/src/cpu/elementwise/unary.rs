//! Functions of one tensor, over it where its buffer is free.

use dunlin_ir::op::elementwise::{Approximate, Unary};
use dunlin_ir::{Bool, DType, Element, Tensor};
use half::{bf16, f16};

use super::broadcast::{BLOCK, CHEAP_CHUNK, COSTLY_CHUNK, in_chunks};
use super::erf::erf;
use super::number::{Arithmetic, Half, Integer};
use super::vector;
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, Inputs, OpError};

/// Computes a function of one tensor.
pub(super) fn run(op: Unary, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.take(0)?;
    let chunk = if is_cheap(op) { CHEAP_CHUNK } else { COSTLY_CHUNK };
    match x.dtype() {
        DType::F32 if is_real(op) => map_blocks::<f32>(x, ctx, chunk, &|x| real_f32(op, x)),
        DType::F64 if is_real(op) => map_blocks::<f64>(x, ctx, chunk, &|x| real(op, x)),
        DType::F16 if is_real(op) => map_half::<f16>(op, x, ctx, chunk),
        DType::BF16 if is_real(op) => map_half::<bf16>(op, x, ctx, chunk),
        DType::Bool if op == Unary::Not => map_blocks::<Bool>(x, ctx, CHEAP_CHUNK, &|x| {
            x.iter_mut().for_each(|x| *x = Bool::from(!x.get()));
        }),
        dtype if is_real(op) && !is_integral(op) => {
            Err(OpError::dtype("float32, float64, float16 or bfloat16", dtype))
        }
        dtype if is_integral(op) => dispatch!(dtype, T in [i8, i16, i32, i64, u8, u16, u32, u64], {
            map_blocks::<T>(x, ctx, CHEAP_CHUNK, &|x| integral(op, x))
        }),
        dtype => Err(OpError::dtype("bool", dtype)),
    }
}

/// Whether the function takes floats.
fn is_real(op: Unary) -> bool {
    !matches!(op, Unary::Not | Unary::BitwiseNot | Unary::Identity)
}

/// Whether the function takes integers.
fn is_integral(op: Unary) -> bool {
    use Unary::{Abs, BitwiseNot, Neg, Relu, Shrink, Sign};
    matches!(op, Abs | BitwiseNot | Neg | Relu | Shrink { .. } | Sign)
}

/// Whether an element takes well below a nanosecond.
fn is_cheap(op: Unary) -> bool {
    use Unary::{Abs, HardSigmoid, HardSwish, LeakyRelu, Neg, Relu, Shrink, ThresholdedRelu};
    let is_linear = matches!(op, HardSigmoid { .. } | HardSwish | LeakyRelu { .. } | ThresholdedRelu { .. });
    is_linear || matches!(op, Abs | Neg | Relu | Shrink { .. })
}

/// Applies `f` to blocks of the elements: in place, or in the new tensor, to which each block is copied first.
fn map_blocks<T: Element>(
    mut x: Tensor,
    ctx: &Ctx<'_>,
    chunk: usize,
    f: &(dyn Fn(&mut [T]) + Sync),
) -> Result<Tensor, OpError> {
    if let Ok(elements) = x.view_mut::<T>() {
        in_chunks(ctx, elements, chunk, &|_, part| f(part));
        return Ok(x);
    }
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    let elements = x.view::<T>()?;
    in_chunks(ctx, out.view_mut::<T>()?, chunk, &|start, part| {
        for (i, part) in part.chunks_mut(4 * BLOCK).enumerate() {
            let start = start + i * 4 * BLOCK;
            part.copy_from_slice(&elements[start..start + part.len()]);
            f(part);
        }
    });
    Ok(out)
}

/// [`map_blocks`] on 16-bit floats: in single precision, rounded once.
fn map_half<H: Half>(op: Unary, x: Tensor, ctx: &Ctx<'_>, chunk: usize) -> Result<Tensor, OpError> {
    map_blocks::<H>(x, ctx, chunk, &|part| {
        let mut wide = [0.0; BLOCK];
        for part in part.chunks_mut(BLOCK) {
            let wide = &mut wide[..part.len()];
            H::widen(part, wide);
            real_f32(op, wide);
            H::narrow(wide, part);
        }
    })
}

fn integral<T: Integer>(op: Unary, x: &mut [T]) {
    let each = |x: &mut [T], f: fn(T) -> T| x.iter_mut().for_each(|x| *x = f(*x));
    match op {
        Unary::Abs => each(x, T::magnitude),
        Unary::BitwiseNot => each(x, T::not),
        Unary::Neg => each(x, T::negated),
        Unary::Relu => each(x, |x| if x < T::ZERO { T::ZERO } else { x }),
        Unary::Sign => each(x, T::sign),
        Unary::Shrink { bias, lambd } => {
            x.iter_mut().for_each(|x| *x = T::from_f64(shrink(x.to_f64(), bias.into(), lambd.into())));
        }
        _ => {}
    }
}

fn shrink<T: Arithmetic>(x: T, bias: T, lambd: T) -> T {
    if x < lambd.negated() {
        x.plus(bias)
    } else if x > lambd {
        x.minus(bias)
    } else {
        T::ZERO
    }
}

/// A float with the elementary functions.
trait Real: Arithmetic {
    fn of(x: f32) -> Self;
    fn acos(self) -> Self;
    fn acosh(self) -> Self;
    fn asin(self) -> Self;
    fn asinh(self) -> Self;
    fn atan(self) -> Self;
    fn atanh(self) -> Self;
    fn ceil(self) -> Self;
    fn cos(self) -> Self;
    fn cosh(self) -> Self;
    fn erf(self) -> Self;
    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn floor(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn round_ties_even(self) -> Self;
    fn sin(self) -> Self;
    fn sinh(self) -> Self;
    fn sqrt(self) -> Self;
    fn tan(self) -> Self;
    fn tanh(self) -> Self;
}

macro_rules! reals {
    ($($real:ident),*: $functions:tt) => {
        $(reals!(@one $real $functions);)*
    };
    (@one $real:ident [$($function:ident),*]) => {
        impl Real for $real {
            #[inline(always)]
            fn of(x: f32) -> Self {
                x.into()
            }
            #[inline(always)]
            fn erf(self) -> Self {
                erf(self.into()) as $real
            }
            $(#[inline(always)]
            fn $function(self) -> Self {
                <$real>::$function(self)
            })*
        }
    };
}

reals!(f32, f64: [
    acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, exp, exp_m1, floor, ln, ln_1p, round_ties_even, sin, sinh,
    sqrt, tan, tanh
]);

/// Applies a function in place, by its vector kernel if it has one.
fn real_f32(op: Unary, x: &mut [f32]) {
    if !vector::apply(op, x) {
        real(op, x);
    }
}

/// Applies a function of floats in place.
fn real<T: Real>(op: Unary, x: &mut [T]) {
    macro_rules! each {
        (|$x:ident| $body:expr) => {
            for x in x {
                let $x = *x;
                *x = $body;
            }
        };
    }
    let (zero, half, one) = (T::ZERO, T::of(0.5), T::of(1.0));
    match op {
        Unary::Identity | Unary::Not | Unary::BitwiseNot => {}
        Unary::Abs => each!(|x| x.magnitude()),
        Unary::Acos => each!(|x| x.acos()),
        Unary::Acosh => each!(|x| x.acosh()),
        Unary::Asin => each!(|x| x.asin()),
        Unary::Asinh => each!(|x| x.asinh()),
        Unary::Atan => each!(|x| x.atan()),
        Unary::Atanh => each!(|x| x.atanh()),
        Unary::Ceil => each!(|x| x.ceil()),
        Unary::Celu { alpha } => {
            let alpha = T::of(alpha);
            each!(|x| if x < zero { alpha.times(x.over(alpha).exp_m1()) } else { x })
        }
        Unary::Cos => each!(|x| x.cos()),
        Unary::Cosh => each!(|x| x.cosh()),
        Unary::Elu { alpha } => {
            let alpha = T::of(alpha);
            each!(|x| if x < zero { alpha.times(x.exp_m1()) } else { x })
        }
        Unary::Erf => each!(|x| x.erf()),
        Unary::Exp => each!(|x| x.exp()),
        Unary::Floor => each!(|x| x.floor()),
        Unary::Gelu { approximate: Approximate::None } => {
            let root = T::from_f64(std::f64::consts::FRAC_1_SQRT_2);
            each!(|x| half.times(x).times(one.plus(x.times(root).erf())))
        }
        Unary::Gelu { approximate: Approximate::Tanh } => {
            let (a, b) = (T::from_f64((2.0 / std::f64::consts::PI).sqrt()), T::from_f64(0.044715));
            each!(|x| {
                let cube = x.times(x).times(x);
                half.times(x).times(one.plus(a.times(x.plus(b.times(cube))).tanh()))
            })
        }
        Unary::HardSigmoid { alpha, beta } => {
            let (alpha, beta) = (T::of(alpha), T::of(beta));
            each!(|x| clamp(alpha.times(x).plus(beta), zero, one))
        }
        Unary::HardSwish => {
            let sixth = T::from_f64(1.0 / 6.0);
            each!(|x| x.times(clamp(x.times(sixth).plus(half), zero, one)))
        }
        Unary::LeakyRelu { alpha } => {
            let alpha = T::of(alpha);
            each!(|x| if x < zero { alpha.times(x) } else { x })
        }
        Unary::Log => each!(|x| x.ln()),
        Unary::Mish => each!(|x| x.times(softplus(x).tanh())),
        Unary::Neg => each!(|x| x.negated()),
        Unary::Reciprocal => each!(|x| one.over(x)),
        Unary::Relu => each!(|x| if x < zero { zero } else { x }),
        Unary::Round => each!(|x| x.round_ties_even()),
        Unary::Rsqrt => each!(|x| one.over(x.sqrt())),
        Unary::Selu { alpha, gamma } => {
            let (alpha, gamma) = (T::of(alpha), T::of(gamma));
            each!(|x| gamma.times(if x > zero { x } else { alpha.times(x.exp_m1()) }))
        }
        Unary::Shrink { bias, lambd } => {
            let (bias, lambd) = (T::of(bias), T::of(lambd));
            each!(|x| shrink(x, bias, lambd))
        }
        Unary::Sigmoid => each!(|x| sigmoid(x)),
        Unary::Sign => each!(|x| x.sign()),
        Unary::Sin => each!(|x| x.sin()),
        Unary::Sinh => each!(|x| x.sinh()),
        Unary::Softplus => each!(|x| softplus(x)),
        Unary::Softsign => each!(|x| x.over(one.plus(x.magnitude()))),
        Unary::Sqrt => each!(|x| x.sqrt()),
        Unary::Swish { alpha } => {
            let alpha = T::of(alpha);
            each!(|x| x.times(sigmoid(alpha.times(x))))
        }
        Unary::Tan => each!(|x| x.tan()),
        Unary::Tanh => each!(|x| x.tanh()),
        Unary::ThresholdedRelu { alpha } => {
            let alpha = T::of(alpha);
            each!(|x| if x > alpha { x } else { zero })
        }
    }
}

#[inline(always)]
fn clamp<T: Arithmetic>(x: T, low: T, high: T) -> T {
    // Comparisons that are false for NaN, so that it passes.
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn sigmoid<T: Real>(x: T) -> T {
    let one = T::of(1.0);
    one.over(one.plus(x.negated().exp()))
}

#[inline(always)]
fn softplus<T: Real>(x: T) -> T {
    // `ln(1 + e^x)` without overflow.
    let positive = if x < T::ZERO { T::ZERO } else { x };
    positive.plus(x.magnitude().negated().exp().ln_1p())
}
