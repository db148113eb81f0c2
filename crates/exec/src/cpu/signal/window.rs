//! Windows, and the weights of the mel scale.

use std::f64::consts::PI;

use dunlin_ir::op::signal::{MelWeightMatrix, Window, WindowKind};
use dunlin_ir::{DType, Tensor};

use super::size;
use crate::cpu::dispatch::dispatch_number;
use crate::cpu::normalize::doubles;
use crate::cpu::number::Number;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// A window of the length in input 0.
pub(super) fn window(op: &Window, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n = size(inputs, 0, 0)?;
    let period = if op.periodic { n } else { n.saturating_sub(1) };
    let form = |i: usize| {
        let turns = i as f64 / period as f64;
        match op.kind {
            WindowKind::Hann => (turns * PI).sin().powi(2),
            WindowKind::Hamming => 25.0 / 46.0 - (turns * 2.0 * PI).cos() * (21.0 / 46.0),
            WindowKind::Blackman => 0.42 - 0.5 * (turns * 2.0 * PI).cos() + 0.08 * (turns * 4.0 * PI).cos(),
        }
    };
    filled(op.dtype, n, ctx, form).map(one)
}

/// The shares of spectral bins in mel bins: triangles whose corners are evenly spaced on the mel scale.
pub(super) fn mel_weight_matrix(
    op: &MelWeightMatrix,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let (n_mel, length, rate) = (size(inputs, 0, 0)?, size(inputs, 1, 0)?, size(inputs, 2, 1)?);
    let hertz = |i: usize| match doubles(inputs.tensor(i)?)?.as_slice() {
        &[hertz] => Ok(hertz),
        _ => Err(OpError::shape(format!("one element in input {i}"), inputs.tensor(i)?.shape())),
    };
    let n_spectrum = length / 2 + 1;
    let mut out = ctx.alloc_zeroed(op.dtype, [n_spectrum, n_mel].into())?;
    let [low, high] = [hertz(3)?, hertz(4)?].map(|hertz| 2595.0 * (hertz / 700.0).ln_1p() / 10f64.ln());
    let step = (high - low) / (n_mel + 2) as f64;
    let corner = |i: usize| -> Result<usize, OpError> {
        let hertz = 700.0 * ((i as f64 * step + low) / 2595.0 * 10f64.ln()).exp_m1();
        let bin = ((length as f64 + 1.0) * hertz / rate as f64).floor();
        if (0.0..n_spectrum as f64).contains(&bin) {
            return Ok(bin as usize);
        }
        Err(OpError::value(format!("mel bins within {n_spectrum} spectral bins"), bin))
    };
    dispatch_number!(op.dtype, T, {
        let weights = out.view_mut::<T>()?;
        for mel in 0..n_mel {
            let (left, center, right) = (corner(mel)?, corner(mel + 1)?, corner(mel + 2)?);
            for bin in left..center {
                weights[bin * n_mel + mel] = T::from_f64((bin - left) as f64 / (center - left) as f64);
            }
            weights[center * n_mel + mel] = T::from_f64(1.0);
            for bin in center..right {
                weights[bin * n_mel + mel] = T::from_f64((right - bin) as f64 / (right - center) as f64);
            }
        }
        Ok(())
    })?;
    Ok(one(out))
}

/// A vector of any type of number whose element at `i` is `f(i)`.
fn filled(dtype: DType, n: usize, ctx: &Ctx<'_>, f: impl Fn(usize) -> f64) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(dtype, [n].into())?;
    dispatch_number!(dtype, T, {
        out.view_mut::<T>()?.iter_mut().enumerate().for_each(|(i, y)| *y = T::from_f64(f(i)));
        Ok(())
    })?;
    Ok(out)
}
