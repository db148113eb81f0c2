"""The module path by which programs import ONNX Runtime's exceptions."""
