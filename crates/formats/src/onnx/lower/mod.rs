//! From decoded messages to the graph: names to values, operators to typed ones, functions inlined.
//!
//! [`graph`] walks graphs and functions, [`context`] is what one node's lowering function sees, [`table`] finds it.
//! The other files hold one operator family each: rows of (name, versions, function) and the functions.

mod context;
mod error;
mod graph;
mod scope;
mod table;
mod types;

pub(crate) use context::NodeContext;
pub use error::LowerError;
pub(super) use graph::Lowering;
pub(crate) use table::{Lowered, Row};
pub use table::{MAX_OPSET, family_of, operators};

/// A name as text: UTF-8 as it is, any other byte as `\xNN`.
fn text(name: &[u8]) -> String {
    super::proto::name_text(name).into_owned()
}

mod attention;
mod control;
mod convolution;
mod elementwise;
mod image;
mod index;
mod linear;
mod ml;
mod movement;
mod normalize;
mod quantize;
mod random;
mod recurrent;
mod reduce;
mod sequence;
mod signal;
mod text;
mod training;
