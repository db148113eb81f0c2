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

/// What a limit is of, for hosts that set limits one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Bytes of the model's file.
    FileBytes,
    /// Bytes that the decoded file may take, weights not counted.
    DecodedBytes,
    /// Nodes of the model.
    Nodes,
    /// Bytes of one tensor, in the file and in a run.
    TensorBytes,
    /// Bytes of all tensors that one run holds at a time.
    RunBytes,
    /// Steps of one loop.
    LoopSteps,
    /// Dimensions of a tensor.
    Rank,
    /// Bytes of one string.
    StringBytes,
}

impl Limits {
    /// Sets the limit of this kind, wherever it holds. What is beyond the machine's addresses is as good as none.
    pub fn set(&mut self, kind: LimitKind, most: u64) {
        let (read, run) = (&mut self.read, &mut self.run);
        let n = usize::try_from(most).unwrap_or(usize::MAX);
        match kind {
            LimitKind::FileBytes => read.max_bytes = most,
            LimitKind::DecodedBytes => read.max_decoded_bytes = most,
            LimitKind::Nodes => read.max_nodes = n,
            LimitKind::TensorBytes => (read.max_tensor_bytes, run.tensor_bytes) = (most, n),
            LimitKind::RunBytes => run.run_bytes = n,
            LimitKind::LoopSteps => run.loop_steps = most,
            LimitKind::Rank => (read.max_rank, run.rank) = (n, n),
            LimitKind::StringBytes => run.string_bytes = n,
        }
    }
}
