"""The protocol of an engine that is measured: one JSON request a line, one answer a line.

{"load": job} loads the model, runs it once and says how long the load took and by how much memory peaked;
{"run": n} runs it n times; "compare" holds the last outputs against the stored ones. A peer is a class with `load`, `run`
and `version`, handed to `serve`.
"""

import json
import pathlib
import sys
import time

import numpy as np
import onnx
from onnx import numpy_helper


def serve(engine) -> None:
    feeds, expected, outputs = {}, [], []
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request == "compare":
                answer = {"compared": compare(outputs, expected)}
            elif "load" in request:
                job = request["load"]
                feeds = dict(zip([i["name"] for i in job["inputs"]], stored(job, "input")))
                expected = stored(job, "output")
                before = reset_peak()
                start = time.perf_counter()
                engine.load(job["model"], job["threads"], [o["name"] for o in job["outputs"]])
                seconds = time.perf_counter() - start
                outputs = engine.run(feeds)
                peak = max(0, status("VmHWM") - before)
                answer = {"loaded": {"seconds": seconds, "peak_bytes": peak, "version": engine.version}}
            else:
                seconds = []
                for _ in range(request["run"]):
                    start = time.perf_counter()
                    outputs = engine.run(feeds)
                    seconds.append(time.perf_counter() - start)
                answer = {"ran": {"seconds": seconds}}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), flush=True)


def stored(job: dict, prefix: str) -> list[np.ndarray]:
    folder = pathlib.Path(job["data"][0])
    paths = [folder / f"{prefix}_{i}.pb" for i in range(len(job[prefix + "s"]))]
    return [numpy_helper.to_array(onnx.load_tensor(path)) for path in paths]


def reset_peak() -> int:
    """Forget the highest memory use so far; what is in use now, in bytes."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(field: str) -> int:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def compare(outputs: list, expected: list) -> dict:
    """Over all float outputs: the largest error relative to the largest magnitude, and the smallest cosine."""
    error, cosine = 0.0, 1.0
    for a, b in zip(outputs, expected, strict=True):
        a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
        scale, size = np.abs(b).max(initial=0), np.linalg.norm(a) * np.linalg.norm(b)
        error = max(error, float(np.abs(a - b).max(initial=0) / (scale or 1)))
        cosine = min(cosine, float(a @ b / size) if size else 1.0)
    return {"error": error, "cosine": cosine}
