"""Write ONNX's own backend tests as files: onnx_tests.py OUT_DIR

OUT_DIR/SUITE/NAME/model.onnx and test_data_set_K/{input,output}_I.pb, the layout of the tests that the
onnx wheel ships; OUT_DIR/index.json says the rest (see README, which this script writes too). Suites: node
(collected in Python, since the wheel holds no files of them), simple, pytorch-converted, pytorch-operator, light.
"""

import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx import ModelProto, SequenceProto, TensorProto, TypeProto, numpy_helper
from onnx.backend.test.case import node as node_cases
from onnx.backend.test.loader import DATA_DIR

README = """ONNX's backend tests, written by `cargo xtask conformance`.

SUITE/NAME/model.onnx
SUITE/NAME/test_data_set_K/input_I.pb     the I-th graph input that is not an initializer
SUITE/NAME/test_data_set_K/output_I.pb    the I-th graph output
index.json                                {"onnx": version, "cases": [case, ..]}

A case: suite, name, dir (relative to this folder), op (the operator under test), domain, expanded (the function body
instead of the operator), opset, data_sets (how many), rtol, atol, random (null, "bernoulli" or "dropout": outputs are drawn,
compare shape and type), locale (the model asks for a locale that the host may lack), float32 (all values are
float32, int32, int64 or bool), inputs and outputs: {"name", "kind", "dtype"} per file.
kind is the message in the file: "tensor" (TensorProto), "sequence" (SequenceProto), "optional" (OptionalProto), "map" (MapProto).
dtype is the name of the innermost TensorProto.DataType.
"""

RTOL, ATOL = 1e-3, 1e-7


def kind_of(type_proto: TypeProto) -> str:
    return type_proto.WhichOneof("value").removesuffix("_type")


def dtype_of(type_proto: TypeProto) -> str:
    match type_proto.WhichOneof("value"):
        case "tensor_type":
            return TensorProto.DataType.Name(type_proto.tensor_type.elem_type)
        case "sequence_type":
            return dtype_of(type_proto.sequence_type.elem_type)
        case "optional_type":
            return dtype_of(type_proto.optional_type.elem_type)
        case "map_type":
            return dtype_of(type_proto.map_type.value_type)
        case "sparse_tensor_type":
            return TensorProto.DataType.Name(type_proto.sparse_tensor_type.elem_type)
    raise ValueError(f"no type in {type_proto}")


def encode(value, name: str, kind: str) -> bytes:
    match kind:
        case "sequence":
            proto = numpy_helper.from_list(value, name)
            # from_list leaves the element type open for an empty list.
            if not value:
                proto.elem_type = SequenceProto.TENSOR
        case "optional":
            proto = numpy_helper.from_optional(value, name)
        case "map":
            proto = numpy_helper.from_dict(value, name)
        case _ if isinstance(value, TensorProto):
            proto = value
        case _:
            proto = numpy_helper.from_array(np.asarray(value), name)
    return proto.SerializeToString()


def write_data_set(folder: pathlib.Path, model: ModelProto, inputs, outputs) -> None:
    folder.mkdir(parents=True)
    for prefix, values, infos in (("input", inputs, fed(model)), ("output", outputs, model.graph.output)):
        for i, (value, info) in enumerate(zip(values, infos, strict=True)):
            (folder / f"{prefix}_{i}.pb").write_bytes(encode(value, info.name, kind_of(info.type)))


def fed(model: ModelProto) -> list:
    """The graph inputs that a caller gives."""
    constants = {i.name for i in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in constants]


