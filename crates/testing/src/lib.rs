//! What tests of whole models share: jobs for worker processes, comparison rules, running a stored case.
//!
//! The developer commands start workers (`dunlin-worker`) and send them [`protocol::Work`], so that a crash, a hang or
//! exhausted memory is one failed case and not the end of the run.

#![forbid(unsafe_code)]

#[cfg(feature = "engine")]
pub mod compare;
#[cfg(feature = "engine")]
mod damage;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
mod hammer;
#[cfg(feature = "engine")]
mod host;
#[cfg(feature = "engine")]
pub mod hostile;
pub mod protocol;
pub mod scenario;
#[cfg(feature = "engine")]
pub mod widen;
