"""Makes tests/scenarios: REPOSITORY. What every binding must answer, as ONNX Runtime, or ONNX's own evaluator, answers it.

Each scenario is a JSON file: a model, and steps of inputs with the outputs or the error that they must give. The models that are not
examples are made here, too. tests/scenarios/README.md says what the fields mean.
"""

import base64
import json
import pathlib
import re
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image

HALF = {"relative": 2e-3, "absolute": 1e-3}
SINGLE = {"relative": 1e-4, "absolute": 1e-6}
DOUBLE = {"relative": 1e-12, "absolute": 1e-12}
EXACT = {"relative": 0.0, "absolute": 0.0}
OPSET = 21


def main(repository):
    out = repository / "tests/scenarios"
    (out / "models").mkdir(exist_ok=True)
    for old in [*out.glob("*.json"), *(out / "models").glob("*.onnx")]:
        old.unlink()
    scenarios = {
        **digits(repository),
        **types(out),
        **shapes(out),
        **sessions(out),
        **networks(out),
        **errors(out),
    }
    for name, scenario in scenarios.items():
        (out / f"{name}.json").write_text(laid_out(scenario) + "\n")


def laid_out(scenario):
    """JSON with a line for each tensor."""
    text = json.dumps(scenario, indent=1, ensure_ascii=False)
    flat = lambda match: re.sub(r"\s*\n\s*", " ", match[0]).replace("[ ", "[").replace(" ]", "]").replace("{ ", "{").replace(" }", "}")
    text = re.sub(r"\[[^\[\]{}]*\]", flat, text)
    return re.sub(r"\{[^{}]*\}", flat, text)


# Scenarios, by what they are about


def digits(repository):
    path = "examples/digits/digits.onnx"
    session = onnxruntime.InferenceSession(repository / path)
    image = {name: picture(repository / f"examples/digits/{name}.png") for name in ["seven", "three", "eight"]}
    batch = np.concatenate(list(image.values()))
    answer = lambda pixels: answered(session, {"image": pixels})
    return {
        "digits": scenario("A picture of a seven is a seven.", path, [step({"image": image["seven"]}, answer(image["seven"]))]),
        "digits_batch": scenario(
            "Sizes of inputs change between runs: three pictures, one, two.",
            path,
            [step({"image": x}, answer(x)) for x in [batch, image["three"], batch[1:]]],
        ),
        "digits_threads": scenario(
            "Two threads give what one gives.", path, [step({"image": batch}, answer(batch))], threads=2
        ),
    }


def picture(path):
    pixels = np.asarray(Image.open(path).convert("L").resize((28, 28)), np.float32) / np.float32(255)
    return pixels[None, None]


def types(out):
    """Every element type that languages have names for goes in and comes out."""
    rng = np.random.default_rng(7)
    scenarios = {}
    integers = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    for name in integers:
        limits = np.iinfo(name)
        x = rng.integers(limits.min // 2, limits.max // 2, (2, 3), name)
        y = rng.integers(limits.min // 2, limits.max // 2, (2, 3), name)
        scenarios[f"type_{name}"] = pair(out, name, x, y, EXACT)
    for name, tolerance in {"float16": HALF, "float32": EXACT, "float64": EXACT}.items():
        x, y = rng.standard_normal((2, 2, 3)).astype(name)
        scenarios[f"type_{name}"] = pair(out, name, x, y, tolerance)
    x, y = rng.integers(0, 2, (2, 2, 3)).astype(bool)
    scenarios["type_bool"] = pair(out, "bool", x, y, EXACT, "And")
    x, y = np.array([["", "naïve", "鳥"], ["a b", "null", "x"]], object), np.array(["1", "2", "3"], object)
    scenarios["type_string"] = pair(out, "string", x, y, EXACT, "StringConcat")
    x, y = rng.standard_normal((2, 2, 3)).astype(onnx.helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16))
    scenarios["type_bfloat16"] = pair(out, "bfloat16", x, y, {"relative": 1e-2, "absolute": 1e-2})
    return scenarios


def pair(out, name, x, y, tolerance, operator="Add"):
    kind = TensorProto.DataType.Value({"float32": "FLOAT", "float64": "DOUBLE"}.get(name, name.upper()))
    nodes = [helper.make_node(operator, ["x", "y"], ["z"])]
    path = save(out, f"{operator.lower()}_{name}", nodes, {"x": (kind, ["n", 3]), "y": (kind, None)}, {"z": (kind, ["n", 3])})
    return scenario(f"Tensors of {name} go in and come out.", path, [step({"x": x, "y": y}, reference(out, path, x=x, y=y), tolerance)])


def shapes(out):
    nodes = [helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0), helper.make_node("Shape", ["x"], ["shape"])]
    any_shape = {"x": (TensorProto.FLOAT, None)}
    path = save(out, "sum_and_shape", nodes, any_shape, {"sum": (TensorProto.FLOAT, []), "shape": (TensorProto.INT64, [None])})
    inputs = [np.float32(3.5).reshape(()), np.zeros((0, 4), np.float32), np.arange(120, dtype=np.float32).reshape(1, 2, 3, 4, 5)]
    return {
        "ranks": scenario(
            "A scalar, an empty tensor and one of rank five; two outputs of other types and ranks.",
            path,
            [step({"x": x}, reference(out, path, x=x), SINGLE) for x in inputs],
        )
    }


