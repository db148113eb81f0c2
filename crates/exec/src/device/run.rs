//! Runs a plan of which a device computes some steps: values are copied only where the side changes.

use std::sync::Arc;
use std::time::Instant;

use dunlin_ir::infer::Fact;
use dunlin_ir::{Shape, Tensor, TensorError, Value};
use smallvec::SmallVec;

use super::{Backend, Buffer, Buffers, Facts, HostInputs, Operand, Place, Refusal};
use crate::context::Ctx;
use crate::plan::{Arg, DevicePlan, Plan, Step, node_error};
use crate::run::{StepRun, compute_on_cpu, first_dtype};
use crate::{NodeError, OpError, Resources, Specialization};

/// Runs all steps; graph outputs are on the host afterwards.
pub(crate) fn run_all(
    plan: &Plan,
    device: &DevicePlan,
    specialization: Option<&Specialization>,
    resources: &Resources<'_>,
    slots: &mut [Option<Value>],
    depth: usize,
) -> Result<(), Box<NodeError>> {
    let buffers = vec![None; slots.len()];
    let mut state = State { plan, device, specialization, resources, slots, buffers, depth };
    let is_device = |step: &Step| matches!(step.place, Place::Device(_));
    for region in plan.steps.chunk_by(|a, b| is_device(a) == is_device(b)) {
        let mut result = Ok(());
        let mut work = || result = state.region(region);
        match region.first() {
            Some(step) if is_device(step) => device.backend.enter(&mut work),
            _ => work(),
        }
        result?;
    }
    state.land_outputs().map_err(|error| {
        let (node, op) = ("graph outputs".into(), "Graph".into());
        Box::new(NodeError { node, op, offset: None, error })
    })
}

struct State<'a> {
    plan: &'a Plan,
    device: &'a DevicePlan,
    specialization: Option<&'a Specialization>,
    resources: &'a Resources<'a>,
    slots: &'a mut [Option<Value>],
    /// In step with the slots: what is in the device's memory.
    buffers: Vec<Option<Buffer>>,
    depth: usize,
}

