//! One step of each kind of cell, for all sequences of a batch.

use dunlin_ir::op::Recurrent;
use dunlin_ir::op::recurrent::GateActivation;
use dunlin_kernels::activation::Activation as Kernel;
use smallvec::SmallVec;

use super::weights::{Addend, Biases, DirectionWeights, Float};
use crate::cpu::activation::kernel;
use crate::cpu::real::Real;
use crate::{Ctx, OpError};

/// What a step reads and writes. Matrices have one row per sequence.
pub(super) struct State<'a, T> {
    /// Sequences.
    pub batch: usize,
    /// Elements of a state.
    pub hidden: usize,
    /// The states `[b, h]`.
    pub h: &'a mut [T],
    /// What the states are multiplied as, if that differs from them.
    pub h_rounded: Option<&'a mut [T]>,
    /// The cells `[b, h]` of an LSTM, else empty.
    pub c: &'a mut [T],
    /// Room for gates `[b, gates * h]`.
    pub gates: &'a mut [T],
    /// Room for `[b, h]`.
    pub spare: &'a mut [T],
}

/// How a direction's cells compute.
pub(super) struct Cell<'a, T: Float> {
    kind: Kind<'a, T>,
    weights: &'a DirectionWeights<T>,
    biases: &'a Biases<T>,
    functions: SmallVec<[Function; 3]>,
    clip: Option<T>,
}

enum Kind<'a, T> {
    Rnn,
    Gru { linear_before_reset: bool },
    Lstm { couple_gates: bool, peepholes: Option<&'a [T]> },
}

#[derive(Clone, Copy)]
enum Function {
    Kernel(Kernel),
    Affine { alpha: f32, beta: f32 },
    ScaledTanh { alpha: f32, beta: f32 },
}

impl Function {
    fn new(activation: GateActivation) -> Result<Function, OpError> {
        Ok(match activation {
            GateActivation::Activation(activation) => Function::Kernel(kernel(Some(activation))?),
            GateActivation::Affine { alpha, beta } => Function::Affine { alpha, beta },
            GateActivation::ScaledTanh { alpha, beta } => Function::ScaledTanh { alpha, beta },
        })
    }

    fn apply<T: Real>(self, x: &mut [T]) {
        match self {
            Function::Kernel(activation) => T::activate(activation, x),
            Function::Affine { alpha, beta } => {
                let (alpha, beta) = (T::of(alpha.into()), T::of(beta.into()));
                x.iter_mut().for_each(|x| *x = alpha * *x + beta);
            }
            Function::ScaledTanh { alpha, beta } => {
                let (alpha, beta) = (T::of(alpha.into()), T::of(beta.into()));
                x.iter_mut().for_each(|x| *x = beta * *x);
                T::activate(Kernel::Tanh, x);
                x.iter_mut().for_each(|x| *x = alpha * *x);
            }
        }
    }
}

