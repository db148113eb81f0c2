"""Writes the small models that random calls of the C interface load: one for each kind of thing that goes in and out.

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 && venv/bin/python crates/c-api/tests/calls/make.py
"""

import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

FLOAT, INT64, STRING, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL
tensor = helper.make_tensor_value_info


def save(name, nodes, inputs, outputs, initializers=(), opsets=(("", 13),)):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    opset_imports = [helper.make_opsetid(*opset) for opset in opsets]
    model = helper.make_model(graph, opset_imports=opset_imports, ir_version=8, producer_name="dunlin")
    checker.check_model(model)
    folder = pathlib.Path(__file__).parent / "models"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


save(
    "add",
    [helper.make_node("Add", ["x", "w"], ["y"])],
    [tensor("x", FLOAT, ["n", 2])],
    [tensor("y", FLOAT, ["n", 2])],
    [numpy_helper.from_array(np.array([1, 2], np.float32), "w")],
)
save(
    "state",
    [helper.make_node("Add", ["x", "state"], ["out"]), helper.make_node("Identity", ["x"], ["y"])],
    [tensor("x", FLOAT, [2]), tensor("state", FLOAT, [2])],
    [tensor("out", FLOAT, [2]), tensor("y", FLOAT, [2])],
)
save(
    "strings",
    [helper.make_node("Concat", ["x", "x"], ["y"], axis=0)],
    [tensor("x", STRING, ["n"])],
    [tensor("y", STRING, ["m"])],
)
save(
    "sequence",
    [helper.make_node("SequenceConstruct", ["x", "x"], ["y"])],
    [tensor("x", INT64, ["n"])],
    [helper.make_tensor_sequence_value_info("y", INT64, ["n"])],
)
save(
    "maps",
    [helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[3, 5])],
    [tensor("x", FLOAT, ["n", 2])],
    [
        helper.make_value_info(
            "y",
            helper.make_sequence_type_proto(helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, []))),
        )
    ],
    opsets=(("", 13), ("ai.onnx.ml", 1)),
)
body = helper.make_graph(
    [
        helper.make_node("Identity", ["go"], ["still"]),
        helper.make_node("Add", ["sum", "x"], ["next"]),
    ],
    "body",
    [tensor("i", INT64, []), tensor("go", BOOL, []), tensor("sum", FLOAT, [2])],
    [tensor("still", BOOL, []), tensor("next", FLOAT, [2])],
)
save(
    "loop",
    [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)],
    [tensor("n", INT64, []), tensor("x", FLOAT, [2])],
    [tensor("y", FLOAT, [2])],
)
