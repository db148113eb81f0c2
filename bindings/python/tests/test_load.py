"""Loading: sources, options, callbacks, errors."""

import io
import mmap
import os
import pathlib

import dunlin
import numpy as np
import onnx
import pytest
from conftest import DIGITS, add, endless, model_of
from onnx import TensorProto, helper

X = np.array([1, 2], np.float32)


def answer(model):
    return model.run(X, X)["z"].tolist()


def test_sources(tmp_path):
    data = add()
    path = tmp_path / "add.onnx"
    path.write_bytes(data)
    inside = tmp_path / "archive"
    inside.write_bytes(b"before" + data + b"behind")

    def read(offset, n_bytes):
        assert n_bytes <= 1 << 20
        return data[offset : offset + min(n_bytes, 7)]

    with open(inside, "rb") as file, open(path, "rb") as other:
        part = dunlin.load(file.fileno(), offset=6, length=len(data))
        whole = dunlin.load(other.fileno())
        opened = dunlin.load(other)
        mapped = dunlin.load(mmap.mmap(other.fileno(), 0, access=mmap.ACCESS_READ))
    models = [
        dunlin.load(path),
        dunlin.load(str(path)),
        dunlin.load(path, mapping="copy"),
        dunlin.load(data),
        dunlin.load(bytearray(data)),
        dunlin.load(memoryview(data)),
        dunlin.load(np.frombuffer(data, np.uint8)),
        dunlin.load(io.BytesIO(data)),
        dunlin.load(read, length=len(data)),
        part,
        whole,
        opened,
        mapped,
    ]
    for model in models:
        assert answer(model) == [2, 4]


def test_bytes_that_change_are_copied():
    data = bytearray(add())
    model = dunlin.load(data)
    data[:] = b"\0" * len(data)
    assert answer(model) == [2, 4]


def test_a_reader_that_fails():
    data = add()

    def broken(offset, n_bytes):
        raise KeyError("the key is lost")

    with pytest.raises(KeyError, match="the key is lost"):
        dunlin.load(broken, length=len(data))
    for given in (b"", data + data):
        with pytest.raises(dunlin.IoError) as caught:
            dunlin.load(lambda offset, n: given, length=len(data))
        assert caught.value.kind == "io"
    with pytest.raises(dunlin.InputError):
        dunlin.load(lambda offset, n: data)
    with pytest.raises(dunlin.LimitError):
        dunlin.load(lambda offset, n: data, length=1 << 60)


