//! Bytes to graph and weights: ONNX.
