"""Writes the tiny models of these tests: python make.py (needs onnx)."""
import pathlib

import onnx
from onnx import parser

HERE = pathlib.Path(__file__).parent

MODELS = {
    "gemm": """
        <ir_version: 8, opset_import: ["" : 17]>
        gemm (float[batch, 2] x) => (float[batch, 3] y)
        <float[2, 3] w = {1, 2, 3, 4, 5, 6}, float[3] b = {-30, 0, 1}>
        {
            h = Gemm(x, w)
            s = Add(h, b)
            y = Relu(s)
        }
    """,
}

for name, text in MODELS.items():
    model = parser.parse_model(text)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")