def test_external_data(tmp_path):
    weights = np.array([10, 20], np.float32)
    tensor = onnx.numpy_helper.from_array(weights, "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    f32 = TensorProto.FLOAT
    node = helper.make_node("Add", ["x", "w"], ["y"])
    data = model_of([node], [("x", f32, [2])], [("y", f32, [2])], [tensor])
    model = dunlin.load(data, external={"weights.bin": weights.tobytes()})
    assert model.run(X)["y"].tolist() == [11, 22]
    (tmp_path / "weights.bin").write_bytes(weights.tobytes())
    (tmp_path / "model.onnx").write_bytes(data)
    assert dunlin.load(tmp_path / "model.onnx").run(X)["y"].tolist() == [11, 22]


def test_callbacks():
    lines, steps = [], []
    dunlin.load(DIGITS, log=lambda *line: lines.append(line), log_level="debug", progress=lambda *at: steps.append(at))
    assert {level for level, _ in lines} <= {"warning", "info", "debug"} and len(lines) >= 2
    assert "digits.onnx" in lines[0][1]
    assert [stage for stage, _ in steps] == ["read", "optimize", "plan", "done"]
    assert steps[0][1] == 0 and steps[-1][1] == 1


@pytest.mark.parametrize("which", ["log", "progress"])
def test_what_a_callback_raises_comes_back(which):
    def broken(*_):
        raise ZeroDivisionError("in the callback")

    with pytest.raises(ZeroDivisionError, match="in the callback"):
        dunlin.load(DIGITS, **{which: broken})


def test_pools_and_threads(seven):
    pool = dunlin.Pool(2)
    assert pool.threads == 2
    models = [dunlin.load(DIGITS, threads=threads) for threads in (pool, pool, 1, 3, 0, None)]
    answers = {model.run(seven)["probabilities"].tobytes() for model in models}
    assert len(answers) == 1
    with pytest.raises(dunlin.InputError):
        dunlin.load(DIGITS, threads=5000)


def test_limits_and_words():
    with pytest.raises(dunlin.LimitError):
        dunlin.load(DIGITS, limits={"file_bytes": 10})
    with pytest.raises(dunlin.LimitError):
        dunlin.load(endless(), limits={"loop_steps": 3}).run(X)
    for wrong in ({"limits": {"weight": 1}}, {"fallback": "maybe"}, {"mapping": "no"}, {"timeout": -1.0}):
        with pytest.raises(dunlin.InputError):
            dunlin.load(DIGITS, **wrong)
    with pytest.raises(dunlin.DeviceError):
        dunlin.load(DIGITS, device="abacus")
    with pytest.raises(dunlin.NotFoundError):
        dunlin.load(DIGITS, disabled_passes=["no-such-pass"])


def test_cancel_and_timeout():
    switch = dunlin.Cancel()
    assert not switch.is_cancelled
    switch.cancel()
    assert switch.is_cancelled
    with pytest.raises(dunlin.CancelledError):
        dunlin.load(DIGITS, cancel=switch)
    with pytest.raises(TimeoutError) as caught:
        dunlin.load(DIGITS, timeout=0)
    assert caught.value.kind == "deadline"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        dunlin.load(tmp_path / "nowhere.onnx")
    error = caught.value
    assert isinstance(error, dunlin.NotFoundError) and error.kind == "not-found"
    assert error.file == str(tmp_path / "nowhere.onnx") and "nowhere.onnx" in str(error)


def test_the_facts_of_errors(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(DIGITS.read_bytes()[:-100])
    with pytest.raises(dunlin.FormatError) as caught:
        dunlin.load(path)
    assert isinstance(caught.value, ValueError) and caught.value.file == str(path)
    node = helper.make_node("Nonsense", ["x"], ["y"], name="the_node")
    data = model_of([node], [("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])])
    with pytest.raises(NotImplementedError) as caught:
        dunlin.load(data)
    assert (caught.value.kind, caught.value.node, caught.value.operator) == ("unsupported", "the_node", "Nonsense")
    assert caught.value.offset is None or caught.value.offset > 0
    assert "Nonsense" in str(caught.value) and caught.value.message


def test_wrong_sources():
    for wrong in (None, 1.5, object(), True):
        with pytest.raises((TypeError, ValueError)):
            dunlin.load(wrong)
    with pytest.raises(dunlin.InputError):
        dunlin.load(DIGITS, offset=3)
    with pytest.raises(dunlin.IoError):
        dunlin.load(987654)


def test_what_a_model_tells():
    model = dunlin.load(DIGITS)
    (image,), (probabilities,) = model.inputs, model.outputs
    assert (image.name, image.dtype, image.is_optional) == ("image", "float32", False)
    assert image.shape == ("batch", 1, 28, 28) and image.type_text == "float32[batch, 1, 28, 28]"
    assert probabilities.name == "probabilities"
    proto = onnx.load(DIGITS)
    assert model.metadata.ir_version == proto.ir_version
    assert model.metadata.opsets["ai.onnx"] == proto.opset_import[0].version
    assert model.metadata.custom == {prop.key: prop.value for prop in proto.metadata_props}
    assert proto.producer_name in model.metadata.producer
    small, large = model.memory({"image": (1, 1, 28, 28)}), model.memory({"image": (64, 1, 28, 28)})
    assert large.bytes > 10 * small.bytes
    exact = dunlin.load(add()).memory({"x": (5,), "y": (5,)})
    assert exact.is_exact and exact.bytes == 20
    with pytest.raises(dunlin.NotFoundError):
        model.memory({"picture": (1,)})
    report = model.report().to_dict()
    assert {node["backend"] for node in report["nodes"]} == {"cpu"}
    assert "digits" not in repr(model) and "image: float32" in repr(model)


def test_the_build():
    assert "cpu" in dunlin.devices()
    assert dunlin.has("onnx") and dunlin.has("cpu") and dunlin.has("op:Conv") and dunlin.has("op:ai.onnx.ml:Scaler")
    assert not dunlin.has("op:Nonsense") and not dunlin.has("abacus")
    assert dunlin.instruction_set() in ("avx512", "avx2", "neon", "scalar")
    assert dunlin.__version__.count(".") == 2
    assert os.path.exists(pathlib.Path(dunlin.__file__).with_name("py.typed"))
