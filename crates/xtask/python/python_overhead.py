"""Measure what Python adds to a run: python_overhead.py LIBRARY TEXT

LIBRARY is libdunlin, for the same runs through the C functions; TEXT what `cargo xtask overhead` says of it. Both on one thread.
"""

import ctypes
import re
import statistics
import sys
import time

import dunlin
import numpy as np
from onnx import TensorProto, helper, numpy_helper

ADD = "crates/core/tests/data/add.onnx"


def median(run, n_rounds, n_runs):
    """The median over rounds of the mean time of a run, in seconds."""
    times = []
    for _ in range(n_rounds):
        start = time.perf_counter()
        for _ in range(n_runs):
            run()
        times.append((time.perf_counter() - start) / n_runs)
    return statistics.median(times)


def of_calls(text):
    x = np.array([1, 2, 3, 4], np.float32)
    y = np.empty(4, np.float32)
    model = dunlin.load(ADD, threads=1)
    session = model.session()
    in_c = int(re.search(r"model (\d+) ns", text)[1]) / 1e9
    nothing = median(lambda: None, 101, 1000)
    for name, run in [
        ("model.run(x, b)", lambda: model.run(x, x)),
        ('model.run({"x": x, "b": b})', lambda: model.run({"x": x, "b": x})),
        ("session.run(x, b)", lambda: session.run(x, x)),
        ('model.run(x, b, out={"y": y})', lambda: model.run(x, x, out={"y": y})),
    ]:
        took = median(run, 301, 1000) - nothing
        print(f"{name}: {took * 1e9:.0f} ns, {(took - in_c) * 1e9:.0f} ns beyond C's {in_c * 1e9:.0f} ns")


def picture_model():
    """A first layer of a vision network, on pictures of 640 by 640."""
    rng = np.random.default_rng(1)
    weights = numpy_helper.from_array(rng.normal(size=(16, 3, 3, 3)).astype(np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["y"]),
    ]
    ports = (("x", [1, 3, 640, 640]), ("y", [1, 16, 1, 1]))
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ports]
    graph = helper.make_graph(nodes, "g", infos[:1], infos[1:], [weights])
    opset = helper.make_opsetid("", 21)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


class InC:
    """The same run through the C functions: a tensor over the picture's memory, the output in the caller's."""

    def __init__(self, path, data):
        self.library = ctypes.CDLL(path)
        self.model, options = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(self.library.dunlin_options_new(ctypes.byref(options)))
        self.check(self.library.dunlin_options_set_threads(options, ctypes.c_size_t(1)))
        size = ctypes.c_size_t(len(data))
        self.check(self.library.dunlin_model_load_bytes(data, size, options, ctypes.byref(self.model)))

    def check(self, status):
        if status != 0:
            raise SystemExit(f"the C functions say {status}")

    def run(self, picture):
        value, output = ctypes.c_void_p(), ctypes.c_void_p()
        dims = (ctypes.c_size_t * 4)(*picture.shape)
        memory, n_bytes = ctypes.c_void_p(picture.ctypes.data), ctypes.c_size_t(picture.nbytes)
        made = self.library.dunlin_value_borrow_tensor(
            1, dims, ctypes.c_size_t(4), memory, n_bytes, None, None, ctypes.byref(value)
        )
        self.check(made)
        one = ctypes.c_size_t(1)
        self.check(
            self.library.dunlin_model_run(
                self.model, None, ctypes.byref(value), one, None, ctypes.byref(output), one, None
            )
        )
        self.library.dunlin_value_free(value)
        self.library.dunlin_value_free(output)


def of_pictures(path):
    data = picture_model()
    picture = np.random.default_rng(2).random((1, 3, 640, 640), np.float32)
    bytes_like = np.ascontiguousarray(picture.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    model, in_c = dunlin.load(data, threads=1), InC(path, data)
    runs = {"C": lambda: in_c.run(picture), "Python": lambda: model.run(picture), "a copy": lambda: model.run(bytes_like)}
    times = {name: [] for name in runs}
    for _ in range(60):
        for name, run in runs.items():
            times[name].append(median(run, 1, 3))
    c, python, copied = (statistics.median(times[name]) * 1e3 for name in runs)
    print(f"640x640x3: C {c:.3f} ms, Python {python:.3f} ms ({100 * (python / c - 1):+.1f} %), pixels interleaved {copied:.3f} ms")


if __name__ == "__main__":
    of_calls(sys.argv[2])
    of_pictures(sys.argv[1])