def sessions(out):
    nodes = [
        helper.make_node("Add", ["x", "total"], ["new_total"]),
        helper.make_node("Sub", ["new_total", "x"], ["before"]),
    ]
    values = {name: (TensorProto.FLOAT, [3]) for name in ["x", "total", "new_total", "before"]}
    path = save(
        out, "running_total", nodes, {"x": values["x"], "total": values["total"]}, {"before": values["before"], "new_total": values["new_total"]}
    )
    x = np.array([[1, 2, 3], [10, 20, 30], [-1, 0.5, 4]], np.float32)
    total, steps = np.zeros(3, np.float32), []
    for i, row in enumerate(x):
        outputs = reference(out, path, x=row, total=total)
        steps.append(step({"x": row, "total": total} if i == 0 else {"x": row}, outputs))
        total = outputs["new_total"]
    return {
        "session_state": scenario(
            "A session hands an output on as the next run's input.", path, steps, session=True, states=[["total", "new_total"]]
        )
    }


def networks(out):
    rng = np.random.default_rng(11)
    normal = lambda *shape: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
    width, heads = 32, 4
    weights = {"qkv": normal(width, 3 * width), "out": normal(width, width), "scale": np.ones(width, np.float32) + normal(width)}
    weights |= {"up": normal(width, 64), "down": normal(64, width), "split": np.array([0, -1, 3, heads, width // heads], np.int64)}
    weights |= {"joined": np.array([0, -1, width], np.int64)}
    node = helper.make_node
    block = [
        node("LayerNormalization", ["x", "scale"], ["normal"]),
        node("MatMul", ["normal", "qkv"], ["parts"]),
        node("Reshape", ["parts", "split"], ["five"]),
        node("Split", ["five"], ["q", "k", "v"], axis=2, num_outputs=3),
        *[node("Squeeze", [part, "two"], [f"{part}4"]) for part in "qkv"],
        node("Transpose", ["q4"], ["qt"], perm=[0, 2, 1, 3]),
        node("Transpose", ["k4"], ["kt"], perm=[0, 2, 3, 1]),
        node("Transpose", ["v4"], ["vt"], perm=[0, 2, 1, 3]),
        node("MatMul", ["qt", "kt"], ["scores"]),
        node("Softmax", ["scores"], ["shares"]),
        node("MatMul", ["shares", "vt"], ["mixed"]),
        node("Transpose", ["mixed"], ["back"], perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "joined"], ["flat"]),
        node("MatMul", ["flat", "out"], ["projected"]),
        node("Add", ["x", "projected"], ["once"]),
        node("MatMul", ["once", "up"], ["wide"]),
        node("Gelu", ["wide"], ["gelu"]),
        node("MatMul", ["gelu", "down"], ["narrow"]),
        node("Add", ["once", "narrow"], ["y"]),
    ]
    weights["two"] = np.array([2], np.int64)
    hidden = (TensorProto.FLOAT, ["b", "t", width])
    transformer = save(out, "transformer_block", block, {"x": hidden}, {"y": hidden}, weights)
    xs = [rng.standard_normal((b, t, width)).astype(np.float32) for b, t in [(1, 5), (2, 17)]]

    filters, bias = normal(8, 3, 3, 3) / 3, normal(8)
    convolution = [
        node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
        node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
        node("DequantizeLinear", ["wq", "sw", "zw"], ["wd"]),
        node("Conv", ["xd", "wd", "bias"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", ["y"], ["positive"]),
        node("QuantizeLinear", ["positive", "sy", "zy"], ["q"]),
    ]
    step_of_weights = np.float32(np.abs(filters).max() / 127)
    quantized = {"sx": np.float32(0.03), "zx": np.uint8(128), "sw": step_of_weights, "zw": np.int8(0), "sy": np.float32(0.02)}
    quantized |= {"zy": np.uint8(0), "wq": np.round(filters / step_of_weights).astype(np.int8), "bias": bias}
    int8 = save(
        out, "quantized_convolution", convolution, {"x": (TensorProto.FLOAT, [1, 3, "h", "w"])}, {"q": (TensorProto.UINT8, None)}, quantized
    )
    image = rng.standard_normal((1, 3, 15, 18)).astype(np.float32)

    body = helper.make_graph(
        [node("Mul", ["value", "x"], ["next"]), node("Identity", ["go"], ["go_on"])],
        "body",
        [tensor("i", (TensorProto.INT64, [])), tensor("go", (TensorProto.BOOL, [])), tensor("value", (TensorProto.FLOAT, [2]))],
        [tensor("go_on", (TensorProto.BOOL, [])), tensor("next", (TensorProto.FLOAT, [2]))],
    )
    constants = {"yes": np.array(True), "one": np.ones(2, np.float32)}
    loop = save(
        out,
        "power",
        [node("Loop", ["n", "yes", "one"], ["power"], body=body)],
        {"x": (TensorProto.FLOAT, [2]), "n": (TensorProto.INT64, [])},
        {"power": (TensorProto.FLOAT, [2])},
        constants,
    )
    x = np.array([2, -0.5], np.float32)
    return {
        "transformer": scenario(
            "A block of a transformer, for two lengths of text.", transformer, [step({"x": x}, reference(out, transformer, x=x)) for x in xs]
        ),
        "quantized": scenario(
            "A convolution of 8-bit integers.", int8, [step({"x": image}, reference(out, int8, x=image), {"relative": 0.0, "absolute": 1.0})]
        ),
        "loop": scenario(
            "A loop whose length is an input.",
            loop,
            [step({"x": x, "n": np.int64(n)}, reference(out, loop, x=x, n=np.int64(n))) for n in [0, 1, 5]],
        ),
    }


def errors(out):
    digits_path, pixels = "examples/digits/digits.onnx", np.zeros((1, 1, 28, 28), np.float32)
    save(out, "unknown_operator", [helper.make_node("Levitate", ["x"], ["y"], domain="lift")], *[{n: (TensorProto.FLOAT, [1])} for n in "xy"])
    whole = (out / "models/transformer_block.onnx").read_bytes()
    (out / "models/cut_short.onnx").write_bytes(whole[: len(whole) // 2])
    refused = lambda about, inputs, kind, *words: scenario(
        about, digits_path, [{"inputs": encoded(inputs), "error": {"kind": kind, "mentions": list(words)}}]
    )
    broken = lambda about, path, kind: {"about": about, "model": path, "session": False, "load_error": {"kind": kind}}
    return {
        "error_shape": refused("A picture of another size is refused.", {"image": pixels[..., :27]}, "shape", "image", "28"),
        "error_dtype": refused("Pixels of another type are refused.", {"image": pixels.astype(np.float64)}, "dtype", "image", "float64"),
        "error_missing": refused("A run without its input is refused.", {}, "input", "image"),
        "error_unknown": refused("An input that the model has not is refused.", {"image": pixels, "imgae": pixels}, "not-found", "imgae"),
        "error_cut_short": broken("A file that ends too early is refused.", "tests/scenarios/models/cut_short.onnx", "format"),
        "error_no_file": broken("A file that is not there is refused.", "tests/scenarios/models/nowhere.onnx", "not-found"),
        "error_operator": broken("A model of an unknown operator is refused.", "tests/scenarios/models/unknown_operator.onnx", "unsupported"),
    }


# Making scenarios


def scenario(about, model, steps, session=False, **more):
    return {"about": about, "model": model, "session": session, **more, "steps": steps}


def step(inputs, outputs, tolerance=SINGLE):
    return {"inputs": encoded(inputs), "outputs": encoded(outputs), **tolerance}


def encoded(values):
    return {name: encode(np.asarray(value)) for name, value in values.items()}


def encode(value):
    if value.dtype.kind in "OUT":
        return {"dtype": "string", "shape": list(value.shape), "strings": [str(text) for text in value.reshape(-1)]}
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}


def reference(out, path, **inputs):
    """What ONNX Runtime answers; for types that its Python side cannot be given, what ONNX's own evaluator answers."""
    model = out.parent.parent / path
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    if any(value.dtype.name == "bfloat16" for value in inputs.values()):
        evaluator = ReferenceEvaluator(str(model))
        return dict(zip(evaluator.output_names, evaluator.run(None, inputs)))
    return answered(onnxruntime.InferenceSession(model), inputs)


def answered(session, inputs):
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def tensor(name, kind_and_shape):
    return helper.make_tensor_value_info(name, *kind_and_shape)


def save(out, name, nodes, inputs, outputs, weights={}):
    graph = helper.make_graph(
        nodes,
        name,
        [tensor(*item) for item in inputs.items()],
        [tensor(*item) for item in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items()],
    )
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid("lift", 1)]
    model = helper.make_model(graph, opset_imports=imports[: 2 if name == "unknown_operator" else 1], ir_version=10)
    path = out / "models" / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    return f"tests/scenarios/models/{name}.onnx"


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
