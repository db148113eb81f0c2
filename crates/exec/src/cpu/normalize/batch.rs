//! Batch normalisation: one factor and one shift per channel, from given statistics or from those of the batch.

use dunlin_ir::Shape;
use dunlin_ir::op::normalize::Batch;
use dunlin_sys::for_each_chunk_mut;
use smallvec::smallvec;

use super::rows::{channels, from_doubles, per_channel};
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::{Real, narrowed, widen};
use crate::{Ctx, Inputs, OpError, Outputs};

/// Elements that one task normalises, roughly.
const TASK_LEN: usize = 1 << 14;

/// What is done to one channel: `(x - mean) * factor + bias`.
#[derive(Debug, Clone, Copy)]
struct Channel {
    mean: f64,
    factor: f64,
    bias: f64,
}

/// The extents of the data: samples, channels, places of a channel.
#[derive(Debug, Clone, Copy)]
struct Extent {
    n: usize,
    c: usize,
    places: usize,
}

/// Normalises a batch.
pub(super) fn batch(op: &Batch, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.take(0)?;
    let dtype = x.dtype();
    let shape = x.shape().clone();
    let (n, c, places) = channels(&shape)?;
    let extent = if op.per_place { Extent { n, c: c * places, places: 1 } } else { Extent { n, c, places } };
    let [scale, bias] = [1, 2].map(|i| per_channel(inputs.tensor(i)?, extent.c));
    let (scale, bias) = (scale?, bias?);
    let [mean, variance] = [3, 4].map(|i| per_channel(inputs.tensor(i)?, extent.c));
    let (mut mean, mut variance) = (mean?, variance?);
    let (mut x, old) = (widen(&x, ctx)?, (mean.clone(), variance.clone()));
    dispatch!(x.dtype(), T in [f32, f64], {
        if op.training {
            (mean, variance) = batch_statistics(x.view::<T>()?, extent);
        }
        let channel = |i: usize| {
            let factor = scale[i] / (variance[i] + f64::from(op.epsilon)).sqrt();
            Channel { mean: mean[i], factor, bias: bias[i] }
        };
        let channels: Vec<Channel> = (0..extent.c).map(channel).collect();
        if x.view_mut::<T>().is_err() {
            let mut copy = ctx.alloc(x.dtype(), shape.clone())?;
            copy.view_mut::<T>()?.copy_from_slice(x.view::<T>()?);
            x = copy;
        }
        apply(x.view_mut::<T>()?, &channels, extent, ctx);
        Ok(())
    })?;
    let mut outputs: Outputs = smallvec![Some(narrowed(&x, dtype, ctx)?.into())];
    if !op.training {
        return Ok(outputs);
    }
    let momentum = f64::from(op.momentum);
    let blend = |old: &[f64], new: &[f64]| -> Vec<f64> {
        old.iter().zip(new).map(|(old, new)| old * momentum + new * (1.0 - momentum)).collect()
    };
    let running_dtype = inputs.tensor(3)?.dtype();
    let statistics: Shape = inputs.tensor(3)?.shape().clone();
    for (values, dtype) in [
        (blend(&old.0, &mean), running_dtype),
        (blend(&old.1, &variance), running_dtype),
        (mean, dtype),
        (variance, dtype),
    ] {
        outputs.push(Some(from_doubles(&values, dtype, statistics.clone(), ctx)?.into()));
    }
    outputs.truncate(ctx.n_outputs().max(1));
    Ok(outputs)
}

/// Mean and variance of each channel.
fn batch_statistics<T: Real>(x: &[T], Extent { n, c, places }: Extent) -> (Vec<f64>, Vec<f64>) {
    let count = (n * places) as f64;
    let sums = |f: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
        let mut sums = vec![0.0; c];
        for (row, x) in x.chunks_exact(places.max(1)).enumerate() {
            sums[row % c] += x.iter().map(|&x| f(row % c, x.wide())).sum::<f64>();
        }
        sums.into_iter().map(|sum| sum / count).collect()
    };
    let mean = sums(&|_, x| x);
    let variance = sums(&|channel, x| (x - mean[channel]) * (x - mean[channel]));
    (mean, variance)
}

fn apply<T: Real>(x: &mut [T], channels: &[Channel], Extent { c, places, .. }: Extent, ctx: &Ctx<'_>) {
    if x.is_empty() {
        return;
    }
    let typed: Vec<[T; 3]> = channels.iter().map(|channel| channel.typed()).collect();
    let rows_per_task = (TASK_LEN / places).max(1);
    for_each_chunk_mut(ctx.pool(), x, rows_per_task * places, &|task, x| {
        for (i, x) in x.chunks_exact_mut(places).enumerate() {
            let [mean, factor, bias] = typed[(task * rows_per_task + i) % c];
            x.iter_mut().for_each(|x| *x = (*x - mean) * factor + bias);
        }
    });
}

impl Channel {
    fn typed<T: Real>(self) -> [T; 3] {
        [T::of(self.mean), T::of(self.factor), T::of(self.bias)]
    }
}