impl<'a, T: Float> Cell<'a, T> {
    /// The cells of direction `direction`. `peepholes` are those of this direction.
    pub fn new(
        op: &Recurrent,
        direction: usize,
        weights: &'a DirectionWeights<T>,
        biases: &'a Biases<T>,
        peepholes: Option<&'a [T]>,
    ) -> Result<Cell<'a, T>, OpError> {
        let sequence = op.sequence();
        let n_functions = sequence.activations.len() / sequence.direction.count();
        let functions = sequence.activations.iter().skip(direction * n_functions).take(n_functions);
        let kind = match op {
            Recurrent::Rnn(_) => Kind::Rnn,
            Recurrent::Gru(gru) => Kind::Gru { linear_before_reset: gru.linear_before_reset },
            Recurrent::Lstm(lstm) => Kind::Lstm { couple_gates: lstm.couple_gates, peepholes },
        };
        let wanted = match op {
            Recurrent::Rnn(_) => 1,
            Recurrent::Gru(_) => 2,
            Recurrent::Lstm(_) => 3,
        };
        if n_functions != wanted {
            return Err(OpError::value(format!("{wanted} activations"), n_functions));
        }
        let functions = functions.map(|&activation| Function::new(activation)).collect::<Result<_, _>>()?;
        Ok(Cell { kind, weights, biases, functions, clip: sequence.clip.map(|clip| T::of(clip.into())) })
    }

    /// Computes one step. `xw` are the products of inputs and weights, `[b, gates * h]`; sequences for which
    /// `is_active` is false keep their state.
    pub fn step(&self, xw: &[T], state: &mut State<'_, T>, is_active: &dyn Fn(usize) -> bool, ctx: &Ctx<'_>) {
        match self.kind {
            Kind::Rnn => self.rnn(xw, state, is_active, ctx),
            Kind::Gru { linear_before_reset: true } => self.gru_linear(xw, state, is_active, ctx),
            Kind::Gru { linear_before_reset: false } => self.gru(xw, state, is_active, ctx),
            Kind::Lstm { couple_gates, peepholes } => {
                self.lstm(xw, state, is_active, couple_gates, peepholes, ctx);
            }
        }
    }

    fn clip(&self, x: &mut [T]) {
        if let Some(limit) = self.clip {
            let bound = |x: T| {
                if x > limit {
                    limit
                } else if x < -limit {
                    -limit
                } else {
                    x
                }
            };
            x.iter_mut().for_each(|x| *x = bound(*x));
        }
    }

    fn apply(&self, function: usize, x: &mut [T]) {
        self.clip(x);
        self.functions[function].apply(x);
    }

    fn rnn(&self, xw: &[T], state: &mut State<'_, T>, is_active: &dyn Fn(usize) -> bool, ctx: &Ctx<'_>) {
        let hidden = state.hidden;
        let recurrent = &self.weights.recurrent[0];
        T::multiply(ctx.pool(), state.h, state.batch, recurrent, Addend::Matrix(xw), state.gates, hidden);
        let rows = state.gates.chunks_exact_mut(hidden).zip(state.h.chunks_exact_mut(hidden));
        for (b, (gate, h)) in rows.enumerate() {
            if is_active(b) {
                self.apply(0, gate);
                h.copy_from_slice(gate);
            }
        }
    }

    fn gru_linear(
        &self,
        xw: &[T],
        state: &mut State<'_, T>,
        is_active: &dyn Fn(usize) -> bool,
        ctx: &Ctx<'_>,
    ) {
        let (hidden, width) = (state.hidden, 3 * state.hidden);
        let bias = Addend::Columns(&self.biases.recurrent);
        T::multiply(ctx.pool(), state.h, state.batch, &self.weights.recurrent[0], bias, state.gates, width);
        let rows = state.gates.chunks_exact_mut(width).zip(state.h.chunks_exact_mut(hidden));
        for (b, ((gates, h), xw)) in rows.zip(xw.chunks_exact(width)).enumerate() {
            if !is_active(b) {
                continue;
            }
            let (zr, candidate) = gates.split_at_mut(2 * hidden);
            let (xw_zr, xw_h) = xw.split_at(2 * hidden);
            zr.iter_mut().zip(xw_zr).for_each(|(gate, &xw)| *gate += xw);
            self.apply(0, zr);
            let (z, r) = zr.split_at(hidden);
            for ((candidate, &r), &xw) in candidate.iter_mut().zip(r).zip(xw_h) {
                *candidate = xw + r * *candidate;
            }
            self.apply(1, candidate);
            mix(h, z, candidate);
        }
    }

    fn gru(&self, xw: &[T], state: &mut State<'_, T>, is_active: &dyn Fn(usize) -> bool, ctx: &Ctx<'_>) {
        let (hidden, width) = (state.hidden, 3 * state.hidden);
        let (pool, batch, recurrent) = (ctx.pool(), state.batch, &self.weights.recurrent);
        T::multiply(pool, state.h, batch, &recurrent[0], Addend::Matrix(xw), state.gates, width);
        let rows = state.gates.chunks_exact_mut(width).zip(state.h.chunks_exact(hidden));
        for ((gates, h), reset) in rows.zip(state.spare.chunks_exact_mut(hidden)) {
            self.apply(0, &mut gates[..2 * hidden]);
            let r = &gates[hidden..2 * hidden];
            reset.iter_mut().zip(r.iter().zip(h)).for_each(|(reset, (&r, &h))| *reset = r * h);
        }
        let xw = Addend::Matrix(&xw[2 * hidden..]);
        T::multiply(pool, state.spare, batch, &recurrent[1], xw, &mut state.gates[2 * hidden..], width);
        let rows = state.gates.chunks_exact_mut(width).zip(state.h.chunks_exact_mut(hidden));
        for (b, (gates, h)) in rows.enumerate() {
            if is_active(b) {
                let (zr, candidate) = gates.split_at_mut(2 * hidden);
                self.apply(1, candidate);
                mix(h, &zr[..hidden], candidate);
            }
        }
    }

    fn lstm(
        &self,
        xw: &[T],
        state: &mut State<'_, T>,
        is_active: &dyn Fn(usize) -> bool,
        couple_gates: bool,
        peepholes: Option<&[T]>,
        ctx: &Ctx<'_>,
    ) {
        let (hidden, width) = (state.hidden, 4 * state.hidden);
        let h = state.h_rounded.as_deref().unwrap_or(state.h);
        let recurrent = &self.weights.recurrent[0];
        T::multiply(ctx.pool(), h, state.batch, recurrent, Addend::Matrix(xw), state.gates, width);
        let rows = state.gates.chunks_exact_mut(width).zip(state.h.chunks_exact_mut(hidden));
        for (b, ((gates, h), c)) in rows.zip(state.c.chunks_exact_mut(hidden)).enumerate() {
            if !is_active(b) {
                continue;
            }
            let peephole = |gate: &mut [T], i: usize, c: &[T]| {
                if let Some(peepholes) = peepholes {
                    let weights = &peepholes[i * hidden..][..hidden];
                    gate.iter_mut().zip(weights.iter().zip(c)).for_each(|(gate, (&w, &c))| *gate += w * c);
                }
            };
            let (io, fc) = gates.split_at_mut(2 * hidden);
            let (f, candidate) = fc.split_at_mut(hidden);
            peephole(&mut io[..hidden], 0, c);
            peephole(f, 2, c);
            self.apply(0, &mut io[..hidden]);
            if couple_gates {
                f.iter_mut().zip(&*io).for_each(|(f, &i)| *f = T::of(1.0) - i);
            } else {
                self.apply(0, f);
            }
            self.apply(1, candidate);
            for (c, ((&f, &i), &new)) in c.iter_mut().zip(f.iter().zip(&*io).zip(&*candidate)) {
                *c = f * *c + i * new;
            }
            let o = &mut io[hidden..];
            peephole(o, 1, c);
            self.apply(0, o);
            h.copy_from_slice(c);
            self.functions[2].apply(h);
            h.iter_mut().zip(&*o).for_each(|(h, &o)| *h = o * *h);
        }
    }
}

/// `h = (1 - z) candidate + z h`
fn mix<T: Real>(h: &mut [T], z: &[T], candidate: &[T]) {
    for (h, (&z, &candidate)) in h.iter_mut().zip(z.iter().zip(candidate)) {
        *h = (T::of(1.0) - z) * candidate + z * *h;
    }
}
