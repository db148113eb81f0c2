"""Writes models of one operator of ONNX Runtime each, and what it answers: python make.py (needs onnx, onnxruntime).

Beside each NAME.onnx, cases.txt has its inputs and the outputs of ONNX Runtime on CPU.
"""
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(7)
LINES = []


def floats(*shape, scale=1.0):
    return np.round(RANDOM.standard_normal(shape) * scale, 2).astype(np.float32)


def ints(values, dtype=np.int32):
    return np.array(values, dtype)


def show(kind, name, array):
    sizes = ",".join(map(str, array.shape)) or "-"
    elements = " ".join(f"{x:.9g}" if array.dtype == np.float32 else str(int(x)) for x in array.ravel())
    LINES.append(f"  {kind} {name} {array.dtype} {sizes} {elements}")


def single(op, inputs, outputs, attributes):
    inputs = [(f"i{i}", x) for i, x in enumerate(inputs)]
    given = [(n, x) for n, x in inputs if x is not None]
    node = helper.make_node(
        op, [n if x is not None else "" for n, x in inputs], outputs, domain="com.microsoft", **attributes
    )
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in given]
    kinds = {"counts": TensorProto.INT32}
    results = [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in outputs if n]
    graph = helper.make_graph([node], op, infos, results)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), given


def case(name, op, inputs, outputs, same_as=None, **attributes):
    """same_as: other inputs of the same answer, where ONNX Runtime takes none of these on CPU."""
    model, given = single(op, inputs, outputs, attributes)
    asked, asked_given = (model, given) if same_as is None else single(op, same_as, outputs, attributes)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [n for n in outputs if n]
    answers = session.run(names, dict(asked_given))
    onnx.save(model, HERE / f"{name}.onnx")
    LINES.append(name)
    for n, x in given:
        show("in", n, x)
    for n, x in zip(names, answers):
        assert np.isfinite(x).all(), (name, n)
        show("out", n, x)


def skip_norms():
    x, skip, gamma, beta, bias = floats(2, 2, 4), floats(2, 2, 4), floats(4), floats(4), floats(4)
    case("skip_layer_norm", "SkipLayerNormalization", [x, skip, gamma, beta, bias], ["y", "", "", "sum"], epsilon=1e-3)
    case("skip_layer_norm_plain", "SkipLayerNormalization", [x, skip, gamma], ["y"])
    case("skip_layer_norm_shared_skip", "SkipLayerNormalization", [x, floats(2, 4), gamma, beta], ["y"])
    op = "SkipSimplifiedLayerNormalization"
    case("skip_rms_norm", op, [x, skip, gamma, bias], ["y", "", "", "sum"], epsilon=1e-3)
    case("skip_rms_norm_plain", op, [x, skip, gamma], ["y"])
    ids, segments, mask = ints([[1, 3, 0], [2, 2, 4]]), ints([[0, 1, 1], [0, 0, 1]]), ints([[1, 1, 0], [1, 1, 1]])
    words, places, kinds = floats(5, 4), floats(6, 4), floats(2, 4)
    op = "EmbedLayerNormalization"
    inputs = [ids, segments, words, places, kinds, gamma, beta, mask]
    case("embed_layer_norm", op, inputs, ["y", "counts", "sum"], epsilon=1e-3)
    at = ints([[2, 0, 5], [1, 1, 3]])
    case("embed_layer_norm_positions", op, [ids, None, words, places, None, gamma, beta, None, at], ["y", "counts"])


def multi_head():
    def attend(name, inputs, outputs=("y",), **attributes):
        case(f"multi_head_{name}", "MultiHeadAttention", inputs, list(outputs), num_heads=2, **attributes)

    q, k, v = floats(2, 3, 8), floats(2, 4, 8), floats(2, 4, 6)
    attend("plain", [q, k, v])
    attend("scale", [q, k, v], scale=0.7)
    attend("bias", [q, k, v, floats(22)])
    attend("mask", [q, k, v, None, ints([[1, 1, 0, 1], [0, 1, 1, 0]])])
    attend("mask_nothing_left", [q, k, v, None, ints([[0, 0, 0, 0], [0, 1, 1, 0]])], mask_filter_value=-5.0)
    attend("lengths", [q, k, v, None, ints([3, 2])])
    attend("attention_bias", [q, k, v, None, ints([[1, 1, 0, 1], [1, 1, 1, 1]]), floats(1, 2, 3, 4)])
    k, v = floats(2, 3, 8), floats(2, 3, 8)
    attend("causal", [q, k, v], unidirectional=1)
    past = [floats(2, 2, 2, 4), floats(2, 2, 2, 4)]
    attend("past", [q, k, v, floats(24), None, None, *past], ["y", "pk", "pv"], unidirectional=1)
    attend("past_mask", [q, k, v, None, ints([[1, 0, 1, 1, 1], [1] * 5]), None, *past], ["y", "pk", "pv"])
    pairs, triples = floats(2, 5, 2, 2, 4), floats(2, 3, 2, 3, 4)
    apart = [pairs[:, :, :, i].reshape(2, 5, 8) for i in range(2)]
    attend("packed_pairs", [q, pairs], same_as=[q, *apart])
    attend("packed", [triples, None, None], same_as=[triples[:, :, :, i].reshape(2, 3, 8) for i in range(3)])
    attend("heads_apart", [q, floats(2, 2, 5, 4), floats(2, 2, 5, 4), floats(24)])


