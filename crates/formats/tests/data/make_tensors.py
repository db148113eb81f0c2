#!/usr/bin/env python3
"""Writes tensors.txt: stored tensors of every element type in every encoding, with what onnx and numpy read from them.

Run it anywhere; it makes its own virtual environment in a temporary folder.
Each line: name, message type, the message in hexadecimal, and the tensors it holds as `type[dims]=hex`, joined by `;`.
Strings are their UTF-8 bytes, each ended by 00; narrow types are packed as raw data are.
"""

import os
import subprocess
import sys
import tempfile

if os.environ.get("DUNLIN_IN_VENV") != "1":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.check_call([sys.executable, "-m", "venv", folder])
        python = os.path.join(folder, "bin", "python")
        subprocess.check_call([python, "-m", "pip", "install", "-q", "onnx==1.23.2", "numpy", "ml_dtypes"])
        sys.exit(subprocess.call([python, *sys.argv], env={**os.environ, "DUNLIN_IN_VENV": "1"}))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = {
    "FLOAT": "float32", "DOUBLE": "float64", "UINT8": "uint8", "INT8": "int8", "UINT16": "uint16", "INT16": "int16",
    "INT32": "int32", "INT64": "int64", "STRING": "string", "BOOL": "bool", "FLOAT16": "float16", "UINT32": "uint32",
    "UINT64": "uint64", "COMPLEX64": "complex64", "COMPLEX128": "complex128", "BFLOAT16": "bfloat16",
    "FLOAT8E4M3FN": "float8e4m3fn", "FLOAT8E4M3FNUZ": "float8e4m3fnuz", "FLOAT8E5M2": "float8e5m2",
    "FLOAT8E5M2FNUZ": "float8e5m2fnuz", "FLOAT8E8M0": "float8e8m0", "FLOAT4E2M1": "float4e2m1", "UINT4": "uint4",
    "INT4": "int4", "UINT2": "uint2", "INT2": "int2",
}
BITS = {"UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2}


def expected(kind, array):
    """The elements' bytes, computed from the numpy array that onnx reads."""
    dims = ",".join(map(str, array.shape))
    if kind == "STRING":
        text = b"".join((s if isinstance(s, bytes) else s.encode()) + b"\0" for s in array.flatten())
        return f"{NAMES[kind]}[{dims}]={text.hex()}"
    if kind in BITS:
        bits = BITS[kind]
        codes = array.flatten().view(np.uint8) & ((1 << bits) - 1)
        stream = sum(int(code) << (i * bits) for i, code in enumerate(codes))
        data = stream.to_bytes((len(codes) * bits + 7) // 8, "little")
    else:
        data = np.ascontiguousarray(array).tobytes()
    return f"{NAMES[kind]}[{dims}]={data.hex()}"


def values(kind, shape):
    rng = np.random.default_rng(len(kind))
    n = int(np.prod(shape))
    dtype = helper.tensor_dtype_to_np_dtype(getattr(TensorProto, kind))
    if kind == "STRING":
        return np.array(["", "a", "größe", "日本", "x" * 20, "b"][:n], dtype=object).reshape(shape)
    if kind == "BOOL":
        return rng.integers(0, 2, shape).astype(bool)
    if kind.startswith("COMPLEX"):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if kind == "FLOAT8E8M0":
        return (2.0 ** rng.integers(-20, 20, shape)).astype(np.float32).astype(dtype)
    if "FLOAT" in kind or kind == "DOUBLE":
        return (rng.standard_normal(shape) * 3).astype(np.float32).astype(dtype)
    if kind in BITS:
        low, high = (0, 1 << BITS[kind]) if kind[0] == "U" else (-(1 << BITS[kind] - 1), 1 << BITS[kind] - 1)
        return rng.integers(low, high, shape).astype(np.int8).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def lines():
    for kind in NAMES:
        for shape in [(2, 3), (5,), (), (0, 3)]:
            array = values(kind, shape)
            code = getattr(TensorProto, kind)
            label = f"{kind}{list(shape)}".replace(" ", "")
            typed = helper.make_tensor("t", code, shape, array.flatten().tolist() if kind != "STRING" else list(array.flatten()))
            yield f"{label}-typed", "tensor", typed, [expected(kind, numpy_helper.to_array(typed))]
            if kind != "STRING":
                raw = numpy_helper.from_array(array, "t")
                assert raw.HasField("raw_data") and raw.data_type == code
                yield f"{label}-raw", "tensor", raw, [expected(kind, numpy_helper.to_array(raw))]

    for kind in ["FLOAT", "INT64", "UINT4", "INT2", "BOOL"]:
        dense = np.zeros((3, 4), dtype=helper.tensor_dtype_to_np_dtype(getattr(TensorProto, kind)))
        places = [1, 6, 11]
        picked = values(kind, (3,))
        for place, value in zip(places, picked):
            dense[place // 4, place % 4] = value
        stored = numpy_helper.from_array(picked, "s")
        for form, indices in [("linear", np.array(places)), ("tuple", np.array([[p // 4, p % 4] for p in places]))]:
            sparse = helper.make_sparse_tensor(stored, numpy_helper.from_array(indices.astype(np.int64), "i"), [3, 4])
            yield f"sparse-{kind}-{form}", "sparse", sparse, [expected(kind, dense)]

    arrays = [values("FLOAT", (2, 2)), values("INT64", (3,))]
    wanted = [expected("FLOAT", arrays[0]), expected("INT64", arrays[1])]
    sequence = numpy_helper.from_list(arrays, "q")
    yield "sequence", "sequence", sequence, wanted
    yield "sequence-empty", "sequence", onnx.SequenceProto(name="e", elem_type=1), []
    yield "optional-tensor", "optional", numpy_helper.from_optional(arrays[0]), wanted[:1]
    yield "optional-none", "optional", numpy_helper.from_optional(None, dtype=onnx.OptionalProto.TENSOR), []
    nested = onnx.OptionalProto(elem_type=onnx.OptionalProto.SEQUENCE)
    nested.sequence_value.CopyFrom(sequence)
    yield "optional-sequence", "optional", nested, wanted
    for kind, keys in [("INT64", [-1, 7]), ("INT32", [1, 2]), ("UINT8", [0, 255])]:
        scalars = [np.float32(1.5), np.float32(-2)]
        stored = onnx.MapProto(name="m", key_type=getattr(TensorProto, kind), keys=keys)
        stored.values.CopyFrom(numpy_helper.from_list(scalars, "v"))
        key_array = np.array(keys, dtype=helper.tensor_dtype_to_np_dtype(stored.key_type))
        yield f"map-{kind}", "map", stored, [expected(kind, key_array)] + [expected("FLOAT", np.asarray(x)) for x in scalars]
    stored = onnx.MapProto(name="m", key_type=TensorProto.STRING, string_keys=[b"k", "ü".encode()])
    stored.values.CopyFrom(numpy_helper.from_list(arrays[1:] * 2, "v"))
    yield "map-STRING", "map", stored, [expected("STRING", np.array(["k", "ü"], dtype=object))] + wanted[1:] * 2


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tensors.txt"), "w") as out:
    for name, message, proto, wanted in lines():
        out.write(f"{name} {message} {proto.SerializeToString().hex()} {';'.join(wanted)}\n")
