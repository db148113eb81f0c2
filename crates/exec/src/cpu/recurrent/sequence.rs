//! Walking over sequences: lengths, directions, layouts, and where states are read and written.

use dunlin_ir::op::Recurrent;
use dunlin_ir::op::recurrent::{Direction, Layout};
use dunlin_ir::{Shape, Tensor};
use smallvec::SmallVec;

use super::cell::{Cell, State};
use super::quantized::{is_quantized, round_to_8_bits};
use super::weights::{Addend, Biases, DirectionWeights, Float, Weights};
use crate::cpu::chunk::Scratch;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes a recurrent network.
pub(super) fn run<T: Float>(op: &Recurrent, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let unpacked;
    let weights = match ctx.packed::<Weights<T>>() {
        Some(weights) => weights,
        None => {
            unpacked = Weights::of_inputs(op, inputs)?;
            &unpacked
        }
    };
    let places = Places::new(op, inputs, weights)?;
    let network = Network {
        op,
        places: &places,
        x: inputs.view::<T>(0)?,
        initial_h: places.checked_state(inputs, 5)?,
        initial_c: if is_lstm(op) { places.checked_state(inputs, 6)? } else { None },
        peepholes: if is_lstm(op) { places.checked_peepholes(inputs)? } else { None },
    };
    let biases;
    let biases = match &weights.biases {
        Some(biases) => biases,
        None => {
            biases = weights.biases_of(op, inputs.optional(3)?)?;
            &biases
        }
    };
    let mut outputs = network.outputs(ctx)?;
    for (d, (weights, biases)) in weights.directions.iter().zip(biases).enumerate() {
        network.direction(d, weights, biases, &mut outputs, ctx)?;
    }
    let Results { y, h, c } = outputs;
    let mut outputs: Outputs = smallvec::smallvec![y.map(Into::into), Some(h.into())];
    outputs.extend(c.map(|c| Some(c.into())));
    Ok(outputs)
}

fn is_lstm(op: &Recurrent) -> bool {
    matches!(op, Recurrent::Lstm(_))
}

/// Sizes, and where things are in inputs and outputs.
struct Places {
    layout: Layout,
    direction: Direction,
    n_directions: usize,
    time: usize,
    batch: usize,
    input: usize,
    hidden: usize,
    /// The sequences' lengths if they are given.
    lengths: Option<SmallVec<[usize; 8]>>,
}

impl Places {
    fn new<T: Float>(op: &Recurrent, inputs: &Inputs<'_>, weights: &Weights<T>) -> Result<Places, OpError> {
        let x = inputs.tensor(0)?;
        let sequence = op.sequence();
        let (time, batch, input) = match (x.shape().dims(), sequence.layout) {
            (&[t, b, d], Layout::TimeMajor) | (&[b, t, d], Layout::BatchMajor) => (t, b, d),
            _ => return Err(OpError::shape("[t, b, d]", x.shape())),
        };
        if input != weights.input {
            return Err(OpError::shape(format!("inputs of {} elements", weights.input), x.shape()));
        }
        let lengths = match inputs.optional_ints(4)? {
            None => None,
            Some(lengths) => Some(checked_lengths(&lengths, time, batch)?),
        };
        Ok(Places {
            layout: sequence.layout,
            direction: sequence.direction,
            n_directions: sequence.direction.count(),
            time,
            batch,
            input,
            hidden: weights.hidden,
            lengths,
        })
    }

    fn length(&self, b: usize) -> usize {
        self.lengths.as_ref().map_or(self.time, |lengths| lengths[b])
    }

    /// Where step `step` of sequence `b` is in time, if the sequence is that long.
    fn time_of(&self, direction: usize, step: usize, b: usize) -> Option<usize> {
        let length = self.length(b);
        let backwards = self.direction == Direction::Reverse || direction == 1;
        (step < length).then(|| if backwards { length - 1 - step } else { step })
    }

    /// The row of an input.
    fn row(&self, t: usize, b: usize) -> usize {
        match self.layout {
            Layout::TimeMajor => t * self.batch + b,
            Layout::BatchMajor => b * self.time + t,
        }
    }

    /// The row of a state among all states.
    fn y_row(&self, direction: usize, t: usize, b: usize) -> usize {
        match self.layout {
            Layout::TimeMajor => (t * self.n_directions + direction) * self.batch + b,
            Layout::BatchMajor => (b * self.time + t) * self.n_directions + direction,
        }
    }

