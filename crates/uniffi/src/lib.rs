//! What Kotlin and Swift call: thread-safe objects over core, exported with uniffi's macros. Translation alone: what is decided is decided
//! in core.
//!
//! Tensors never cross as lists of numbers. A [`Value`] is filled from the host's memory with one copy, or by the host at its
//! [`Value::address`], and read there.

#![deny(unsafe_code)]
#![allow(
    clippy::result_large_err,
    reason = "hosts see the error's fields as they are; it is made where a call fails"
)]

mod background;
mod build;
mod cancel;
mod error;
mod info;
mod model;
mod options;
mod pool;
mod report;
mod run;
mod session;
mod value;

pub use build::*;
pub use cancel::*;
pub use error::*;
pub use info::*;
pub use model::*;
pub use options::*;
pub use pool::*;
pub use report::*;
pub use run::*;
pub use session::*;
pub use value::*;

uniffi::setup_scaffolding!("dunlin");