def nodes_of(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from nodes_of(inner)


def randomness(model: ModelProto, inputs) -> str | None:
    """Which drawn distribution, if any, decides the outputs."""
    for node in nodes_of(model.graph):
        if node.op_type in ("Bernoulli", "RandomUniformLike"):
            return "bernoulli"
        if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
            values = dict(zip([i.name for i in fed(model)], inputs))
            ratio, training = values.get(node.input[1], 0.5), values.get(node.input[2], True)
            if np.any(training) and np.any(np.asarray(ratio) > 0):
                return "dropout"
    return None


def describe(suite: str, name: str, model: ModelProto, op: tuple[str, str], **more) -> dict:
    infos = lambda values: [
        {"name": v.name, "kind": kind_of(v.type), "dtype": dtype_of(v.type)} for v in values
    ]
    inputs, outputs = infos(fed(model)), infos(model.graph.output)
    types = {v["dtype"] for v in inputs + outputs}
    case = {
        "suite": suite,
        "name": name,
        "dir": f"{suite}/{name}",
        "op": op[0],
        "domain": op[1],
        "expanded": "_expanded" in name,
        "opset": {o.domain: o.version for o in model.opset_import},
        "data_sets": 1,
        "rtol": RTOL,
        "atol": ATOL,
        "random": None,
        "locale": any(n.op_type == "StringNormalizer" for n in nodes_of(model.graph)),
        "float32": types <= {"FLOAT", "INT32", "INT64", "BOOL"},
        "inputs": inputs,
        "outputs": outputs,
    }
    return case | more


def write_node(out: pathlib.Path) -> list[dict]:
    index = []
    for case in node_cases.collect_testcases():
        inputs, outputs = case.data_sets[0]
        folder = out / "node" / case.name
        write_data_set(folder / "test_data_set_0", case.model, inputs, outputs)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        tested = node_cases._existing_names[case.name.partition("_expanded")[0]]
        drawn = randomness(case.model, inputs)
        op = (tested.op_type, tested.domain)
        index.append(
            describe("node", case.name, case.model, op, rtol=case.rtol, atol=case.atol, random=drawn)
        )
    return index


def main_op(model: ModelProto) -> tuple[str, str]:
    """The operator a stored test is about: the one that is not there to prepare something."""
    plain = ("Constant", "Identity", "Cast", "Shape")
    ops = [(n.op_type, n.domain) for n in model.graph.node]
    return next((op for op in ops if op[0] not in plain), ops[0] if ops else ("Identity", ""))


def write_stored(out: pathlib.Path, suite: str) -> list[dict]:
    index = []
    for source in sorted((pathlib.Path(DATA_DIR) / suite).glob("test_*")):
        shutil.copytree(source, out / suite / source.name)
        model = onnx.load(source / "model.onnx")
        sets = len(list(source.glob("test_data_set_*")))
        index.append(describe(suite, source.name, model, main_op(model), data_sets=sets))
    return index


def write_light(out: pathlib.Path) -> list[dict]:
    """Whole networks with constant weights; the input is a ramp from 0 to 1, as in ONNX's own runner."""
    index = []
    data = pathlib.Path(DATA_DIR)
    for source in sorted((data / "real").glob("*/data.json")):
        about = json.loads(source.read_text())
        stem = pathlib.Path(about["url"]).stem
        model = onnx.load(data / "light" / f"{stem}.onnx")
        inputs = []
        for info in fed(model):
            shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
            count = int(np.prod(shape))
            inputs.append((np.arange(count).reshape(shape) / count).astype(np.float32))
        outputs = [
            onnx.load_tensor(data / "light" / f"{stem}_output_{i}.pb") for i in range(len(model.graph.output))
        ]
        folder = out / "light" / source.parent.name
        write_data_set(folder / "test_data_set_0", model, inputs, outputs)
        shutil.copy(data / "light" / f"{stem}.onnx", folder / "model.onnx")
        tolerance = {"rtol": about["rtol"], "atol": about["atol"]}
        index.append(describe("light", source.parent.name, model, ("network", ""), **tolerance))
    return index


def main() -> None:
    warnings.simplefilter("ignore")
    target = pathlib.Path(sys.argv[1])
    out = target.with_name(target.name + ".new")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    cases = write_node(out)
    for suite in ("simple", "pytorch-converted", "pytorch-operator"):
        cases += write_stored(out, suite)
    cases += write_light(out)
    (out / "README").write_text(README)
    (out / "index.json").write_text(json.dumps({"onnx": onnx.__version__, "cases": cases}, indent=1))
    shutil.rmtree(target, ignore_errors=True)
    out.rename(target)
    print(f"{len(cases)} tests in {target}")


if __name__ == "__main__":
    main()
