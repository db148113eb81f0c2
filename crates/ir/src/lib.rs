//! What a model is: graph, ops, types, tensors, shape inference.
