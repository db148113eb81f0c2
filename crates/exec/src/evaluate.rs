//! Computes single nodes before a run, for constant folding and shape arithmetic.

use std::sync::Arc;

use dunlin_ir::{Evaluate, Op, Origin, Tensor, Value};
use dunlin_sys::{Arena, Serial};

use crate::context::{Ctx, Limits, Stop};
use crate::plan::{Plan, Step};
use crate::{Inputs, Place, Resources, cpu};

/// Evaluates single nodes on the calling thread, within limits.
#[derive(Debug, Default)]
pub struct Evaluator {
    arena: Arena,
    limits: Limits,
    stop: Stop,
}

impl Evaluator {
    /// An evaluator that refuses what exceeds `limits` or comes after `stop`.
    pub fn new(limits: Limits, stop: Stop) -> Evaluator {
        Evaluator { arena: Arena::new(), limits, stop }
    }
}

impl Evaluate for Evaluator {
    fn should_stop(&self) -> bool {
        self.stop.reason().is_some()
    }

    fn evaluate(&self, op: &Op, inputs: &[Option<Tensor>], n_outputs: usize) -> Option<Vec<Option<Tensor>>> {
        if self.arena.kept_bytes() > MAX_KEPT_BYTES {
            self.arena.clear();
        }
        let bodies: Result<Vec<_>, _> =
            op.bodies().iter().map(|body| Plan::new(body).map(Arc::new)).collect();
        let step = Step {
            id: 0,
            op: op.clone(),
            origin: Origin::default(),
            inputs: Default::default(),
            outputs: (0..n_outputs as u32).map(Some).collect(),
            results: Default::default(),
            packed: None,
            bodies: bodies.ok()?,
            place: Place::Cpu,
        };
        let mut values = Vec::with_capacity(inputs.len());
        for input in inputs {
            values.push(match input {
                Some(tensor) => Some(Value::Tensor(tensor.to_aligned().ok()?)),
                None => None,
            });
        }
        let resources = Resources {
            pool: &Serial,
            arena: &self.arena,
            limits: &self.limits,
            stop: &self.stop,
            seed: 0,
            observer: None,
        };
        let ctx = Ctx::new(&resources, &step, 0);
        let outputs = cpu::run_step(op, &mut Inputs::new(&mut values), &ctx).ok()?;
        outputs
            .into_iter()
            .map(|value| value.map(Value::into_tensor).map_or(Some(None), |t| t.map(Some)))
            .collect()
    }
}

/// Buffers of what was computed and dropped wait for the next node up to so many bytes: beyond are weights, of which
/// hardly two are alike.
const MAX_KEPT_BYTES: usize = 1 << 20;