    /// The row of a state among the first or last ones.
    fn state_row(&self, direction: usize, b: usize) -> usize {
        match self.layout {
            Layout::TimeMajor => direction * self.batch + b,
            Layout::BatchMajor => b * self.n_directions + direction,
        }
    }

    /// Whether the inputs of one step lie together and all sequences are active.
    fn is_uniform(&self) -> bool {
        self.lengths.is_none() && (self.layout == Layout::TimeMajor || self.batch == 1)
    }

    fn y_shape(&self) -> Shape {
        match self.layout {
            Layout::TimeMajor => [self.time, self.n_directions, self.batch, self.hidden].into(),
            Layout::BatchMajor => [self.batch, self.time, self.n_directions, self.hidden].into(),
        }
    }

    fn state_shape(&self) -> Shape {
        match self.layout {
            Layout::TimeMajor => [self.n_directions, self.batch, self.hidden].into(),
            Layout::BatchMajor => [self.batch, self.n_directions, self.hidden].into(),
        }
    }

    fn checked_state<'a, T: Float>(
        &self,
        inputs: &'a Inputs<'_>,
        i: usize,
    ) -> Result<Option<&'a [T]>, OpError> {
        let Some(state) = inputs.optional(i)? else { return Ok(None) };
        if *state.shape() != self.state_shape() {
            return Err(OpError::shape(format!("an initial state of {}", self.state_shape()), state.shape()));
        }
        Ok(Some(state.view()?))
    }

    fn checked_peepholes<'a, T: Float>(&self, inputs: &'a Inputs<'_>) -> Result<Option<&'a [T]>, OpError> {
        let Some(peepholes) = inputs.optional(7)? else { return Ok(None) };
        let shape = [self.n_directions, 3 * self.hidden];
        if peepholes.shape().dims() != shape {
            return Err(OpError::shape(format!("peepholes of {shape:?}"), peepholes.shape()));
        }
        Ok(Some(peepholes.view()?))
    }
}

fn checked_lengths(lengths: &[i64], time: usize, batch: usize) -> Result<SmallVec<[usize; 8]>, OpError> {
    let length = |&n: &i64| usize::try_from(n).ok().filter(|&n| n <= time);
    let checked: Option<SmallVec<[usize; 8]>> = lengths.iter().map(length).collect();
    checked
        .filter(|lengths| lengths.len() == batch)
        .ok_or_else(|| OpError::value(format!("{batch} lengths of at most {time}"), format!("{lengths:?}")))
}

struct Results {
    y: Option<Tensor>,
    h: Tensor,
    c: Option<Tensor>,
}

struct Network<'a, T> {
    op: &'a Recurrent,
    places: &'a Places,
    x: &'a [T],
    initial_h: Option<&'a [T]>,
    initial_c: Option<&'a [T]>,
    peepholes: Option<&'a [T]>,
}

