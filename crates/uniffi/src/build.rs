//! What this build is and has.

/// The version of this library, such as `0.1.0`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
#[uniffi::export]
pub fn instruction_set() -> String {
    dunlin_core::instruction_set().to_owned()
}

/// The devices that this build can run on here, such as `cpu` and `cuda:0`.
#[uniffi::export]
pub fn devices() -> Vec<String> {
    dunlin_core::devices()
}

/// Whether this build has a feature: the name of a device (`cpu`, `cuda:0`), a format (`onnx`), or an operator (`op:Conv`,
/// `op:ai.onnx.ml:Scaler`). An unknown name is not had.
#[uniffi::export]
pub fn has(feature: String) -> bool {
    dunlin_core::has(&feature)
}
