//! The C ABI: check, borrow, one call of core, store. The documentation is written for the C reader: it becomes the header.
//!
//! `handle` keeps what hosts hold, `ptr` is the one place that follows their pointers, `status` turns errors and panics
//! into statuses. The other files hold one C type each.

#![allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "pointers are followed in ptr.rs, under the contract of the header"
)]

mod background;
mod cancel;
mod error;
mod handle;
mod info;
mod model;
mod options;
mod pool;
mod ptr;
mod reader;
mod report;
mod run;
mod session;
mod status;
mod value;

pub use background::dunlin_async_wait;
pub use cancel::*;
pub use error::*;
pub use info::*;
pub use model::*;
pub use options::*;
pub use pool::*;
pub use ptr::ReleaseFn;
pub use reader::*;
pub use report::*;
pub use run::*;
pub use session::*;
pub use status::*;
pub use value::*;
