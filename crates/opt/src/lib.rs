//! Graph to better graph, same answer.