impl<T: Float> Network<'_, T> {
    fn outputs(&self, ctx: &Ctx<'_>) -> Result<Results, OpError> {
        let places = self.places;
        let y = match (ctx.wants(0), places.lengths.is_some()) {
            (false, _) => None,
            (true, false) => Some(ctx.alloc(T::DTYPE, places.y_shape())?),
            // What lies after a sequence's end is zero.
            (true, true) => Some(ctx.alloc_zeroed(T::DTYPE, places.y_shape())?),
        };
        let c = is_lstm(self.op).then(|| ctx.alloc(T::DTYPE, places.state_shape())).transpose()?;
        Ok(Results { y, h: ctx.alloc(T::DTYPE, places.state_shape())?, c })
    }

    fn direction(
        &self,
        d: usize,
        weights: &DirectionWeights<T>,
        biases: &Biases<T>,
        results: &mut Results,
        ctx: &Ctx<'_>,
    ) -> Result<(), OpError> {
        let places = self.places;
        let (batch, hidden, rows) = (places.batch, places.hidden, places.time * places.batch);
        if batch == 0 || hidden == 0 {
            return Ok(());
        }
        let width = hidden * self.op.n_gates();
        let peepholes = self.peepholes.map(|peepholes| &peepholes[d * 3 * hidden..][..3 * hidden]);
        let cell = Cell::new(self.op, d, weights, biases, peepholes)?;
        let quantized = is_quantized(self.op);
        let is_lstm = is_lstm(self.op);
        let mut xw = Scratch::new::<T>(ctx, rows * width)?;
        let mut step_xw = Scratch::new::<T>(ctx, if places.is_uniform() { 0 } else { batch * width })?;
        let mut gates = Scratch::new::<T>(ctx, batch * width)?;
        let mut states = Scratch::new::<T>(ctx, 4 * batch * hidden)?;
        self.multiply_inputs(weights, &biases.input, quantized, xw.as_mut(), ctx)?;

        let (h, rest) = states.as_mut::<T>().split_at_mut(batch * hidden);
        let (c, rest) = rest.split_at_mut(batch * hidden);
        let (spare, rounded) = rest.split_at_mut(batch * hidden);
        self.start(self.initial_h, d, h);
        self.start(self.initial_c, d, c);
        let c = if is_lstm { c } else { &mut [] };
        let longest = (0..batch).map(|b| places.length(b)).max().unwrap_or(0);
        let mut y = results.y.as_mut().map(|y| y.view_mut::<T>()).transpose()?;
        for step in 0..longest {
            ctx.check_stop()?;
            let xw = self.step_inputs(d, step, width, xw.as_ref(), step_xw.as_mut());
            if quantized {
                round_to_8_bits(h, rounded);
            }
            let h_rounded = quantized.then_some(&mut *rounded);
            let mut state = State { batch, hidden, h, h_rounded, c, gates: gates.as_mut(), spare };
            cell.step(xw, &mut state, &|b| step < places.length(b), ctx);
            if let Some(y) = &mut y {
                for (b, h) in h.chunks_exact(hidden).enumerate() {
                    if let Some(t) = places.time_of(d, step, b) {
                        y[places.y_row(d, t, b) * hidden..][..hidden].copy_from_slice(h);
                    }
                }
            }
        }
        self.finish(d, h, results.h.view_mut()?);
        if let Some(last) = &mut results.c {
            self.finish(d, c, last.view_mut()?);
        }
        Ok(())
    }

    fn multiply_inputs(
        &self,
        weights: &DirectionWeights<T>,
        bias: &[T],
        quantized: bool,
        xw: &mut [T],
        ctx: &Ctx<'_>,
    ) -> Result<(), OpError> {
        let places = self.places;
        let rows = places.time * places.batch;
        let mut rounded = Scratch::new::<T>(ctx, if quantized { rows * places.input } else { 0 })?;
        let x = if quantized {
            round_to_8_bits(self.x, rounded.as_mut());
            rounded.as_ref()
        } else {
            self.x
        };
        T::multiply(ctx.pool(), x, rows, &weights.input, Addend::Columns(bias), xw, bias.len());
        Ok(())
    }

    /// The products of weights and the inputs of one step, row by row.
    fn step_inputs<'x>(
        &self,
        d: usize,
        step: usize,
        width: usize,
        xw: &'x [T],
        gathered: &'x mut [T],
    ) -> &'x [T] {
        let places = self.places;
        if places.is_uniform() {
            let t = places.time_of(d, step, 0).unwrap_or(0);
            return &xw[t * places.batch * width..][..places.batch * width];
        }
        for (b, row) in gathered.chunks_exact_mut(width).enumerate() {
            match places.time_of(d, step, b) {
                Some(t) => row.copy_from_slice(&xw[places.row(t, b) * width..][..width]),
                None => row.fill(T::default()),
            }
        }
        gathered
    }

    fn start(&self, initial: Option<&[T]>, d: usize, state: &mut [T]) {
        let hidden = self.places.hidden;
        for (b, state) in state.chunks_exact_mut(hidden).enumerate() {
            match initial {
                // As ONNX Runtime does it: the state after an empty sequence is zero.
                Some(_) if self.places.length(b) == 0 => state.fill(T::default()),
                Some(initial) => {
                    state.copy_from_slice(&initial[self.places.state_row(d, b) * hidden..][..hidden]);
                }
                None => state.fill(T::default()),
            }
        }
    }

    fn finish(&self, d: usize, state: &[T], out: &mut [T]) {
        let hidden = self.places.hidden;
        for (b, state) in state.chunks_exact(hidden).enumerate() {
            out[self.places.state_row(d, b) * hidden..][..hidden].copy_from_slice(state);
        }
    }
}
