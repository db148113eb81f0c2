"""Element types, strings, containers, DLPack: against numpy, ml_dtypes and onnx."""

import dunlin
import ml_dtypes
import numpy as np
import onnx
import pytest
from conftest import identity_of, model_of
from onnx import TensorProto, helper

NUMPY = ["float32", "float64", "float16", "int8", "int16", "int32", "int64"]
NUMPY += ["uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128"]
FOREIGN = {
    "bfloat16": "BFLOAT16",
    "float8_e4m3fn": "FLOAT8E4M3FN",
    "float8_e4m3fnuz": "FLOAT8E4M3FNUZ",
    "float8_e5m2": "FLOAT8E5M2",
    "float8_e5m2fnuz": "FLOAT8E5M2FNUZ",
    "float8_e8m0fnu": "FLOAT8E8M0",
    "float4_e2m1fn": "FLOAT4E2M1",
    "int4": "INT4",
    "uint4": "UINT4",
    "int2": "INT2",
    "uint2": "UINT2",
}


def through(x, code):
    return dunlin.load(identity_of(code, [f"d{i}" for i in range(x.ndim)])).run(x)["y"]


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_types(name):
    code = helper.np_dtype_to_tensor_dtype(np.dtype(name))
    x = np.arange(-3, 3).astype(name).reshape(2, 3)
    for given in (x, x.astype(x.dtype.newbyteorder()), x.T, np.array(x[0, 0])):
        y = through(given, code)
        assert y.dtype == x.dtype and y.dtype.isnative and y.shape == given.shape


