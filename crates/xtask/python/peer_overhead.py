"""What a run costs in ONNX Runtime besides the arithmetic: python peer_overhead.py ADD.onnx

Inputs and outputs are bound once, so that a run is one call of the library; the time of a call from Python that does nothing is
subtracted.
"""
import statistics
import sys
import time

import numpy as np
import onnxruntime as ort

ROUNDS, RUNS = 501, 200


def median(call):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(RUNS):
            call()
        times.append((time.perf_counter_ns() - start) / RUNS)
    return statistics.median(times)


options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
x = np.arange(1, 5, dtype=np.float32)
y = np.zeros(4, dtype=np.float32)
binding = session.io_binding()
for name in ["x", "b"]:
    binding.bind_input(name, "cpu", 0, np.float32, x.shape, x.ctypes.data)
binding.bind_output("y", "cpu", 0, np.float32, y.shape, y.ctypes.data)
# The methods below the Python layer: its checks are not the library's time.
inner, bound = session._sess, binding._iobinding
run = lambda: inner.run_with_iobinding(bound, None)
nothing = lambda: bound.get_outputs is None
idle = median(nothing)
took = median(run)
assert (y == 2 * x).all()
print(f"onnxruntime {ort.__version__}: a run {took - idle:.0f} ns (and {idle:.0f} ns for the call from Python)")
