//! Dropout: nothing in inference, zeroed random elements in training.

use dunlin_ir::op::normalize::Dropout;
use dunlin_ir::{Bool, DType, Tensor};
use smallvec::smallvec;

use super::rows::doubles;
use crate::cpu::dispatch::dispatch_float;
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Data, ratio and mode to data and mask.
pub(super) fn dropout(op: &Dropout, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let training = inputs.has(2) && inputs.scalar::<Bool>(2)?.get();
    let ratio = match inputs.optional(1)? {
        None => 0.5,
        Some(ratio) => match doubles(ratio)?.as_slice() {
            &[ratio] if (0.0..1.0).contains(&ratio) => ratio,
            _ => return Err(OpError::value("one ratio from 0 up to but not 1", ratio.shape())),
        },
    };
    let x = inputs.take(0)?;
    if !training || ratio == 0.0 {
        let mask = if ctx.wants(1) { Some(mask(op, &x, |_| true, ctx)?.into()) } else { None };
        return Ok(smallvec![Some(x.into()), mask]);
    }
    let seed = op.seed.map_or_else(|| ctx.seed(), |seed| seed as u64);
    let keeps = |i: usize| uniform(seed, i) >= ratio;
    let mut out = ctx.alloc(x.dtype(), x.shape().clone())?;
    let scale = 1.0 / (1.0 - ratio);
    dispatch_float!(x.dtype(), T, {
        for (i, (y, x)) in out.view_mut::<T>()?.iter_mut().zip(x.view::<T>()?).enumerate() {
            *y = T::from_f64(if keeps(i) { x.to_f64() * scale } else { 0.0 });
        }
        Ok(())
    })?;
    let mask = if ctx.wants(1) { Some(mask(op, &x, keeps, ctx)?.into()) } else { None };
    Ok(smallvec![Some(out.into()), mask])
}

fn mask(op: &Dropout, x: &Tensor, keeps: impl Fn(usize) -> bool, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if !op.numeric_mask {
        let mut mask = ctx.alloc(DType::Bool, x.shape().clone())?;
        mask.view_mut::<Bool>()?.iter_mut().enumerate().for_each(|(i, kept)| *kept = keeps(i).into());
        return Ok(mask);
    }
    let mut mask = ctx.alloc(x.dtype(), x.shape().clone())?;
    dispatch_float!(x.dtype(), T, {
        let kept = mask.view_mut::<T>()?.iter_mut().enumerate();
        kept.for_each(|(i, kept)| *kept = T::from_f64(f64::from(u8::from(keeps(i)))));
        Ok(())
    })?;
    Ok(mask)
}

/// A number in `[0, 1)` from a seed and a position: the finaliser of splitmix64 on a Weyl sequence.
fn uniform(seed: u64, i: usize) -> f64 {
    let mut z = seed.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_numbers_have_the_mean_of_their_range() {
        let mean = (0..10_000).map(|i| uniform(7, i)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
