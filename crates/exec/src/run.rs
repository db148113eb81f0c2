//! Runs a plan: step by step, values in slots, dropped at their last use.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dunlin_ir::{DType, Value};
use dunlin_sys::{Arena, Interruptible, Parallel};
use smallvec::SmallVec;

use crate::context::{Ctx, Limits, Stop};
use crate::input::{Inputs, Outputs};
use crate::output::{self, Output};
use crate::plan::{Arg, Plan, Step, node_error};
use crate::{NodeError, OpError, Specialization, cpu, device};

/// What a run may use.
pub struct Resources<'a> {
    /// Threads.
    pub pool: &'a dyn Parallel,
    /// Memory that is recycled between steps and runs.
    pub arena: &'a Arena,
    /// Bounds.
    pub limits: &'a Limits,
    /// When to end early.
    pub stop: &'a Stop,
    /// Of the random numbers.
    pub seed: u64,
    /// Told of every step, if anybody wants to know.
    pub observer: Option<&'a dyn Observer>,
}

/// Watches a run.
pub trait Observer: Sync {
    /// A step has run.
    fn step(&self, run: &StepRun<'_>);
}

/// What one execution of a step was.
#[derive(Debug, Clone, Copy)]
pub struct StepRun<'a> {
    /// The step of the plan, or of a nested graph's.
    pub step: &'a Step,
    /// How deeply it is nested; 0 for the main graph.
    pub depth: usize,
    /// How long it took.
    pub time: Duration,
    /// The element type of its first output, if that is a tensor.
    pub dtype: Option<DType>,
    /// Bytes of its outputs.
    pub output_bytes: usize,
    /// The backend that computed it.
    pub backend: &'static str,
    /// Why it did not run on the device that was asked for, if it did not.
    pub fallback: Option<&'a str>,
}

/// The element type of the first output, if it has one.
pub(crate) fn first_dtype(mut dtypes: impl Iterator<Item = Option<DType>>) -> Option<DType> {
    dtypes.next().flatten()
}

/// The slots of a run; kept by a session so that repeated runs allocate nothing.
#[derive(Debug, Default)]
pub struct Environment {
    slots: Vec<Option<Value>>,
}

/// Runs `plan` on `inputs` (in the plan's order; `None` takes the input's default) and returns its outputs. If there is
/// a `specialization`, it is for the shapes of these inputs.
///
/// # Errors
/// The failing node and why. Nothing is left behind.
pub fn run(
    plan: &Plan,
    specialization: Option<&Specialization>,
    inputs: Vec<Option<Value>>,
    resources: &Resources<'_>,
    environment: &mut Environment,
) -> Result<Vec<Value>, Box<NodeError>> {
    let mut outputs: Vec<Output> = plan.outputs.iter().map(|_| Output::default()).collect();
    run_into(plan, specialization, inputs, resources, environment, &mut outputs)?;
    Ok(outputs.iter_mut().filter_map(Output::take).collect())
}

/// As [`run`], with the outputs in the caller's list (one for each of the plan's) or in the memory that it offers.
///
/// # Errors
/// As [`run`]; contents of memory that was offered are then arbitrary.
pub fn run_into(
    plan: &Plan,
    specialization: Option<&Specialization>,
    inputs: impl IntoIterator<Item = Option<Value>>,
    resources: &Resources<'_>,
    environment: &mut Environment,
    outputs: &mut [Output],
) -> Result<(), Box<NodeError>> {
    if !resources.stop.is_armed() {
        return run_main(plan, specialization, inputs, resources, environment, outputs);
    }
    let stopped = || resources.stop.reason().is_some();
    let pool = Interruptible::new(resources.pool, &stopped);
    let resources = Resources { pool: &pool, ..*resources };
    run_main(plan, specialization, inputs, &resources, environment, outputs)
}

fn run_main(
    plan: &Plan,
    specialization: Option<&Specialization>,
    inputs: impl IntoIterator<Item = Option<Value>>,
    resources: &Resources<'_>,
    environment: &mut Environment,
    outputs: &mut [Output],
) -> Result<(), Box<NodeError>> {
    let slots = environment.fill(plan, inputs);
    run_all(plan, specialization, resources, slots.0, outputs, 0)?;
    for (&arg, output) in plan.outputs.iter().zip(outputs) {
        let value = read_output(plan, arg, slots.0)?;
        output.settle(value, resources.arena).map_err(at_outputs)?;
    }
    Ok(())
}

/// Environments that wait for the next run of a nested graph: loops and branches are entered often.
#[derive(Debug, Default)]
pub(crate) struct SpareEnvironments {
    waiting: Mutex<Vec<Environment>>,
}

impl SpareEnvironments {
    /// One that waits, or a new one.
    pub fn take(&self) -> Environment {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps one, empty, for the next run.
    pub fn give_back(&self, environment: Environment) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_SPARE_ENVIRONMENTS {
            waiting.push(environment);
        }
    }
}

/// How many environments one plan keeps: about as many as threads run it at a time.
const MAX_SPARE_ENVIRONMENTS: usize = 16;

