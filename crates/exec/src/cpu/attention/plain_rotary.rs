//! Rotary embedding made of slices and products: whatever broadcasts, in one pass.

use dunlin_ir::{DType, Shape};
use dunlin_sys::for_each_chunk_mut;

use super::heads::wide;
use super::plain::{Operand, broadcast};
use crate::cpu::real::narrowed;
use crate::input::one;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Elements that one task turns, at least.
const TASK_LEN: usize = 1 << 12;

/// Computes one step.
pub(super) fn run(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let operand = |i: usize| {
        let x = wide(inputs.tensor(i)?, ctx)?;
        let fits = (1..=4).contains(&x.rank());
        if fits { Ok(Operand::of(x, false)) } else { Err(OpError::shape("a rank of 1 to 4", x.shape())) }
    };
    let (x, cos, sin) = (operand(0)?, operand(1)?, operand(2)?);
    let mismatch = || OpError::shapes("operands that broadcast", x.x.shape(), cos.x.shape());
    let mut sizes = [0; 4];
    for (axis, size) in sizes.iter_mut().enumerate() {
        *size = broadcast(&[x.sizes[axis], cos.sizes[axis], sin.sizes[axis]]).ok_or_else(mismatch)?;
    }
    let rank = x.rank.max(cos.rank).max(sin.rank);
    let mut out = ctx.alloc(DType::F32, Shape::new(&sizes[4 - rank..]))?;
    let strides = [x.strides[3], cos.strides[3], sin.strides[3]];
    let turn = Turn { n: cut(inputs, x.sizes[3])?, width: x.sizes[3], strides };
    let parts = [(x.x.view()?, x.strides), (cos.x.view()?, cos.strides), (sin.x.view()?, sin.strides)];
    let [_, h, s, d] = sizes;
    if !out.is_empty() {
        let rows_per_task = (TASK_LEN / d).max(1);
        for_each_chunk_mut(ctx.pool(), out.view_mut()?, rows_per_task * d, &|task, out| {
            for (i, out) in out.chunks_exact_mut(d).enumerate() {
                let at = task * rows_per_task + i;
                let place = [at / (h * s), at / s % h, at % s];
                let start =
                    |strides: [usize; 4]| place.iter().zip(strides).map(|(i, stride)| i * stride).sum();
                let [x, cos, sin] = parts.map(|(data, strides): (&[f32], _)| &data[start(strides)..]);
                turn.row(x, cos, sin, out);
            }
        });
    }
    Ok(one(narrowed(&out, inputs.tensor(0)?.dtype(), ctx)?))
}

/// How many elements of a row come to the end, by the rules of slices.
fn cut(inputs: &Inputs<'_>, width: usize) -> Result<usize, OpError> {
    let [n] = inputs.ints(3)?[..] else { return Err(OpError::shape("[1]", inputs.tensor(3)?.shape())) };
    let end = i64::try_from(width).unwrap_or(i64::MAX);
    let n = if n < 0 { n.saturating_add(end) } else { n };
    Ok(usize::try_from(n.clamp(0, end)).unwrap_or(0))
}

/// How the elements of a row turn.
struct Turn {
    /// How many elements come to the end.
    n: usize,
    /// How many elements a row of `x` has: as many as the result, or one.
    width: usize,
    /// From element to element of `x`, the cosines and the sines.
    strides: [usize; 3],
}

impl Turn {
    fn row(&self, x: &[f32], cos: &[f32], sin: &[f32], out: &mut [f32]) {
        if self.strides != [1; 3] {
            return self.broadcast_row(x, cos, sin, out);
        }
        let rest = out.len() - self.n;
        let (x, cos, sin) = (&x[..out.len()], &cos[..out.len()], &sin[..out.len()]);
        let (head, tail) = x.split_at(self.n);
        let (out_head, out_tail) = out.split_at_mut(rest);
        for (i, (out, y)) in out_head.iter_mut().zip(tail).enumerate() {
            *out = x[i] * cos[i] - y * sin[i];
        }
        let (x, cos, sin) = (&x[rest..], &cos[rest..], &sin[rest..]);
        for (i, (out, y)) in out_tail.iter_mut().zip(head).enumerate() {
            *out = x[i] * cos[i] + y * sin[i];
        }
    }

    fn broadcast_row(&self, x: &[f32], cos: &[f32], sin: &[f32], out: &mut [f32]) {
        let ([to_x, to_cos, to_sin], rest) = (self.strides, self.width - self.n);
        for (i, out) in out.iter_mut().enumerate() {
            let at = i * to_x;
            let other = if at < rest { -x[self.n + at] } else { x[at - rest] };
            *out = x[at] * cos[i * to_cos] + other * sin[i * to_sin];
        }
    }
}
