//! Fourier transforms along an axis, and of overlapping frames.

use dunlin_ir::Shape;
use dunlin_ir::op::signal::{Dft, Stft};
use dunlin_kernels::fft::{Complex, Fft};

use super::{integer, size};
use crate::cpu::chunk::{Scratch, try_chunks};
use crate::cpu::dispatch::dispatch_float;
use crate::cpu::normalize::doubles;
use crate::cpu::number::Number;
use crate::cpu::reduce::resolve;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// The discrete Fourier transform.
pub(super) fn dft(op: &Dft, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let axis = resolve(if inputs.has(2) { integer(inputs, 2)? } else { -2 }, x.shape())?;
    let parts = parts(x.shape())?;
    if axis + 1 == x.rank() {
        return Err(OpError::value("an axis before the last", axis));
    }
    let n = if inputs.has(1) { size(inputs, 1, 1)? } else { op.default_len(x.shape()[axis]) };
    let mut shape = x.shape().clone();
    shape[axis] = op.output_len(n);
    shape[x.rank() - 1] = op.output_parts();
    let mut out = ctx.alloc(x.dtype(), shape.clone())?;
    if out.is_empty() {
        return Ok(one(out));
    }
    if n == 0 {
        return Err(OpError::shape("at least one element along the axis", x.shape()));
    }
    let fft = Fft::new(n)?;
    let (given, places) = (x.shape()[axis], x.shape()[axis + 1..x.rank() - 1].iter().product::<usize>());
    let (written, out_parts) = (op.output_len(n), op.output_parts());
    dispatch_float!(x.dtype(), T, {
        let x = x.view::<T>()?;
        let block = written * places * out_parts;
        try_chunks(ctx.pool(), out.view_mut::<T>()?, block, &|outer, y| {
            let x = &x[outer * given * places * parts..][..given * places * parts];
            let mut memory = Scratch::new::<Complex>(ctx, 2 * n)?;
            let (line, result) = memory.as_mut::<Complex>().split_at_mut(n);
            for place in 0..places {
                line.fill([0.0; 2]);
                let elements = x.chunks_exact(parts).skip(place).step_by(places);
                line.iter_mut().zip(elements).for_each(|(to, from)| *to = complex(from));
                if op.inverse {
                    if op.onesided {
                        mirror(line);
                    }
                    fft.inverse(line, result)?;
                } else {
                    fft.transform(line, result)?;
                }
                let elements = y.chunks_exact_mut(out_parts).skip(place).step_by(places);
                elements.zip(&*result).for_each(|(to, from)| store(from, to));
            }
            Ok(())
        })
    })?;
    Ok(one(out))
}

/// How many numbers an element has: 1 if it is real, 2 if it is complex.
fn parts(shape: &Shape) -> Result<usize, OpError> {
    match shape.dims() {
        [_, .., parts @ (1 | 2)] => Ok(*parts),
        _ => Err(OpError::shape("[.., 1] for real or [.., 2] for complex numbers", shape)),
    }
}

fn complex<T: Number>(from: &[T]) -> Complex {
    [from[0].to_f64(), from.get(1).map_or(0.0, |im| im.to_f64())]
}

fn store<T: Number>(from: &Complex, to: &mut [T]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = T::from_f64(from));
}

/// Completes the first half of the frequencies of a real signal by the conjugates of the other half.
fn mirror(line: &mut [Complex]) {
    let n = line.len();
    line[0][1] = 0.0;
    if n.is_multiple_of(2) {
        line[n / 2][1] = 0.0;
    }
    for k in n / 2 + 1..n {
        let [re, im] = line[n - k];
        line[k] = [re, -im];
    }
}

/// Fourier transforms of overlapping frames.
pub(super) fn stft(op: &Stft, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (batch, n, parts) = match *x.shape().dims() {
        [batch, n] => (batch, n, 1),
        [batch, n, parts @ (1 | 2)] => (batch, n, parts),
        _ => return Err(OpError::shape("[batch, n, 1 or 2]", x.shape())),
    };
    let step = size(inputs, 1, 1)?;
    let window = inputs.optional(2)?;
    let length = match (inputs.has(3), window) {
        (true, _) => size(inputs, 3, 1)?,
        (false, Some(window)) => window.len(),
        (false, None) => n,
    };
    let window = match window {
        Some(window) if window.len() == length => Some(doubles(window)?),
        Some(window) => return Err(OpError::shape(format!("a window of {length} elements"), window.shape())),
        None => None,
    };
    if length == 0 || length > n {
        return Err(OpError::value(format!("a frame of 1 to {n} elements"), length));
    }
    let n_frames = (n - length) / step + 1;
    let written = if op.onesided { length / 2 + 1 } else { length };
    let mut out = ctx.alloc(x.dtype(), [batch, n_frames, written, 2].into())?;
    let fft = Fft::new(length)?;
    dispatch_float!(x.dtype(), T, {
        let x = x.view::<T>()?;
        try_chunks(ctx.pool(), out.view_mut::<T>()?, written * 2, &|frame, y| {
            let first = (frame / n_frames * n + frame % n_frames * step) * parts;
            let elements = x[first..].chunks_exact(parts).take(length);
            let mut memory = Scratch::new::<Complex>(ctx, 2 * length)?;
            let (line, result) = memory.as_mut::<Complex>().split_at_mut(length);
            line.iter_mut().zip(elements).for_each(|(to, from)| *to = complex(from));
            if let Some(window) = &window {
                line.iter_mut().zip(window).for_each(|([re, im], w)| (*re, *im) = (*re * w, *im * w));
            }
            fft.transform(line, result)?;
            y.chunks_exact_mut(2).zip(&*result).for_each(|(to, from)| store(from, to));
            Ok(())
        })
    })?;
    Ok(one(out))
}
