//! Graph to plan to tensors: the planner, the executor, and the backends that compute.

#![forbid(unsafe_code)]

#[cfg(feature = "candle")]
pub mod candle;
mod context;
pub mod cpu;
pub mod device;
mod error;
mod evaluate;
mod input;
mod output;
mod plan;
mod run;
mod specialize;

pub use context::{Body, Ctx, Limits, Stop, StopReason};
pub use device::{Backend, Place, Target};
pub use error::{NodeError, OpError};
pub use evaluate::Evaluator;
pub use input::{Inputs, Outputs, one};
pub use output::Output;
pub use plan::{Arg, Packed, Plan, PlanError, Step};
pub use run::{Environment, Observer, Resources, StepRun, run, run_into};
pub use specialize::Specialization;

/// The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
pub fn instruction_set() -> &'static str {
    dunlin_kernels::dispatch::isa().name()
}