/// Runs the plan of a nested graph.
pub(crate) fn run_nested(
    plan: &Plan,
    inputs: impl IntoIterator<Item = Option<Value>>,
    resources: &Resources<'_>,
    environment: &mut Environment,
    depth: usize,
) -> Result<Vec<Value>, Box<NodeError>> {
    let slots = environment.fill(plan, inputs);
    run_all(plan, None, resources, slots.0, &mut [], depth)?;
    plan.outputs.iter().map(|&output| read_output(plan, output, slots.0)).collect()
}

/// The slots of one run, which are empty when it is over, whatever came of it.
struct Slots<'a>(&'a mut Vec<Option<Value>>);

impl Drop for Slots<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl Environment {
    fn fill(&mut self, plan: &Plan, inputs: impl IntoIterator<Item = Option<Value>>) -> Slots<'_> {
        let slots = &mut self.slots;
        slots.clear();
        slots.resize_with(plan.n_slots, || None);
        for (slot, value) in plan.inputs.iter().zip(inputs) {
            if let Some(slot) = slot {
                slots[*slot as usize] = value;
            }
        }
        for (position, value) in &plan.defaults {
            if let Some(slot) = plan.inputs[*position] {
                slots[slot as usize].get_or_insert_with(|| value.clone());
            }
        }
        Slots(slots)
    }
}

fn run_all(
    plan: &Plan,
    specialization: Option<&Specialization>,
    resources: &Resources<'_>,
    slots: &mut [Option<Value>],
    outputs: &mut [Output],
    depth: usize,
) -> Result<(), Box<NodeError>> {
    if let Some(device) = &plan.device {
        return device::run_all(plan, device, specialization, resources, slots, depth);
    }
    for step in &plan.steps {
        if let Some(spared) = specialization.and_then(|special| special.spared(step)) {
            spared.apply(slots, |_| {});
            continue;
        }
        run_step(plan, step, resources, slots, outputs, depth)
            .map_err(|error| Box::new(node_error(&step.origin, &step.op, error)))?;
    }
    Ok(())
}

fn read_output(plan: &Plan, output: Arg, slots: &mut [Option<Value>]) -> Result<Value, Box<NodeError>> {
    let missing = || at_outputs(OpError::unsupported("an output that no step wrote"));
    read(plan, output, slots).ok_or_else(missing)
}

fn at_outputs(error: OpError) -> Box<NodeError> {
    Box::new(NodeError { node: "graph outputs".into(), op: "Graph".into(), offset: None, error })
}

fn run_step(
    plan: &Plan,
    step: &Step,
    resources: &Resources<'_>,
    slots: &mut [Option<Value>],
    outputs: &mut [Output],
    depth: usize,
) -> Result<(), OpError> {
    resources.stop.check()?;
    let mut ctx = Ctx::new(resources, step, depth);
    let has_offers = output::offer_all(outputs, step, &mut ctx);
    let mut values = compute(plan, &ctx, slots, None)?;
    if has_offers {
        output::put_right(outputs, step, &mut values, resources.arena)?;
    }
    keep(step, values, slots);
    Ok(())
}

/// Computes a step whose inputs are on the host; `fallback` says why no device does it, if one should.
pub(crate) fn compute_on_cpu(
    plan: &Plan,
    ctx: &Ctx<'_>,
    slots: &mut [Option<Value>],
    fallback: Option<&str>,
) -> Result<(), OpError> {
    let values = compute(plan, ctx, slots, fallback)?;
    keep(ctx.step, values, slots);
    Ok(())
}

fn compute(
    plan: &Plan,
    ctx: &Ctx<'_>,
    slots: &mut [Option<Value>],
    fallback: Option<&str>,
) -> Result<Outputs, OpError> {
    let Ctx { step, resources, depth, .. } = *ctx;
    let mut values: SmallVec<[Option<Value>; 6]> =
        step.inputs.iter().map(|&input| read(plan, input, slots)).collect();
    let started = resources.observer.map(|_| Instant::now());
    let outputs = cpu::run_step(&step.op, &mut Inputs::new(&mut values), ctx)?;
    // A kernel whose loop was interrupted has left its output unfinished.
    resources.stop.check()?;
    if let (Some(observer), Some(started)) = (resources.observer, started) {
        let dtype = |value: &Option<Value>| Some(value.as_ref()?.as_tensor()?.dtype());
        observer.step(&StepRun {
            step,
            depth,
            time: started.elapsed(),
            dtype: first_dtype(outputs.iter().map(dtype)),
            output_bytes: outputs.iter().flatten().map(Value::byte_len).sum(),
            backend: "cpu",
            fallback,
        });
    }
    Ok(outputs)
}

fn keep(step: &Step, outputs: Outputs, slots: &mut [Option<Value>]) {
    for (slot, output) in step.outputs.iter().zip(outputs) {
        if let Some(slot) = slot {
            slots[*slot as usize] = output;
        }
    }
}

fn read(plan: &Plan, arg: Arg, slots: &mut [Option<Value>]) -> Option<Value> {
    match arg {
        Arg::Absent => None,
        Arg::Constant(index) => Some(plan.constants[index as usize].clone()),
        Arg::Slot { index, last_use: true } => slots[index as usize].take(),
        Arg::Slot { index, last_use: false } => slots[index as usize].clone(),
    }
}
