"""Writes the fuzzer's first model files: small graphs that between them hold every kind of field that the reader knows.

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 && venv/bin/python fuzz/seeds.py
"""

import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent / "corpus" / "onnx"
F, I64, U8, S, B, F16 = (
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.UINT8,
    TensorProto.STRING,
    TensorProto.BOOL,
    TensorProto.FLOAT16,
)
tensor = helper.make_tensor_value_info
node = helper.make_node


def save(name, nodes, inputs, outputs, initializers=(), functions=(), opsets=(("", 21),), sparse=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers, sparse_initializer=sparse)
    imports = [helper.make_opsetid(*opset) for opset in opsets]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10, functions=functions)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def floats(name, *shape):
    values = np.arange(1, 1 + np.prod(shape, dtype=int), dtype=np.float32) / 8
    return numpy_helper.from_array(values.reshape(shape), name)


def ints(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def simple(op, shape, *constants, n_outputs=1, dtype=F, out=F, **attributes):
    outputs = [f"y{i}" for i in range(n_outputs)]
    infos = [tensor(output, out, None) for output in outputs]
    names = ["x", *(constant.name for constant in constants)]
    graph_inputs = [tensor("x", dtype, shape)]
    nodes = [node(op, names, outputs, **attributes)]
    graph = helper.make_graph(nodes, op, graph_inputs, infos, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    (FOLDER / f"{op}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    simple("Conv", [1, 2, 5, 5], floats("w", 3, 2, 3, 3), floats("b", 3), pads=[1, 1, 1, 1], strides=[2, 1])
    simple("ConvTranspose", [1, 2, 3, 3], floats("w", 2, 1, 2, 2), strides=[2, 2])
    simple("MaxPool", [1, 1, 4, 4], kernel_shape=[2, 2], n_outputs=2)
    simple("Gemm", [2, 3], floats("w", 4, 3), floats("b", 4), transB=1, alpha=0.5)
    simple("MatMul", ["b", 2, 3], floats("w", 3, 2))
    simple("Softmax", [2, 3], axis=-1)
    simple("LayerNormalization", [2, 4], floats("g", 4), floats("b", 4))
    simple("Reshape", [2, 6], ints("shape", [0, -1, 3]))
    simple("Slice", [4, 4], ints("s", [0, -2]), ints("e", [3, 9]), ints("a", [0, 1]), ints("t", [2, 1]))
    simple("Gather", [4, 2], ints("i", [[0, -1]]), axis=0)
    simple("Pad", [2, 2], ints("p", [1, 0, 0, 1]), mode="reflect")
    simple("Resize", [1, 1, 2, 2], ints("roi", []), floats("scales", 4), mode="linear")
    simple("TopK", [5], ints("k", [2]), n_outputs=2)
    simple("Split", [6], ints("n", [2, 4]), n_outputs=2, axis=0)
    simple("ReduceMean", [2, 3], ints("axes", [1]), keepdims=0)
    simple("LSTM", [3, 1, 2], floats("w", 1, 8, 2), floats("r", 1, 8, 2), n_outputs=3, hidden_size=2)
    simple("Einsum", [2, 3], floats("w", 3, 2), equation="ij,jk->ik")
    simple("QuantizeLinear", [4], floats("s"), out=U8)
    simple("NonZero", [2, 2], out=I64)
    simple("StringNormalizer", [2], dtype=S, out=S, case_change_action="LOWER", stopwords=["a"])
    simple("RegexFullMatch", ["n"], dtype=S, out=B, pattern="a+b")
    simple("STFT", [1, 8, 1], ints("step", 2), floats("window", 4))
    simple("NonMaxSuppression", [1, 2, 4], floats("scores", 1, 1, 2), ints("n", [1]), out=I64)

    then = helper.make_graph([node("Neg", ["x"], ["t"])], "then", [], [tensor("t", F, [2])])
    other = helper.make_graph([node("Abs", ["x"], ["e"])], "else", [], [tensor("e", F, [2])])
    save(
        "if",
        [node("If", ["c"], ["y"], then_branch=then, else_branch=other)],
        [tensor("c", B, []), tensor("x", F, [2])],
        [tensor("y", F, [2])],
    )
    body = helper.make_graph(
        [node("Add", ["s", "e"], ["n"]), node("Identity", ["n"], ["o"])],
        "body",
        [tensor("s", F, []), tensor("e", F, [])],
        [tensor("n", F, []), tensor("o", F, [])],
    )
    save(
        "scan",
        [node("Scan", ["s", "x"], ["z", "y"], body=body, num_scan_inputs=1)],
        [tensor("s", F, []), tensor("x", F, [3])],
        [tensor("z", F, []), tensor("y", F, [3])],
    )
    twice = helper.make_function(
        "own", "Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 21)]
    )
    save(
        "function",
        [node("Twice", ["x"], ["y"], domain="own")],
        [tensor("x", F, [2])],
        [tensor("y", F, [2])],
        functions=[twice],
        opsets=(("", 21), ("own", 1)),
    )
    sparse = helper.make_sparse_tensor(floats("w", 2), ints("w_indices", [0, 3]), [4])
    save("sparse", [node("Add", ["x", "w"], ["y"])], [tensor("x", F, [4])], [tensor("y", F, [4])], sparse=[sparse])
    sequence = helper.make_tensor_sequence_value_info("q", F, None)
    nodes = [node("SplitToSequence", ["x"], ["q"], axis=0), node("ConcatFromSequence", ["q"], ["y"], axis=0)]
    save("sequence", nodes, [tensor("x", F, [3])], [tensor("y", F, None), sequence])
    trees = node(
        "TreeEnsembleRegressor",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_falsenodeids=[2, 0, 0],
        nodes_featureids=[0, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_nodeids=[0, 1, 2],
        nodes_treeids=[0, 0, 0],
        nodes_truenodeids=[1, 0, 0],
        nodes_values=[0.5, 0.0, 0.0],
        target_ids=[0, 0],
        target_nodeids=[1, 2],
        target_treeids=[0, 0],
        target_weights=[1.0, 2.0],
    )
    save("trees", [trees], [tensor("x", F, ["n", 1])], [tensor("y", F, ["n", 1])], opsets=(("", 21), ("ai.onnx.ml", 3)))
    typed = [
        helper.make_tensor("i4", TensorProto.INT4, [3], [1, -2, 3]),
        helper.make_tensor("f8", TensorProto.FLOAT8E4M3FN, [2], [1.0, 2.0]),
        helper.make_tensor("text", S, [2], [b"a", b"b"]),
        helper.make_tensor("half", F16, [2], [1.0, 2.0]),
        helper.make_tensor("c", TensorProto.COMPLEX64, [1], [1 + 2j]),
    ]
    nodes = [node("Cast", ["i4"], ["a"], to=F), node("Cast", ["f8"], ["b"], to=F), node("Cast", ["half"], ["d"], to=F)]
    outputs = [tensor("a", F, [3]), tensor("b", F, [2]), tensor("d", F, [2]), tensor("text", S, [2])]
    save("types", nodes, [], outputs, typed)


if __name__ == "__main__":
    main()
