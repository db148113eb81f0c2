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
    "add": """
        <ir_version: 8, opset_import: ["" : 17]>
        add (float[n] x, float[n] b) => (float[n] y)
        {
            y = Add(x, b)
        }
    """,
    # Outputs that lie in one another's memory, or in that of the input, unless somebody takes care.
    "outputs": """
        <ir_version: 8, opset_import: ["" : 17]>
        outputs (float[4] x) => (
            float[4] same, float[4] negative, float[4] again, float[2] first, float[2] second, float[2,2] square,
            float[4] sum, seq(float[2]) halves)
        <int64[2] parts = {2, 2}, int64[2] two = {2, 2}>
        {
            same = Identity(x)
            negative = Neg(x)
            again = Identity(negative)
            first, second = Split(negative, parts)
            square = Reshape(negative, two)
            h = Exp(negative)
            sum = Add(h, x)
            halves = SplitToSequence(x, parts)
        }
    """,
}
# Nodes of which none is fused with another.
STEPS = "".join(f"a{i} = Sin(h{i}) h{i + 1} = Add(a{i}, x) " for i in range(50))
MODELS["chain"] = f"""
    <ir_version: 8, opset_import: ["" : 17]>
    chain (float[4] x) => (float[4] y) {{ h0 = Neg(x) {STEPS} y = Abs(h50) }}
"""

for name, text in MODELS.items():
    model = parser.parse_model(text)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")