def projected():
    def attend(name, inputs, outputs=("y",), **attributes):
        case(f"attention_{name}", "Attention", inputs, list(outputs), num_heads=2, **attributes)

    x, w, bias = floats(2, 3, 5), floats(5, 24, scale=0.5), floats(24)
    past = floats(2, 2, 2, 2, 4)
    attend("plain", [x, w, bias])
    attend("present", [x, w, bias], ["y", "present"])
    attend("causal", [x, w, bias], unidirectional=1)
    attend("mask", [x, w, bias, ints([[1, 1, 0], [0, 1, 1]])])
    attend("mask_of_pairs", [x, w, bias, ints(RANDOM.integers(0, 2, (2, 3, 3)))])
    attend("lengths", [x, w, bias, ints([2, 3])])
    attend("ends_and_starts", [x, w, bias, ints([3, 2, 1, 0])])
    attend("past", [x, w, bias, None, past], ["y", "present"], unidirectional=1)
    attend("past_mask", [x, w, bias, ints([[1, 0, 1, 1, 1], [1] * 5]), past], ["y", "present"])
    attend("sizes", [x, floats(5, 22), floats(22)], qkv_hidden_sizes=[8, 8, 6], scale=0.3)
    attend("attention_bias", [x, w, bias, None, None, floats(2, 2, 3, 3)])

    def quantized(name, inputs, outputs=("y",), **attributes):
        case(f"qattention_{name}", "QAttention", inputs, list(outputs), num_heads=2, **attributes)

    x = RANDOM.integers(0, 256, (2, 3, 5)).astype(np.uint8)
    w = RANDOM.integers(-128, 128, (5, 24)).astype(np.int8)
    scales = [np.array(0.02, np.float32), np.array(0.01, np.float32)]
    zeros = [np.array(120, np.uint8), np.array(3, np.int8)]
    quantized("plain", [x, w, bias, *scales])
    quantized("zeros", [x, w, bias, *scales, ints([2, 3]), *zeros], unidirectional=1)
    quantized("past", [x, w, bias, *scales, None, *zeros, past], ["y", "present"], unidirectional=1)


def grouped():
    def attend(name, inputs, outputs=("y", "pk", "pv"), **attributes):
        attributes = {"num_heads": 4, "kv_num_heads": 2} | attributes
        case(f"grouped_{name}", "GroupQueryAttention", inputs, list(outputs), **attributes)

    d = 16
    q, k, v = floats(2, 3, 4 * d), floats(2, 3, 2 * d), floats(2, 3, 2 * d)
    none = [None, None]
    first = [ints([2, 2]), ints([3])]
    attend("prompt", [q, k, v, *none, *first])
    attend("window", [q, k, v, *none, *first], local_window_size=1)
    attend("softcap", [q, k, v, *none, *first], softcap=2.0, scale=0.4)
    attend("smooth", [q, k, v, *none, *first], smooth_softmax=1)
    angles = np.outer(np.arange(8), 0.5 ** np.arange(d // 2))
    table = [np.cos(angles).astype(np.float32).round(4), np.sin(angles).astype(np.float32).round(4)]
    attend("rotary", [q, k, v, *none, *first, *table], do_rotary=1)
    packed = floats(1, 2, 8 * d)
    start = [ints([1]), ints([2])]
    attend("packed", [packed, *none, *none, *start, *table], do_rotary=1, rotary_interleaved=1)
    bias = floats(1, 4, 3, 3)
    attend("bias", [q, k, v, *none, *first, *none, None, bias])
    attend("sink", [q, k, v, *none, *first, *none, None, None, floats(4)])
    q, k, v = floats(2, 1, 4 * d), floats(2, 1, 2 * d), floats(2, 1, 2 * d)
    past = [floats(2, 2, 4, d), floats(2, 2, 4, d)]
    attend("step", [q, k, v, *past, ints([4, 2]), ints([5]), *table], do_rotary=1)
    attend("step_window", [q, k, v, *past, ints([4, 4]), ints([5])], local_window_size=2)
    q, k, v = floats(1, 2, 4 * d), floats(1, 2, 2 * d), floats(1, 2, 2 * d)
    past = [floats(1, 2, 3, d), floats(1, 2, 3, d)]
    attend("several_steps", [q, k, v, *past, ints([4]), ints([5]), *table], do_rotary=1)


def rotary():
    table = [floats(8, 4), floats(8, 4)]
    x, apart = floats(2, 3, 16), floats(2, 2, 3, 8)
    at = ints([[0, 2, 4], [7, 1, 1]], np.int64)
    case("rotary_joined", "RotaryEmbedding", [x, at, *table], ["y"])
    case("rotary_from", "RotaryEmbedding", [x, ints([2], np.int64), *table], ["y"], interleaved=1)
    case("rotary_apart", "RotaryEmbedding", [apart, at, *table], ["y"])
    part = [floats(8, 2), floats(8, 2)]
    attributes = {"num_heads": 2, "rotary_embedding_dim": 4}
    case("rotary_part", "RotaryEmbedding", [x, at, *part], ["y"], **attributes)
    case("rotary_part_interleaved", "RotaryEmbedding", [x, at, *part], ["y"], interleaved=1, **attributes)


for make in [skip_norms, multi_head, projected, grouped, rotary]:
    make()
(HERE / "cases.txt").write_text("\n".join(LINES) + "\n")
