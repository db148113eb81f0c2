"""What the tests share: paths, and small models made with the package onnx."""

from __future__ import annotations

import pathlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

ROOT = pathlib.Path(__file__).parents[3]
DIGITS = ROOT / "examples/digits/digits.onnx"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long forms of tests that have one")


def model_of(
    nodes: list, inputs: list, outputs: list, initializers: list = [], opset: int = 21, **more
) -> bytes:
    """A model of these nodes; inputs and outputs are (name, element type, dimensions), or whole infos."""
    info = lambda port: helper.make_tensor_value_info(*port) if isinstance(port, tuple) else port
    graph = helper.make_graph(nodes, "g", list(map(info, inputs)), list(map(info, outputs)), initializers)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10, **more)
    return model.SerializeToString()


def identity_of(dtype: int, dims: list = ["n", "m"]) -> bytes:
    """x + nothing: a model that hands its input on."""
    return model_of([helper.make_node("Identity", ["x"], ["y"])], [("x", dtype, dims)], [("y", dtype, dims)])


def add() -> bytes:
    """z = x + y, of float32[n]."""
    f32 = TensorProto.FLOAT
    node = helper.make_node("Add", ["x", "y"], ["z"])
    return model_of([node], [("x", f32, ["n"]), ("y", f32, ["n"])], [("z", f32, ["n"])])


def endless() -> bytes:
    """Counts for minutes unless it is stopped."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["condition"], ["next"]),
            helper.make_node("Add", ["total", "one"], ["new_total"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
            helper.make_tensor_value_info("total", TensorProto.FLOAT, ["n"]),
        ],
        [
            helper.make_tensor_value_info("next", TensorProto.BOOL, []),
            helper.make_tensor_value_info("new_total", TensorProto.FLOAT, ["n"]),
        ],
    )
    constants = [
        onnx.numpy_helper.from_array(np.array(9_000_000, np.int64), "times"),
        onnx.numpy_helper.from_array(np.array(True), "true"),
        onnx.numpy_helper.from_array(np.array(1, np.float32), "one"),
    ]
    loop = helper.make_node("Loop", ["times", "true", "x"], ["y"], body=body)
    return model_of([loop], [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.FLOAT, ["n"])], constants)


def running_total() -> bytes:
    """total + x, whose outcome is the next run's total."""
    f32 = TensorProto.FLOAT
    node = helper.make_node("Add", ["total", "x"], ["new_total"])
    return model_of([node], [("x", f32, ["n"]), ("total", f32, ["n"])], [("new_total", f32, ["n"])])


@pytest.fixture(scope="session")
def seven() -> np.ndarray:
    """The picture of a seven."""
    text = (ROOT / "examples/digits/seven.pgm").read_bytes()
    pixels = np.frombuffer(text[-28 * 28 :], np.uint8)
    return (pixels.reshape(1, 1, 28, 28) / 255).astype(np.float32)
