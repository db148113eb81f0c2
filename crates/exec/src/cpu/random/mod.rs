//! Execution of the random family.
//!
//! Element `i` of an output depends on the seed and on `i` alone, so the same seed draws the same numbers on any number
//! of threads. A seed in the model starts anew in every run; without one the run's seed, mixed with the step's number,
//! is used.

mod philox;

use dunlin_ir::op::Random;
use dunlin_ir::op::random::{Bernoulli, Draw, Multinomial};
use dunlin_ir::{Bool, DType, Element, Shape, Tensor};
use dunlin_sys::for_each_chunk_mut;
use half::{bf16, f16};
use philox::Philox;

use super::arms::built;
use super::dispatch::{dispatch, dispatch_float};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Elements that one task draws: an even number, since normal numbers come in pairs.
const TASK_ELEMENTS: usize = 4096;

/// Computes one step.
pub(crate) fn run(op: &Random, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Random::Bernoulli(op) => bernoulli(*op, inputs, ctx).map(one),
        Random::Multinomial(op) => multinomial(*op, inputs, ctx).map(one),
        Random::Normal(draw) => normal(draw, inputs, ctx).map(one),
        Random::Uniform(draw) => uniform(draw, inputs, ctx).map(one),
    })
}

fn generator(seed: Option<f32>, ctx: &Ctx<'_>) -> Philox {
    // The model's seed is a float, of which every bit counts.
    Philox::new(seed.map_or_else(|| ctx.seed(), |seed| seed.to_bits().into()))
}

fn normal(draw: &Draw, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (mean, deviation) = (f64::from(draw.a), f64::from(draw.b));
    let random = generator(draw.seed, ctx);
    fill(draw, inputs, ctx, &|pair| random.normal_pair(pair).map(|x| mean + deviation * x))
}

fn uniform(draw: &Draw, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let (low, width) = (f64::from(draw.a), f64::from(draw.b) - f64::from(draw.a));
    let random = generator(draw.seed, ctx);
    fill(draw, inputs, ctx, &|pair| random.uniform_pair(pair).map(|x| low + width * x))
}

/// A tensor whose elements `2 * i` and `2 * i + 1` are `pair(i)`.
fn fill(
    draw: &Draw,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
    pair: &(dyn Fn(u64) -> [f64; 2] + Sync),
) -> Result<Tensor, OpError> {
    let shape = match &draw.shape {
        Some(shape) => shape.clone(),
        None => inputs.tensor(0)?.shape().clone(),
    };
    let dtype = match draw.dtype {
        Some(dtype) => dtype,
        None => inputs.tensor(0)?.dtype(),
    };
    dispatch_float!(dtype, T, fill_as::<T>(shape, ctx, pair))
}

fn fill_as<T: Drawn>(
    shape: Shape,
    ctx: &Ctx<'_>,
    pair: &(dyn Fn(u64) -> [f64; 2] + Sync),
) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    for_each_chunk_mut(ctx.pool(), out.view_mut::<T>()?, TASK_ELEMENTS, &|task, part| {
        let first = (task * TASK_ELEMENTS / 2) as u64;
        for (i, elements) in part.chunks_mut(2).enumerate() {
            let drawn = pair(first + i as u64);
            elements.iter_mut().zip(drawn).for_each(|(element, x)| *element = T::from_f64(x));
        }
    });
    Ok(out)
}

fn bernoulli(op: Bernoulli, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let p = inputs.tensor(0)?;
    let chances = probabilities(p)?;
    if let Some(wrong) = chances.iter().find(|&&p| !(0.0..=1.0).contains(&p)) {
        return Err(OpError::value("probabilities from 0 to 1", wrong));
    }
    let random = generator(op.seed, ctx);
    // Numbers are drawn below 1, so a probability of 1 always hits and one of 0 never does.
    let hits: Vec<bool> = chances.iter().zip(0..).map(|(&p, i)| random.uniform(i) < p).collect();
    let dtype = op.dtype.unwrap_or(p.dtype());
    let types = dtype;
    dispatch!(types, T in [f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, Bool], {
        let mut out = ctx.alloc(dtype, p.shape().clone())?;
        let pairs = out.view_mut::<T>()?.iter_mut().zip(&hits);
        pairs.for_each(|(out, &hit)| *out = T::from_f64(f64::from(u8::from(hit))));
        Ok(out)
    })
}

fn probabilities(x: &Tensor) -> Result<Vec<f64>, OpError> {
    fn widen<T: Element + Into<f64>>(x: &Tensor) -> Result<Vec<f64>, OpError> {
        Ok(x.view::<T>()?.iter().map(|&x| x.into()).collect())
    }
    dispatch_float!(x.dtype(), T, widen::<T>(x))
}

fn multinomial(op: Multinomial, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let &[n_batch, n_classes] = x.shape().dims() else {
        return Err(OpError::shape("log-probabilities [batch, classes]", x.shape()));
    };
    if n_classes == 0 {
        return Err(OpError::shape("at least one class", x.shape()));
    }
    let logits = probabilities(x)?;
    let shape = Shape::new(&[n_batch, op.n_samples]);
    ctx.checked_bytes(DType::I64, &shape)?;
    let random = generator(op.seed, ctx);
    let mut drawn: Vec<i64> = Vec::with_capacity(shape.n_elements());
    for (row, logits) in logits.chunks_exact(n_classes).enumerate() {
        ctx.check_stop()?;
        let sums = cumulative(logits);
        let total = sums[n_classes - 1];
        for sample in 0..op.n_samples {
            let at = random.uniform((row * op.n_samples + sample) as u64) * total;
            let class = sums.partition_point(|&sum| sum <= at).min(n_classes - 1);
            drawn.push(class as i64);
        }
    }
    let mut out = ctx.alloc(op.dtype, shape)?;
    dispatch!(op.dtype, T in [i32, i64], {
        out.view_mut::<T>()?.iter_mut().zip(&drawn).for_each(|(out, &class)| *out = class as T);
        Ok(out)
    })
}

/// Running sums of the probabilities, up to a factor.
fn cumulative(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    let mut add = |&logit: &f64| {
        // A class of NaN or negative infinity is never drawn.
        let weight = (logit - largest).exp();
        sum += if weight.is_nan() { 0.0 } else { weight };
        sum
    };
    logits.iter().map(&mut add).collect()
}

/// Element types that numbers are drawn as.
trait Drawn: Element {
    fn from_f64(x: f64) -> Self;
}

macro_rules! drawn {
    ($($T:ty: $from:expr;)*) => {
        $(impl Drawn for $T {
            fn from_f64(x: f64) -> Self {
                let from: fn(f64) -> $T = $from;
                from(x)
            }
        })*
    };
}

drawn! {
    f32: |x| x as f32; f64: |x| x; f16: f16::from_f64; bf16: bf16::from_f64;
    i8: |x| x as i8; i16: |x| x as i16; i32: |x| x as i32; i64: |x| x as i64;
    u8: |x| x as u8; u16: |x| x as u16; u32: |x| x as u32; u64: |x| x as u64;
    Bool: |x| Bool::from(x != 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_weight_are_not_drawn() {
        assert_eq!(cumulative(&[f64::NEG_INFINITY, 1.0, f64::NAN, 1.0]), [0.0, 1.0, 1.0, 2.0]);
        assert_eq!(cumulative(&[f64::NEG_INFINITY; 2]), [0.0, 0.0]);
    }
}
