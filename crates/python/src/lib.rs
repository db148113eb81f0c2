//! The extension module `dunlin._dunlin`: Python's objects in, one call of core, Python's objects out.
//!
//! `ptr` is the one place that follows pointers. `value`, `array`, `strings` and `dlpack` carry values across, `run` is what models and
//! sessions share; the other files hold one noun each. The package's Python part (`bindings/python/dunlin`) re-exports what is here.

#![deny(unsafe_code)]

mod array;
mod cancel;
mod dlpack;
mod dtype;
mod error;
mod info;
mod interrupt;
mod model;
mod options;
mod packed;
mod pool;
mod ptr;
mod report;
mod run;
mod session;
mod source;
mod strings;
mod tensor;
mod value;

use dunlin_sys::ReservingAllocator;
use pyo3::prelude::*;

/// Keeps the host alive where memory runs out: see SECURITY.md.
#[global_allocator]
static ALLOCATOR: ReservingAllocator = ReservingAllocator::new();

/// The instruction set that the CPU kernels use on this machine: "avx512", "avx2", "neon" or "scalar".
#[pyfunction]
fn instruction_set() -> &'static str {
    dunlin_core::instruction_set()
}

/// The devices that models can run on here.
#[pyfunction]
fn devices() -> Vec<String> {
    dunlin_core::devices()
}

/// Whether this build has a feature: the name of a device ("cpu", "cuda:0"), a format ("onnx"), or an operator ("op:Conv",
/// "op:ai.onnx.ml:Scaler").
#[pyfunction]
fn has(feature: &str) -> bool {
    match feature.strip_prefix("op:").map(|operator| operator.rsplit_once(':').unwrap_or(("", operator))) {
        Some((domain, name)) => dunlin_core::has_operator(domain, name),
        None => feature == "onnx" || feature.parse::<dunlin_core::Device>().is_ok(),
    }
}

#[pymodule(gil_used = false)]
mod _dunlin {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::cancel::Cancel;
    #[pymodule_export]
    use super::info::{Memory, Metadata, Port};
    #[pymodule_export]
    use super::model::{Model, load};
    #[pymodule_export]
    use super::pool::Pool;
    #[pymodule_export]
    use super::report::Report;
    #[pymodule_export]
    use super::session::Session;
    #[pymodule_export]
    use super::tensor::Tensor;
    #[pymodule_export]
    use super::{devices, has, instruction_set};

    /// The version of the library.
    #[pymodule_init]
    fn version(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