impl State<'_> {
    fn region(&mut self, steps: &[Step]) -> Result<(), Box<NodeError>> {
        steps.iter().try_for_each(|step| {
            self.step(step).map_err(|error| Box::new(node_error(&step.origin, &step.op, error)))
        })
    }

    fn step(&mut self, step: &Step) -> Result<(), OpError> {
        if let Some(spared) = self.specialization.and_then(|special| special.spared(step)) {
            spared.apply(self.slots, |slot| self.buffers[slot as usize] = None);
            return Ok(());
        }
        self.resources.stop.check()?;
        match &step.place {
            Place::Cpu => self.cpu_step(step, None),
            Place::Fallback(reason) => self.cpu_step(step, Some(reason)),
            Place::Device(host) => match self.device_step(step, *host) {
                Ok(()) => Ok(()),
                Err(Refusal::Declined(reason)) if self.device.deny_fallback => Err(OpError::Device(reason)),
                Err(Refusal::Declined(reason)) => self.cpu_step(step, Some(&reason)),
                Err(Refusal::Failed(error)) => Err(error),
            },
        }
    }

    fn cpu_step(&mut self, step: &Step, fallback: Option<&str>) -> Result<(), OpError> {
        let ctx = Ctx::new(self.resources, step, self.depth);
        for &input in &step.inputs {
            self.land(input, &ctx)?;
        }
        compute_on_cpu(self.plan, &Ctx::new(self.resources, step, self.depth), self.slots, fallback)?;
        self.release(step);
        for slot in step.outputs.iter().flatten() {
            self.buffers[*slot as usize] = None;
        }
        Ok(())
    }

    /// Copies a value to the host if it is only on the device.
    fn land(&mut self, arg: Arg, ctx: &Ctx<'_>) -> Result<(), OpError> {
        let Arg::Slot { index, .. } = arg else { return Ok(()) };
        let (slot, buffer) = (&mut self.slots[index as usize], &self.buffers[index as usize]);
        let (None, Some(buffer)) = (&slot, buffer) else { return Ok(()) };
        let mut tensor = ctx.alloc(buffer.dtype, buffer.shape.clone())?;
        let bytes = tensor.try_bytes_mut().ok_or(TensorError::Shared)?;
        self.device.backend.download(buffer, bytes)?;
        *slot = Some(Value::Tensor(tensor));
        Ok(())
    }

    fn land_outputs(&mut self) -> Result<(), OpError> {
        let Some(step) = self.plan.steps.last() else { return Ok(()) };
        let ctx = Ctx::new(self.resources, step, self.depth);
        self.plan.outputs.iter().try_for_each(|&output| self.land(output, &ctx))
    }

    /// Forgets what the step has read for the last time.
    fn release(&mut self, step: &Step) {
        for input in &step.inputs {
            if let Arg::Slot { index, last_use: true } = *input {
                self.slots[index as usize] = None;
                self.buffers[index as usize] = None;
            }
        }
    }

    fn device_step(&mut self, step: &Step, host: HostInputs) -> Result<(), Refusal> {
        let started = self.resources.observer.map(|_| Instant::now());
        let ctx = Ctx::new(self.resources, step, self.depth);
        let mut operands: SmallVec<[Operand; 6]> = SmallVec::new();
        for (i, &input) in step.inputs.iter().enumerate() {
            operands.push(self.operand(input, host.contains(i), &ctx)?);
        }
        let shapes = inferred(step, &operands, &ctx)?;
        let wanted: SmallVec<[bool; 4]> = step.outputs.iter().map(Option::is_some).collect();
        let outputs = self.device.backend.run(&step.op, &operands, &shapes, &wanted)?;
        self.observe(step, started, &outputs);
        self.release(step);
        for (slot, output) in step.outputs.iter().zip(outputs) {
            if let Some(slot) = slot {
                self.slots[*slot as usize] = None;
                self.buffers[*slot as usize] = output;
            }
        }
        Ok(())
    }

    fn operand(&mut self, arg: Arg, on_host: bool, ctx: &Ctx<'_>) -> Result<Operand, Refusal> {
        let backend: &Arc<dyn Backend> = &self.device.backend;
        Ok(match arg {
            Arg::Absent => Operand::Absent,
            Arg::Constant(index) if on_host => Operand::Host(tensor(&self.plan.constants[index as usize])?),
            Arg::Constant(index) => match &self.device.constants[index as usize] {
                Some(buffer) => Operand::Device(buffer.clone()),
                None => Operand::Device(backend.upload(&tensor(&self.plan.constants[index as usize])?)?),
            },
            Arg::Slot { index, .. } if on_host => {
                self.land(arg, ctx).map_err(Refusal::Failed)?;
                match &self.slots[index as usize] {
                    Some(value) => Operand::Host(tensor(value)?),
                    None => Operand::Absent,
                }
            }
            Arg::Slot { index, .. } => {
                let (slot, buffer) = (&self.slots[index as usize], &mut self.buffers[index as usize]);
                match (slot, &buffer) {
                    (_, Some(buffer)) => Operand::Device(buffer.clone()),
                    (Some(value), None) => {
                        let uploaded = backend.upload(&tensor(value)?)?;
                        Operand::Device(buffer.insert(uploaded).clone())
                    }
                    (None, None) => Operand::Absent,
                }
            }
        })
    }

    fn observe(&self, step: &Step, started: Option<Instant>, outputs: &Buffers) {
        let (Some(observer), Some(started)) = (self.resources.observer, started) else { return };
        let bytes = |buffer: &Buffer| buffer.dtype.byte_len(buffer.shape.n_elements()).unwrap_or(0);
        observer.step(&StepRun {
            step,
            depth: self.depth,
            time: started.elapsed(),
            dtype: first_dtype(outputs.iter().map(|b| b.as_ref().map(|b| b.dtype))),
            output_bytes: outputs.iter().flatten().map(bytes).sum(),
            backend: self.device.backend.name(),
            fallback: None,
        });
    }
}

fn tensor(value: &Value) -> Result<Tensor, Refusal> {
    let tensor = value.as_tensor().cloned();
    tensor.ok_or_else(|| Refusal::Declined(format!("a {} is no tensor", value.kind())))
}

/// The outputs' shapes as far as the rules know them, within the limits.
fn inferred(
    step: &Step,
    operands: &[Operand],
    ctx: &Ctx<'_>,
) -> Result<SmallVec<[Option<Shape>; 2]>, Refusal> {
    let facts: SmallVec<[Option<Fact>; 6]> = operands
        .iter()
        .map(|operand| match operand {
            Operand::Absent => None,
            Operand::Device(buffer) => Some(Fact::known(buffer.dtype, &buffer.shape)),
            Operand::Host(tensor) => Some(Fact::constant(tensor.clone())),
        })
        .collect();
    let facts: SmallVec<[Option<&Fact>; 6]> = facts.iter().map(Option::as_ref).collect();
    let outputs = step.op.infer(&Facts::new(&facts, step.outputs.len()));
    for fact in &outputs {
        if let (Some(dtype), Some(shape)) = (fact.ty.dtype(), fact.ty.shape()) {
            ctx.checked_bytes(dtype, &shape).map_err(Refusal::Failed)?;
        }
    }
    Ok(outputs.iter().map(|fact| fact.ty.shape()).collect())
}
