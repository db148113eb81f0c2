"""The shim beside the real ONNX Runtime: the same program, two imports, the same answers and the same names."""

import inspect

import dunlin.onnxruntime
import dunlin.onnxruntime.capi.onnxruntime_pybind11_state as ours_state
import numpy as np
import onnx
import onnxruntime
import onnxruntime.capi.onnxruntime_pybind11_state as theirs_state
import pytest
from conftest import DIGITS, add, endless, identity_of, model_of
from onnx import TensorProto, helper

ENGINES = [dunlin.onnxruntime, onnxruntime]
X = np.array([1, 2, 3], np.float32)
CPU = ["CPUExecutionProvider"]


def sessions(model, **more):
    return [engine.InferenceSession(model, providers=CPU, **more) for engine in ENGINES]


def convolution():
    rng = np.random.default_rng(3)
    weights = onnx.numpy_helper.from_array(rng.normal(size=(8, 3, 3, 3)).astype(np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["y"]),
    ]
    f32 = TensorProto.FLOAT
    data = model_of(nodes, [("x", f32, ["n", 3, 32, 32])], [("y", f32, None), ("r", f32, None)], [weights])
    return data, {"x": rng.normal(size=(2, 3, 32, 32)).astype(np.float32)}


def attention():
    rng = np.random.default_rng(4)
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
        helper.make_node("TopK", ["y", "k"], ["top", "at"]),
    ]
    k = onnx.numpy_helper.from_array(np.array([2], np.int64), "k")
    f32 = TensorProto.FLOAT
    ports = [("x", f32, ["n", "t", 16])], [("y", f32, None), ("top", f32, None), ("at", TensorProto.INT64, None)]
    return model_of(nodes, *ports, [k]), {"x": rng.normal(size=(3, 5, 16)).astype(np.float32)}


def strings():
    node = helper.make_node("StringConcat", ["x", "y"], ["z"])
    s = TensorProto.STRING
    ports = [("x", s, ["n"]), ("y", s, ["n"])], [("z", s, ["n"])]
    return model_of([node], *ports), {"x": np.array(["a", "ü"], object), "y": np.array(["b", ""], object)}


def classifier():
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[3, 5])
    value = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    kind = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, value))
    ports = [("x", TensorProto.FLOAT, ["n", 2])], [helper.make_value_info("y", kind)]
    return model_of([node], *ports), {"x": np.array([[0.25, 0.75], [1, 0]], np.float32)}


def sequence():
    nodes = [helper.make_node("SplitToSequence", ["x"], ["y"], axis=0)]
    out = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    return model_of(nodes, [("x", TensorProto.FLOAT, ["n", 2])], [out]), {"x": np.ones((2, 2), np.float32)}


def alike(a, b):
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        else:
            assert a.tolist() == b.tolist()
    elif isinstance(a, list):
        assert len(a) == len(b)
        for left, right in zip(a, b):
            alike(left, right)
    else:
        assert a == b


def test_digits(seven):
    for model in (DIGITS, str(DIGITS), DIGITS.read_bytes()):
        ours, theirs = (session.run(None, {"image": seven}) for session in sessions(model))
        assert ours[0].argmax() == 7
        alike(ours, theirs)


@pytest.mark.parametrize("make", [convolution, attention, strings, classifier, sequence])
def test_answers_and_signatures(make):
    model, feed = make()
    ours, theirs = sessions(model)
    alike(ours.run(None, feed), theirs.run(None, feed))
    last = [ours.get_outputs()[-1].name]
    alike(ours.run(last, feed), theirs.run(last, feed))
    facts = lambda args: [(arg.name, arg.type, arg.shape) for arg in args]
    assert facts(ours.get_inputs()) == facts(theirs.get_inputs())
    assert [fact[:2] for fact in facts(ours.get_outputs())] == [fact[:2] for fact in facts(theirs.get_outputs())]


@pytest.mark.parametrize("code", [code for code in range(1, 17) if code not in (8, 14, 15)])
def test_types_print_alike(code):
    ours, theirs = sessions(identity_of(code))
    assert str(ours.get_inputs()[0]) == str(theirs.get_inputs()[0])


