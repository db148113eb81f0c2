//! The API that people learn: load a [`Model`], run it, read what it did.
//!
//! ```no_run
//! use dunlin_core::{Model, Tensor};
//!
//! let model = Model::load("digits.onnx")?;
//! let image = Tensor::from_slice([1, 1, 28, 28], &[0.0f32; 784])?;
//! let outputs = model.run([("image", image)])?;
//! println!("{:?}", outputs["probabilities"]);
//! # Ok::<(), dunlin_core::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod background;
mod builder;
mod cancel;
mod error;
mod inspection;
mod io;
mod limits;
mod memory;
mod model;
mod options;
mod report;
mod run;
mod session;
mod source;
mod special;

pub use builder::Builder;
pub use cancel::Cancel;
pub use dunlin_exec::Plan;
pub use dunlin_formats::Mapping;
pub use dunlin_formats::onnx::ModelInfo as Metadata;
pub use dunlin_ir::{Bool, DType, Dim, Element, Graph, Map, Shape, Tensor, TensorError, Type, Value};
pub use dunlin_sys::{HostPool, Pool, available_threads};
pub use error::{Error, ErrorKind, STATUS_TABLE, StatusRow, catch, quiet_panics};
pub use inspection::Inspection;
pub use io::{InputInfo, Inputs, OutputInfo, Outputs};
pub use limits::{LimitKind, Limits};
pub use memory::Memory;
pub use model::Model;
pub use options::{Device, Fallback, LogLevel, Progress, RunOptions, Stage, Threads};
pub use report::{NodeReport, Placement, Report, RunReport};
pub use session::Session;
pub use source::{FilePart, Source};

/// The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
pub fn instruction_set() -> &'static str {
    dunlin_exec::instruction_set()
}

/// Whether models may use this operator: it is known, and its family is not left out of this build. The domain is `""` for the standard's
/// main one.
pub fn has_operator(domain: &str, name: &str) -> bool {
    let domain = if domain == "ai.onnx" { "" } else { domain };
    let family = dunlin_formats::onnx::family_of(domain, name);
    family.is_some_and(|family| dunlin_ir::built::feature_of(family).is_none())
}

/// Whether this build has a feature: the name of a device (`cpu`, `cuda:0`), a format (`onnx`), or an operator (`op:Conv`,
/// `op:ai.onnx.ml:Scaler`). An unknown name is not had.
pub fn has(feature: &str) -> bool {
    match feature.strip_prefix("op:") {
        Some(operator) => match operator.rsplit_once(':') {
            Some((domain, name)) => has_operator(domain, name),
            None => has_operator("", operator),
        },
        None => feature == "onnx" || feature.parse::<Device>().is_ok(),
    }
}

/// The devices that this build can run on here, by the names that [`Device`] reads.
pub fn devices() -> Vec<String> {
    Device::present().iter().map(Device::to_string).collect()
}
