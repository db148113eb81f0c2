//! What a run lends to each operator: threads, memory, limits, the stop signal, and the step's packed weights.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dunlin_ir::{DType, Shape, Tensor, Value};
use dunlin_sys::{Arena, Bytes, OutOfMemory, Parallel, Shortage};
use smallvec::SmallVec;

use crate::plan::{Packed, Plan, Step};
use crate::run::run_nested;
use crate::{Environment, OpError, Resources};

/// What a run may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one tensor.
    pub tensor_bytes: usize,
    /// Bytes of all tensors that one run makes and holds at a time.
    pub run_bytes: usize,
    /// Dimensions of a tensor.
    pub rank: usize,
    /// Steps of one loop.
    pub loop_steps: u64,
    /// Bytes of one string.
    pub string_bytes: usize,
    /// Nesting of control flow.
    pub depth: usize,
}

impl Default for Limits {
    /// Generous bounds for trusted models: 64 GiB a run, rank 64, ten million loop steps.
    fn default() -> Limits {
        Limits {
            tensor_bytes: 16 << 30,
            run_bytes: 64 << 30,
            rank: 64,
            loop_steps: 10_000_000,
            string_bytes: 64 << 20,
            depth: 32,
        }
    }
}

/// Why a run should end before its last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody cancelled it.
    Cancelled,
    /// Its deadline passed.
    Deadline,
    /// The system refused memory, and the reserve helped out.
    OutOfMemory(OutOfMemory),
}

/// When a run should end early: a flag that anybody may set, a deadline, and memory that runs out.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Set to cancel.
    pub cancel: Option<Arc<AtomicBool>>,
    /// The time from which on the run is late.
    pub deadline: Option<Instant>,
    /// Since when refused memory counts.
    pub shortage: Shortage,
}

impl Stop {
    /// Why the run should end now, if it should.
    pub fn reason(&self) -> Option<StopReason> {
        if self.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Some(StopReason::Cancelled);
        }
        if let Err(refused) = self.shortage.check() {
            return Some(StopReason::OutOfMemory(refused));
        }
        self.deadline.filter(|&at| Instant::now() >= at).map(|_| StopReason::Deadline)
    }

    /// Whether somebody could stop the run in the middle of a loop.
    pub fn is_armed(&self) -> bool {
        self.cancel.is_some() || self.deadline.is_some()
    }

    /// An error if the run should end now.
    ///
    /// # Errors
    /// [`OpError::Cancelled`], [`OpError::Deadline`] or [`OpError::OutOfMemory`].
    pub fn check(&self) -> Result<(), OpError> {
        match self.reason() {
            None => Ok(()),
            Some(StopReason::Cancelled) => Err(OpError::Cancelled),
            Some(StopReason::Deadline) => Err(OpError::Deadline),
            Some(StopReason::OutOfMemory(refused)) => Err(refused.into()),
        }
    }
}

/// What an operator may use while it computes one step.
pub struct Ctx<'a> {
    pub(crate) resources: &'a Resources<'a>,
    pub(crate) step: &'a Step,
    pub(crate) depth: usize,
    /// Memory of the host for outputs of the step.
    offered: Mutex<SmallVec<[Bytes; 1]>>,
}

impl<'a> Ctx<'a> {
    /// For a step at some depth of nested graphs.
    pub(crate) fn new(resources: &'a Resources<'a>, step: &'a Step, depth: usize) -> Ctx<'a> {
        Ctx { resources, step, depth, offered: Mutex::default() }
    }

    /// Offers memory of the host: the first tensor that is as long as it will lie there.
    pub(crate) fn offer(&mut self, memory: Bytes) {
        self.offered.get_mut().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    /// The threads.
    pub fn pool(&self) -> &'a dyn Parallel {
        self.resources.pool
    }

    /// The memory that runs recycle.
    pub fn arena(&self) -> &'a Arena {
        self.resources.arena
    }