@pytest.mark.parametrize("name", FOREIGN)
def test_types_of_ml_dtypes(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    x = np.array([[1, 0, 1], [0, 1, 1]], np.float32).astype(dtype)
    if name.startswith("int"):
        x[0, 0] = -1
    opset = {"INT2": 25, "UINT2": 25, "FLOAT8E8M0": 24, "FLOAT4E2M1": 23}.get(FOREIGN[name], 21)
    code = getattr(TensorProto, FOREIGN[name])
    info = [("x", code, ["n", "m"])], [("y", code, ["n", "m"])]
    model = dunlin.load(model_of([helper.make_node("Identity", ["x"], ["y"])], *info, opset=opset))
    for given in (x, x[:, ::-1], x[:, :1]):
        y = model.run(given)["y"]
        assert y.dtype == dtype and y.shape == given.shape
        assert y.tobytes() == np.ascontiguousarray(given).tobytes()


@pytest.mark.parametrize("name", ["int4", "uint4", "int2", "uint2", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn"])
def test_packing_is_that_of_onnx(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = 6 if "6" in name else 2 if "2" in name and "float" not in name else 4
    codes = (np.arange(11) * 7 % (1 << bits)).astype(np.uint8)
    tensor = dunlin.Tensor(codes.view(dtype))
    number = sum(int(code) << (bits * i) for i, code in enumerate(codes))
    assert tensor.tobytes() == number.to_bytes((11 * bits + 7) // 8, "little")
    if bits == 4:
        packed = onnx.numpy_helper.from_array(codes.view(dtype)).raw_data
        assert tensor.tobytes() == packed
    assert tensor.numpy().view(np.uint8).tolist() == codes.tolist()


def test_strings():
    texts = [["", "naïve"], ["鳥", "a b"]]
    kinds = [
        np.array(texts, object),
        np.array(texts),
        np.array(texts, np.dtypes.StringDType()),
        np.array([[text.encode() for text in row] for row in texts], object),
        np.array(texts, object).T.copy().T,
        texts,
    ]
    model = dunlin.load(identity_of(TensorProto.STRING))
    for x in kinds:
        y = model.run(x)["y"]
        assert y.dtype == object and y.tolist() == texts
    assert model.run(np.array([[b"plain"]]))["y"].tolist() == [["plain"]]
    assert model.run(np.empty((0, 3), object))["y"].shape == (0, 3)
    for wrong in (np.array([[1]], object), np.array([[b"\xff"]], object)):
        with pytest.raises(dunlin.DTypeError):
            model.run(wrong)


def test_sequences():
    kind = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    out = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    new = helper.make_tensor_value_info("new", TensorProto.FLOAT, None)
    node = helper.make_node("SequenceInsert", ["x", "new"], ["y"])
    model = dunlin.load(model_of([node], [kind, new], [out]))
    items = [np.array([1.0], np.float32), np.array([[2.0, 3.0]], np.float32)]
    y = model.run(items, np.float32(4))["y"]
    assert isinstance(y, list) and [item.tolist() for item in y] == [[1.0], [[2.0, 3.0]], 4.0]
    assert len(model.run({"x": (), "new": [5.0]})["y"]) == 1
    with pytest.raises(dunlin.DTypeError):
        model.run(items[0], items[0])


def test_optionals():
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, ["n"])
    kind = helper.make_value_info("x", helper.make_optional_type_proto(tensor))
    node = helper.make_node("OptionalHasElement", ["x"], ["y"])
    model = dunlin.load(model_of([node], [kind], [("y", TensorProto.BOOL, [])]))
    assert bool(model.run({"x": np.ones(2, np.float32)})["y"]) is True
    assert bool(model.run({"x": None})["y"]) is False
    out = helper.make_value_info("y", helper.make_optional_type_proto(tensor))
    empty = helper.make_node("Optional", [], ["y"], type=tensor)
    assert dunlin.load(model_of([empty], [], [out])).run() == {"y": None}


def test_maps():
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_strings=["a", "b"])
    element = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    out = helper.make_value_info("y", helper.make_sequence_type_proto(element))
    model = dunlin.load(model_of([node], [("x", TensorProto.FLOAT, ["n", 2])], [out]))
    assert model.run(np.array([[1, 2], [3, 4]], np.float32))["y"] == [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    node = helper.make_node("DictVectorizer", ["x"], ["y"], domain="ai.onnx.ml", int64_vocabulary=[5, 7, 9])
    model = dunlin.load(model_of([node], [helper.make_value_info("x", kind)], [("y", TensorProto.FLOAT, [1, 3])]))
    assert model.run({"x": {7: 1.5, 5: 2.5}})["y"].ravel().tolist() == [2.5, 1.5, 0]


class Lender:
    """Speaks DLPack and nothing else; the older kind if so."""

    def __init__(self, array, older=False):
        self.array, self.older = array, older

    def __dlpack__(self, **arguments):
        if self.older and arguments:
            raise TypeError("unexpected keyword argument")
        return self.array.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("name", [name for name in NUMPY])
def test_dlpack_in(name, older):
    base = np.arange(24).astype(name).reshape(2, 3, 4)
    for x in (base, base[:, :, ::2], base.T, base[1:], base[:, :0], base[0, 0, 0:1].reshape(())):
        tensor = dunlin.Tensor(Lender(x, older))
        assert tensor.shape == x.shape and tensor.dtype == name
        assert tensor.tobytes() == np.ascontiguousarray(x).tobytes()


def test_dlpack_borrows():
    x = np.zeros(3, np.float32)
    tensor = dunlin.Tensor(Lender(x))
    x[:] = 7
    assert tensor.numpy().tolist() == [7, 7, 7]


def test_dlpack_out():
    tensor = dunlin.Tensor(np.arange(6, dtype=np.int32).reshape(2, 3))
    array = np.from_dlpack(tensor)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]] and not array.flags.writeable
    del tensor
    assert array.sum() == 15
    half = dunlin.Tensor(np.array([1, 2.5], ml_dtypes.bfloat16))
    again = dunlin.Tensor(Lender(half))
    assert again.dtype == "bfloat16" and again.tobytes() == half.tobytes()
    assert dunlin.Tensor(Lender(half, older=True)).dtype == "bfloat16"
    with pytest.raises(dunlin.DTypeError):
        dunlin.Tensor(np.array([1], ml_dtypes.int4)).__dlpack__()
    for arguments in ({"stream": 1}, {"dl_device": (2, 0)}):
        with pytest.raises(BufferError):
            half.__dlpack__(**arguments)
    capsule = half.__dlpack__(max_version=(1, 0))
    del capsule


def test_a_capsule_is_taken_once():
    class Again:
        def __init__(self):
            self.capsule = np.zeros(3).__dlpack__()

        def __dlpack__(self, **_):
            return self.capsule

        def __dlpack_device__(self):
            return (1, 0)

    lender = Again()
    dunlin.Tensor(lender)
    with pytest.raises(dunlin.InputError):
        dunlin.Tensor(lender)
    Again.__dlpack_device__ = lambda self: (2, 0)
    with pytest.raises(dunlin.DeviceError):
        dunlin.Tensor(Again())


def test_tensors():
    tensor = dunlin.Tensor([[1, 2], [3, 4]], "float16")
    assert (tensor.dtype, tensor.shape, tensor.nbytes) == ("float16", (2, 2), 8)
    assert np.asarray(tensor).dtype == np.float16 and np.asarray(tensor, np.int8).tolist() == [[1, 2], [3, 4]]
    assert np.array(tensor, copy=True).flags.writeable and not tensor.numpy().flags.writeable
    assert repr(tensor) == "dunlin.Tensor(float16[2, 2])"
    with pytest.raises(dunlin.DTypeError):
        dunlin.Tensor(np.zeros(1, np.float32), "float64")
    with pytest.raises(dunlin.DTypeError):
        dunlin.Tensor([1], "float33")
    with pytest.raises(dunlin.DTypeError):
        dunlin.Tensor(["a"]).tobytes()
    model = dunlin.load(identity_of(TensorProto.FLOAT16))
    assert model.run(tensor, tensors=True)["y"].tobytes() == tensor.tobytes()