def test_metadata():
    ours, theirs = (session.get_modelmeta() for session in sessions(DIGITS))
    assert ours.description == theirs.description
    assert ours.custom_metadata_map == theirs.custom_metadata_map
    assert theirs.producer_name in ours.producer_name
    node = helper.make_node("Abs", ["x"], ["y"])
    ports = [("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])]
    numbered = model_of([node], *ports, model_version=7, doc_string="about it")
    ours, theirs = (session.get_modelmeta() for session in sessions(numbered))
    assert ours.version == theirs.version == 7 and ours.description == theirs.description == "about it"


@pytest.mark.parametrize("engine", ENGINES, ids=["dunlin", "onnxruntime"])
def test_a_program(engine, seven):
    """What programs write, without a look at which engine it is."""
    options = engine.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = engine.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = engine.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    assert "CPUExecutionProvider" in engine.get_available_providers() and engine.get_device() in ("CPU", "GPU")
    session = engine.InferenceSession(str(DIGITS), sess_options=options, providers=["CPUExecutionProvider"])
    assert session.get_providers() == ["CPUExecutionProvider"]
    name = session.get_inputs()[0].name
    (probabilities,) = session.run([session.get_outputs()[0].name], {name: seven}, engine.RunOptions())
    assert probabilities.argmax() == 7

    value = engine.OrtValue.ortvalue_from_numpy(seven)
    assert value.shape() == [1, 1, 28, 28] and value.data_type() == "tensor(float)" and value.is_tensor()
    assert value.element_type() == TensorProto.FLOAT and value.device_name() == "cpu" and value.has_value()
    (given,) = session.run_with_ort_values(None, {name: value})
    np.testing.assert_allclose(given.numpy(), probabilities)

    binding = session.io_binding()
    binding.bind_cpu_input(name, seven)
    binding.bind_output("probabilities")
    session.run_with_iobinding(binding)
    np.testing.assert_allclose(binding.copy_outputs_to_cpu()[0], probabilities)
    place = engine.OrtValue.ortvalue_from_shape_and_type([1, 10], np.float32)
    binding.clear_binding_outputs()
    binding.bind_ortvalue_output("probabilities", place)
    session.run_with_iobinding(binding)
    np.testing.assert_allclose(place.numpy(), probabilities)
    np.testing.assert_allclose(binding.get_outputs()[0].numpy(), probabilities)


@pytest.mark.parametrize("which", ["file", "bytes", "dtype", "shape", "rank", "missing", "output", "operator", "ended"])
def test_failures_have_the_same_classes(which, seven, tmp_path):
    node = helper.make_node("Nonsense", ["x"], ["y"])
    f32 = TensorProto.FLOAT

    def fail(engine):
        if which == "file":
            return engine.InferenceSession(str(tmp_path / "nowhere.onnx"), providers=CPU)
        if which == "bytes":
            return engine.InferenceSession(b"no model at all", providers=CPU)
        if which == "operator":
            return engine.InferenceSession(model_of([node], [("x", f32, [1])], [("y", f32, [1])]), providers=CPU)
        session = engine.InferenceSession(str(DIGITS), providers=CPU)
        options = engine.RunOptions()
        options.terminate = which == "ended"
        feeds = {"dtype": seven.astype(np.float64), "shape": seven[:, :, :20], "rank": seven[0]}
        feed = {} if which == "missing" else {"image": feeds.get(which, seven)}
        return session.run(["nothing"] if which == "output" else None, feed, options)

    errors = []
    for engine in ENGINES:
        with pytest.raises(Exception) as caught:
            fail(engine)
        errors.append(caught.value)
    ours, theirs = (type(error).__name__ for error in errors)
    # ONNX Runtime's Python part finds missing inputs itself, and takes unknown operators for a mistake of the model.
    known = {"missing": ("InvalidArgument", "ValueError"), "operator": ("NotImplemented", "InvalidGraph")}
    assert (ours, theirs) == known.get(which, (theirs, theirs))


def test_the_exceptions_are_all_there():
    exceptions = {name for name, kind in vars(theirs_state).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
    assert exceptions <= set(vars(ours_state))


def test_a_run_is_ended_from_another_thread():
    import threading

    session = dunlin.onnxruntime.InferenceSession(endless())
    options = dunlin.onnxruntime.RunOptions()
    threading.Timer(0.1, lambda: setattr(options, "terminate", True)).start()
    with pytest.raises(ours_state.Fail):
        session.run(None, {"x": X}, options)
    options.terminate = False
    assert not options.terminate


def test_what_is_refused():
    engine = dunlin.onnxruntime
    options = engine.SessionOptions()
    options.enable_profiling = True
    refused = [
        lambda: engine.InferenceSession(add(), options),
        lambda: engine.SessionOptions().register_custom_ops_library("x.so"),
        lambda: engine.SessionOptions().add_initializer("x", None),
        lambda: engine.InferenceSession(add()).set_providers([]),
        lambda: engine.InferenceSession(add()).end_profiling(),
        lambda: engine.OrtValue.ortvalue_from_numpy(X, "cuda"),
        lambda: engine.set_seed(1),
    ]
    for call in refused:
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(ValueError):
        engine.InferenceSession(add(), providers=["AbacusExecutionProvider"])
    assert engine.InferenceSession(add()).get_providers() == ["CPUExecutionProvider"]
