"""Reference outputs with ONNX Runtime: golden.py CACHE TABLE [NAME_PART ..]

CACHE/goldens/MODEL/CASE/ holds inputs.npz and outputs.npz for people and the command line, and the same values as
input_I.pb and output_I.pb, the layout of ONNX's tests; goldens/index.json lists all cases for the checks.
In the archives a sequence is NAME.0, NAME.1, ..; a map NAME.keys and NAME.values.

Also measured: how far ONNX Runtime is from itself with its optimizer switched off. Ten times that, clamped
to 1e-6..1e-4, is the tolerance that belongs into the table.
"""

import json
import pathlib
import shutil
import sys
import time
import tomllib
import warnings

import numpy as np
import onnxruntime as ort
from onnx import MapProto, SequenceProto, TensorProto, numpy_helper

import classical
import inputs
import onnx_tests


def main() -> None:
    warnings.simplefilter("ignore")
    ort.set_default_logger_severity(3)
    cache, parts = pathlib.Path(sys.argv[1]), sys.argv[3:]
    table = tomllib.loads(pathlib.Path(sys.argv[2]).read_text())
    names = {model["name"]: model for model in table["model"]}
    names |= {name: table["classical"] | {"name": name, "cases": None} for name in classical.NAMES}
    out = cache / "goldens"
    out.mkdir(parents=True, exist_ok=True)
    index_path = out / "index.json"
    known = json.loads(index_path.read_text())["cases"] if index_path.exists() else []
    cases = {name: [case for case in known if case["model"] == name] for name in names}
    for name, model in names.items():
        if parts and not any(part in name for part in parts):
            continue
        try:
            cases[name] = reference(model, names, cache, out)
        except Exception as error:
            sys.exit(f"{name}: {type(error).__name__}: {error}")
    listed = [case for name in sorted(cases) for case in cases[name]]
    index_path.write_text(json.dumps({"onnxruntime": ort.__version__, "cases": listed}, indent=1))
    print(f"{len(listed)} goldens of {len(cases)} models in {out}")


def reference(model: dict, names: dict, cache: pathlib.Path, out: pathlib.Path) -> list[dict]:
    """The goldens of one model; made again only if the model or the table changed."""
    name = model["name"]
    path = cache / "models" / f"{name}.onnx"
    base = model if "cases" in model else names[model["base"]]
    key = json.dumps([model, base, path.stat().st_mtime_ns, ort.__version__, pathlib.Path(__file__).stat().st_size])
    stamp = out / name / "stamp.json"
    if stamp.exists():
        done = json.loads(stamp.read_text())
        if done["key"] == key:
            return done["cases"]
    start = time.time()
    shutil.rmtree(out / name, ignore_errors=True)
    default = session(path, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
    plain = session(path, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    cases, noise, cosine = [], 0.0, 1.0
    for number, feeds in enumerate(all_feeds(base, cache)):
        outputs, others = default.run(None, feeds), plain.run(None, feeds)
        noise = max([noise, *(relative(a, b) for a, b in zip(outputs, others))])
        cosine = min([cosine, *(alike(a, b) for a, b in zip(outputs, others))])
        store(out / name / str(number), default, feeds, outputs)
        cases.append(
            {
                "model": name,
                "path": f"models/{name}.onnx",
                "dir": f"goldens/{name}/{number}",
                "compare": model.get("compare", "float"),
                "tolerance": model.get("tolerance"),
                "inputs": [signature(i, feeds[i.name]) for i in default.get_inputs()],
                "outputs": [signature(o, v) for o, v in zip(default.get_outputs(), outputs)],
            }
        )
    advice = f", cosine {cosine:.6f}"
    if model.get("compare", "float") == "float":
        wanted = min(1e-4, max(1e-6, 10 * noise))
        if model["tolerance"] < wanted / 2:
            advice += f"  the table's {model['tolerance']:.0e} is less than ten times the noise, {wanted:.0e}"
    print(f"  {name}: {len(cases)} cases, noise {noise:.1e}{advice}  {time.time() - start:.1f} s", flush=True)
    stamp.write_text(json.dumps({"key": key, "noise": noise, "cases": cases}))
    return cases


def all_feeds(base: dict, cache: pathlib.Path):
    if base["cases"] is None:
        yield dict(np.load(cache / "models" / f"{base['name']}.inputs.npz"))
        return
    for case in range(len(base["cases"])):
        yield inputs.feeds(base, case)


def session(path: pathlib.Path, level) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def signature(info, value) -> dict:
    kind = "tensor" if isinstance(value, np.ndarray) else "map" if isinstance(value, dict) else "sequence"
    return {"name": info.name, "kind": kind, "dtype": info.type}


def relative(a, b) -> float:
    """max|a - b| / max|b|, over everything inside a sequence or map."""
    if isinstance(a, (list, tuple)):
        return max([0.0, *(relative(x, y) for x, y in zip(a, b))])
    if isinstance(a, dict):
        return relative(np.array(list(a.values())), np.array(list(b.values())))
    if a.dtype.kind not in "f" or a.size == 0:
        return 0.0
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.nanmax(np.abs(b))
    return float(np.nanmax(np.abs(a - b)) / scale) if scale else float(np.nanmax(np.abs(a - b)))


def alike(a, b) -> float:
    """The cosine of two float tensors."""
    if not isinstance(a, np.ndarray) or a.dtype.kind != "f":
        return 1.0
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 1.0


def store(folder: pathlib.Path, run, feeds: dict, outputs: list) -> None:
    folder.mkdir(parents=True)
    results = {info.name: value for info, value in zip(run.get_outputs(), outputs)}
    np.savez(folder / "inputs.npz", **feeds)
    np.savez(folder / "outputs.npz", **{k: v for name, value in results.items() for k, v in flat(name, value)})
    ordered = [(info.name, feeds[info.name]) for info in run.get_inputs()]
    for prefix, values in (("input", ordered), ("output", results.items())):
        for i, (name, value) in enumerate(values):
            (folder / f"{prefix}_{i}.pb").write_bytes(encode(name, value))


def encode(name: str, value) -> bytes:
    if isinstance(value, np.ndarray):
        value = value.astype(object) if value.dtype.kind == "U" else value
        return onnx_tests.encode(value, name, "tensor")
    if isinstance(value, dict):
        return map_proto(name, value).SerializeToString()
    if value and isinstance(value[0], dict):
        maps = [map_proto("", item) for item in value]
        return SequenceProto(name=name, elem_type=SequenceProto.MAP, map_values=maps).SerializeToString()
    return onnx_tests.encode(value, name, "sequence")


def map_proto(name: str, value: dict) -> MapProto:
    """From strings or integers to floats or integers (onnx's own helper takes no strings)."""
    keys, values = list(value), np.array(list(value.values()))
    values = values.astype(np.float32) if values.dtype.kind == "f" else values
    each = [numpy_helper.from_array(np.array(value)) for value in values]
    held = SequenceProto(elem_type=SequenceProto.TENSOR, tensor_values=each)
    if keys and isinstance(keys[0], str):
        strings = [key.encode() for key in keys]
        return MapProto(name=name, key_type=TensorProto.STRING, string_keys=strings, values=held)
    return MapProto(name=name, key_type=TensorProto.INT64, keys=keys, values=held)


def flat(name: str, value):
    if isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from flat(f"{name}.{i}", item)
    elif isinstance(value, dict):
        yield f"{name}.keys", np.array(list(value))
        yield f"{name}.values", np.array(list(value.values()), np.float32)
    else:
        yield name, value.astype(str) if value.dtype == object else value


if __name__ == "__main__":
    main()
