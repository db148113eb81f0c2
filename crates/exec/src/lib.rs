//! Graph to plan to tensors: planner, buffers, backends.
