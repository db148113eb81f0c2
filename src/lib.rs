//! Dunlin: a model in, tensors out.
