//! Steps of optimisers, in double precision.

use dunlin_ir::op::training::{Adagrad, Adam, Momentum, Optimizer};
use smallvec::SmallVec;

use crate::cpu::normalize::{doubles, from_doubles};
use crate::{Ctx, Inputs, OpError, Outputs};

/// One element of a tensor, its gradient, and what the optimiser keeps for it.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: f64,
    gradient: f64,
    states: [f64; 2],
}

/// A step of any optimiser, for all its tensors.
pub(super) fn step(op: &Optimizer, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let rate = doubles(inputs.tensor(0)?)?;
    let (rate, count) = match (rate.as_slice(), inputs.ints(1)?.as_slice()) {
        (&[rate], &[count]) => (rate, count),
        _ => return Err(OpError::shape("one rate and one count", inputs.tensor(1)?.shape())),
    };
    let n_states = op.n_states();
    let rest = inputs.len() - 2;
    let n = rest / (2 + n_states);
    if n * (2 + n_states) != rest {
        return Err(OpError::value(format!("{} inputs per tensor", 2 + n_states), rest));
    }
    let advance = |place: Place| match op {
        Optimizer::Adagrad(op) => adagrad(op, place, rate, count),
        Optimizer::Adam(op) => adam(op, place, rate, count),
        Optimizer::Momentum(op) => momentum(op, place, rate, count),
    };
    // The new tensors come first, then each kind of state.
    let mut outputs: Outputs = SmallVec::from_elem(None, n * (1 + n_states));
    for i in 0..n {
        let parts = (0..2 + n_states).map(|part| inputs.tensor(2 + part * n + i));
        let parts = parts.collect::<Result<SmallVec<[_; 4]>, _>>()?;
        let x = parts[0];
        if let Some(other) = parts.iter().find(|part| part.shape() != x.shape()) {
            return Err(OpError::shapes(
                "equal shapes of a tensor and its gradient",
                x.shape(),
                other.shape(),
            ));
        }
        let mut values = parts.iter().map(|part| doubles(part)).collect::<Result<Vec<_>, _>>()?;
        for at in 0..x.len() {
            let state = |i: usize| values.get(2 + i).map_or(0.0, |state| state[at]);
            let place = Place { x: values[0][at], gradient: values[1][at], states: [state(0), state(1)] };
            let new = advance(place);
            values[0][at] = new.x;
            (0..n_states).for_each(|i| values[2 + i][at] = new.states[i]);
        }
        for (kind, part) in std::iter::once(0).chain(2..2 + n_states).enumerate() {
            let new = from_doubles(&values[part], parts[part].dtype(), x.shape().clone(), ctx)?;
            outputs[kind * n + i] = Some(new.into());
        }
    }
    Ok(outputs)
}

fn adagrad(op: &Adagrad, place: Place, rate: f64, count: i64) -> Place {
    let rate = rate / (1.0 + count as f64 * f64::from(op.decay_factor));
    let gradient = f64::from(op.norm_coefficient) * place.x + place.gradient;
    let squares = place.states[0] + gradient * gradient;
    let x = place.x - rate * gradient / (squares.sqrt() + f64::from(op.epsilon));
    Place { x, states: [squares, 0.0], ..place }
}

fn adam(op: &Adam, place: Place, rate: f64, count: i64) -> Place {
    let (alpha, beta) = (f64::from(op.alpha), f64::from(op.beta));
    let gradient = f64::from(op.norm_coefficient) * place.x + place.gradient;
    let mean = alpha * place.states[0] + (1.0 - alpha) * gradient;
    let squares = beta * place.states[1] + (1.0 - beta) * gradient * gradient;
    let rate = if count > 0 {
        let count = count as f64;
        rate * (1.0 - beta.powf(count)).sqrt() / (1.0 - alpha.powf(count))
    } else {
        rate
    };
    let x = place.x - rate * mean / (squares.sqrt() + f64::from(op.epsilon));
    Place { x: (1.0 - f64::from(op.norm_coefficient_post)) * x, states: [mean, squares], ..place }
}

fn momentum(op: &Momentum, place: Place, rate: f64, count: i64) -> Place {
    let alpha = f64::from(op.alpha);
    let beta = if count > 0 { f64::from(op.beta) } else { 1.0 };
    let gradient = f64::from(op.norm_coefficient) * place.x + place.gradient;
    let velocity = alpha * place.states[0] + beta * gradient;
    let direction = if op.nesterov { gradient + alpha * velocity } else { velocity };
    Place { x: place.x - rate * direction, states: [velocity, 0.0], ..place }
}
