//! What a model may use at most.

/// Bounds on what loading and running a model may take. The defaults suit models from a source that you trust not to
/// be hostile; tighten them for others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// For reading the file.
    pub read: dunlin_formats::onnx::Limits,
    /// For running the graph.
    pub run: dunlin_exec::Limits,
}