    /// The limits of the run.
    pub fn limits(&self) -> &'a Limits {
        self.resources.limits
    }

    /// An error if the run should end now: for long loops that do not go through [`Ctx::pool`].
    ///
    /// # Errors
    /// [`OpError::Cancelled`] or [`OpError::Deadline`].
    pub fn check_stop(&self) -> Result<(), OpError> {
        self.resources.stop.check()
    }

    /// How many outputs the node has, those that nobody wants included.
    pub fn n_outputs(&self) -> usize {
        self.step.outputs.len()
    }

    /// Whether somebody reads output `i`.
    pub fn wants(&self, i: usize) -> bool {
        self.step.outputs.get(i).is_some_and(Option::is_some)
    }

    /// The packed weights that `pack` made of the step's constants, if they are of this type.
    pub fn packed<P: Packed>(&self) -> Option<&'a P> {
        let packed: &dyn std::any::Any = self.step.packed.as_deref()?;
        packed.downcast_ref()
    }

    /// The seed of this run's random numbers.
    pub fn seed(&self) -> u64 {
        self.resources.seed ^ (self.step.id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// A tensor to be written: its contents are arbitrary.
    ///
    /// # Errors
    /// [`OpError::Limit`] or [`OpError::OutOfMemory`].
    pub fn alloc(&self, dtype: DType, shape: Shape) -> Result<Tensor, OpError> {
        let n_bytes = self.checked_bytes(dtype, &shape)?;
        let memory = match self.offered_for(dtype, n_bytes) {
            Some(memory) => memory,
            None => self.resources.arena.alloc(n_bytes)?.into(),
        };
        Ok(Tensor::new(dtype, shape, memory)?)
    }

    fn offered_for(&self, dtype: DType, n_bytes: usize) -> Option<Bytes> {
        if self.step.results.is_empty() {
            return None;
        }
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |memory: &Bytes| memory.len() == n_bytes && memory.is_aligned_to(dtype.align());
        let at = offered.iter().position(fits)?;
        Some(offered.swap_remove(at))
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// As [`Ctx::alloc`].
    pub fn alloc_zeroed(&self, dtype: DType, shape: Shape) -> Result<Tensor, OpError> {
        let mut tensor = self.alloc(dtype, shape)?;
        if let Some(bytes) = tensor.try_bytes_mut() {
            bytes.fill(0);
        }
        Ok(tensor)
    }

    /// Checks that a tensor may be made: for operators that collect elements themselves.
    ///
    /// # Errors
    /// [`OpError::Limit`].
    pub fn checked_bytes(&self, dtype: DType, shape: &Shape) -> Result<usize, OpError> {
        let limits = self.resources.limits;
        let limit =
            |what, got: usize, limit: usize| OpError::Limit { what, got: got as u64, limit: limit as u64 };
        if shape.rank() > limits.rank {
            return Err(limit("rank", shape.rank(), limits.rank));
        }
        let n_bytes = shape.checked_n_elements().and_then(|n| dtype.byte_len(n)).unwrap_or(usize::MAX);
        if n_bytes > limits.tensor_bytes {
            return Err(limit("tensor bytes", n_bytes, limits.tensor_bytes));
        }
        let live = self.resources.arena.live_bytes().saturating_add(n_bytes);
        if live > limits.run_bytes {
            return Err(limit("bytes of the run", live, limits.run_bytes));
        }
        Ok(n_bytes)
    }

    /// Nested graph `i` of the step, ready to run any number of times.
    ///
    /// # Errors
    /// [`OpError::Limit`] if control flow nests too deeply.
    pub fn body(&self, i: usize) -> Result<Body<'a>, OpError> {
        let depth = self.depth + 1;
        let limit = self.resources.limits.depth;
        if depth > limit {
            return Err(OpError::Limit {
                what: "nesting of control flow",
                got: depth as u64,
                limit: limit as u64,
            });
        }
        let plan =
            self.step.bodies.get(i).ok_or_else(|| OpError::unsupported("a step without its nested graph"))?;
        let environment = plan.spare.take();
        Ok(Body { plan, environment, resources: self.resources, seed: self.seed(), n_runs: 0, depth })
    }
}

/// A nested graph of a step, with the slots that its runs use one after the other.
pub struct Body<'a> {
    plan: &'a Plan,
    environment: Environment,
    resources: &'a Resources<'a>,
    seed: u64,
    n_runs: u64,
    depth: usize,
}

impl Body<'_> {
    /// Runs the graph: its formal inputs, then the captured values. Each run draws other random numbers.
    ///
    /// # Errors
    /// [`OpError::Nested`] with the failing node.
    pub fn run(&mut self, inputs: impl IntoIterator<Item = Option<Value>>) -> Result<Vec<Value>, OpError> {
        self.n_runs += 1;
        let seed = (self.seed ^ self.n_runs.rotate_left(32)).wrapping_mul(0xD129_8A2E_03D4_4A91);
        let resources = Resources { seed, ..*self.resources };
        run_nested(self.plan, inputs, &resources, &mut self.environment, self.depth).map_err(OpError::Nested)
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        self.plan.spare.give_back(std::mem::take(&mut self.environment));
    }
}
