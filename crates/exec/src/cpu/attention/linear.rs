//! Linear attention: token after token, each head of keys and values on its own. Computed in `f32`.

use dunlin_ir::op::attention::LinearAttention;
use dunlin_ir::{DType, Shape, Tensor, Value};
use dunlin_sys::for_each_chunk_mut;

use crate::cpu::real::{narrowed, widen};
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(super) fn run(op: &LinearAttention, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let sizes = Sizes::new(op, inputs)?;
    let wide = |i: usize| inputs.optional(i)?.map(|tensor| widen(tensor, ctx)).transpose();
    let [q, k, v] = [0, 1, 2].map(|i| widen(inputs.tensor(i)?, ctx));
    let (q, k, v, decay, rate) = (q?, k?, v?, wide(4)?, wide(5)?);
    let rows = Rows {
        q: q.view()?,
        k: k.view()?,
        v: v.view()?,
        decay: decay.as_ref().map(Tensor::view).transpose()?,
        rate: rate.as_ref().map(Tensor::view).transpose()?,
        scale: op.scale.unwrap_or(1.0 / (sizes.d as f32).sqrt()),
    };
    let state = match wide(3)? {
        Some(state) => state,
        None => ctx.alloc_zeroed(DType::F32, sizes.state_shape())?,
    };
    let (output, state) = sizes.attend(&rows, state.view()?, ctx)?;
    let dtype = inputs.tensor(0)?.dtype();
    let state_dtype = inputs.optional(3)?.map_or(dtype, Tensor::dtype);
    let output = Value::Tensor(narrowed(&output, dtype, ctx)?);
    Ok(smallvec::smallvec![Some(output), Some(Value::Tensor(narrowed(&state, state_dtype, ctx)?))])
}

/// What is read, each `[b, t, width]`.
struct Rows<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    decay: Option<&'a [f32]>,
    rate: Option<&'a [f32]>,
    scale: f32,
}

/// `g` heads of keys of width `d` and values of width `e`, each for `group` heads of queries.
#[derive(Clone, Copy)]
struct Sizes {
    b: usize,
    t: usize,
    g: usize,
    d: usize,
    e: usize,
    group: usize,
}

impl Sizes {
    fn new(op: &LinearAttention, inputs: &Inputs<'_>) -> Result<Sizes, OpError> {
        let row = |i: usize| match *inputs.tensor(i)?.shape().dims() {
            [b, t, width] => Ok((b, t, width)),
            _ => Err(OpError::shape("[b, t, width]", inputs.tensor(i)?.shape())),
        };
        let (b, t, q_width) = row(0)?;
        let sizes = Sizes {
            b,
            t,
            g: op.n_heads,
            d: q_width / op.n_query_heads,
            e: row(2)?.2 / op.n_heads,
            group: op.n_query_heads / op.n_heads,
        };
        let (d, g) = (sizes.d, sizes.g);
        let check = |i: usize, widths: [usize; 2]| {
            let got = row(i)?;
            if widths.iter().any(|&width| got == (b, t, width)) {
                return Ok(());
            }
            Err(OpError::shape(format!("[{b}, {t}, {}]", widths[0]), inputs.tensor(i)?.shape()))
        };
        check(0, [op.n_query_heads * d; 2])?;
        check(1, [g * d; 2])?;
        check(2, [g * sizes.e; 2])?;
        if op.decays {
            check(4, [g * d, g])?;
        }
        if op.corrects {
            check(5, [g, 1])?;
        }
        match inputs.optional(3)? {
            Some(state) if *state.shape() != sizes.state_shape() => {
                Err(OpError::shape(sizes.state_shape().to_string(), state.shape()))
            }
            _ => Ok(sizes),
        }
    }

    fn state_shape(&self) -> Shape {
        Shape::new(&[self.b, self.g, self.d, self.e])
    }

    /// The outputs `[b, t, h * e]`, and the state after them.
    fn attend(&self, rows: &Rows<'_>, state: &[f32], ctx: &Ctx<'_>) -> Result<(Tensor, Tensor), OpError> {
        let Sizes { b, t, g, d, e, group } = *self;
        let n_state = d * e;
        // Each head's state, outputs and a value side by side, so that heads run in parallel.
        let head_len = n_state + t * group * e + e;
        let mut heads = ctx.alloc(DType::F32, Shape::new(&[b * g, head_len]))?;
        for_each_chunk_mut(ctx.pool(), heads.view_mut()?, head_len.max(1), &|head, chunk| {
            chunk[..n_state].copy_from_slice(&state[head * n_state..][..n_state]);
            self.head(rows, head / g, head % g, chunk);
        });
        ctx.check_stop()?;
        let heads = heads.view::<f32>()?;
        let mut output = ctx.alloc(DType::F32, Shape::new(&[b, t, g * group * e]))?;
        let mut new_state = ctx.alloc(DType::F32, self.state_shape())?;
        let (to, to_state) = (output.view_mut::<f32>()?, new_state.view_mut::<f32>()?);
        for (at, head) in heads.chunks_exact(head_len.max(1)).enumerate() {
            to_state[at * n_state..][..n_state].copy_from_slice(&head[..n_state]);
            let (b, g_at) = (at / g, at % g);
            for step in 0..t {
                let from = &head[n_state + step * group * e..][..group * e];
                to[((b * t + step) * g + g_at) * group * e..][..group * e].copy_from_slice(from);
            }
        }
        Ok((output, new_state))
    }

    /// All tokens of one head. `chunk`: the state, room for the outputs, room for a value.
    fn head(&self, rows: &Rows<'_>, b: usize, g: usize, chunk: &mut [f32]) {
        let Sizes { t, d, e, group, .. } = *self;
        let (state, rest) = chunk.split_at_mut(d * e);
        let (outputs, value) = rest.split_at_mut(t * group * e);
        for step in 0..t {
            let row = b * t + step;
            let k = &rows.k[(row * self.g + g) * d..][..d];
            let v = &rows.v[(row * self.g + g) * e..][..e];
            if let Some(decay) = rows.decay {
                // One per head, or one per element of the key.
                let width = decay.len() / (self.b * t * self.g);
                let own = &decay[(row * self.g + g) * width..][..width];
                for (at, state) in state.chunks_exact_mut(e.max(1)).enumerate() {
                    let factor = own[if width == 1 { 0 } else { at }].exp();
                    state.iter_mut().for_each(|state| *state *= factor);
                }
            }
            value.copy_from_slice(v);
            if let Some(rate) = rows.rate {
                for (state, &k) in state.chunks_exact(e.max(1)).zip(k) {
                    value.iter_mut().zip(state).for_each(|(value, state)| *value -= k * state);
                }
                let n_rates = rate.len() / (self.b * t);
                let rate = rate[row * n_rates + if n_rates == 1 { 0 } else { g }];
                value.iter_mut().for_each(|value| *value *= rate);
            }
            for (state, &k) in state.chunks_exact_mut(e.max(1)).zip(k) {
                state.iter_mut().zip(&*value).for_each(|(state, value)| *state += k * value);
            }
            for at in 0..group {
                let q = &rows.q[((row * self.g + g) * group + at) * d..][..d];
                let output = &mut outputs[(step * group + at) * e..][..e];
                output.fill(0.0);
                for (state, &q) in state.chunks_exact(e.max(1)).zip(q) {
                    output.iter_mut().zip(state).for_each(|(output, state)| *output += q * state);
                }
                output.iter_mut().for_each(|output| *output *= rows.scale);
            }
        }
    }
}
