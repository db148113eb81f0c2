"""Runs: arrays in and out, their memory, cancellation, sessions, threads."""

import array
import asyncio
import concurrent.futures
import gc
import os
import signal
import sys
import threading
import time

import dunlin
import numpy as np
import pytest
from conftest import DIGITS, add, endless, identity_of, model_of, running_total
from onnx import TensorProto, helper

X = np.array([1, 2, 3], np.float32)


@pytest.fixture(scope="module")
def sum_of():
    return dunlin.load(add())


def test_inputs_by_order_and_by_name(sum_of, seven):
    assert sum_of.run(X, 2 * X)["z"].tolist() == [3, 6, 9]
    assert sum_of.run({"y": X, "x": 2 * X})["z"].tolist() == [3, 6, 9]
    outputs = dunlin.load(DIGITS).run(seven)
    assert list(outputs) == ["probabilities"] and outputs["probabilities"].argmax() == 7


def test_inputs_of_all_kinds(sum_of):
    kinds = [
        X,
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        array.array("f", [1, 2, 3]),
        memoryview(X),
        dunlin.Tensor(X),
        X.astype(">f4"),
        np.array([1, 9, 2, 9, 3, 9], np.float32)[::2],
        X[::-1].copy()[::-1],
        np.frombuffer(b"\0" + X.tobytes(), np.float32, offset=1),
        np.asfortranarray(X),
        np.array(list(X)),
    ]
    for x in kinds:
        assert sum_of.run(x, X)["z"].tolist() == [2, 4, 6], x


def test_layouts_are_what_numpy_sees():
    model = dunlin.load(identity_of(TensorProto.FLOAT, ["a", "b", "c"]))
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for x in (base, base.T, base[:, ::-1], base[:, :, 1:3], np.asfortranarray(base), base[:0], np.broadcast_to(X, (2, 2, 3))):
        y = model.run(x)["y"]
        assert y.shape == x.shape and np.array_equal(y, x)


def test_inputs_are_not_copied():
    """A run on an array of 64 MiB that only looks at its shape needs no memory for it."""
    node = helper.make_node("Shape", ["x"], ["y"])
    data = model_of([node], [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.INT64, [1])])
    model = dunlin.load(data)
    x = np.zeros(16 << 20, np.float32)
    references = sys.getrefcount(x)
    start = time.process_time()
    for _ in range(100):
        assert model.run(x)["y"].tolist() == [16 << 20]
    # A copy of 64 MiB takes 5 ms at the very least.
    assert time.process_time() - start < 0.3
    assert sys.getrefcount(x) == references


def test_outputs_keep_their_memory():
    outputs = dunlin.load(add()).run(X, X)
    z = outputs.pop("z")
    gc.collect()
    assert isinstance(z.base, dunlin.Tensor) and not z.flags.owndata
    assert z.flags.writeable and z.flags.c_contiguous and z.flags.aligned
    z += 1
    assert z.tolist() == [3, 5, 7]


def test_outputs_are_apart_from_inputs_and_from_each_other(sum_of):
    model = dunlin.load(identity_of(TensorProto.FLOAT, ["n"]))
    x = X.copy()
    y = model.run(x)["y"]
    x[:] = 0
    assert y.tolist() == [1, 2, 3]
    first = sum_of.run(X, X)["z"]
    second = sum_of.run(X, -X)["z"]
    assert first.tolist() == [2, 4, 6] and second.tolist() == [0, 0, 0]


def test_outputs_in_given_arrays(sum_of):
    z = np.empty(3, np.float32)
    given = sum_of.run(X, X, out={"z": z})
    assert given["z"] is z and z.tolist() == [2, 4, 6]
    x = X.copy()
    assert sum_of.run(x, x, out={"z": x})["z"].tolist() == [2, 4, 6]
    image = np.zeros((1, 1, 28, 28), np.float32)
    with pytest.raises(dunlin.ShapeError):
        dunlin.load(DIGITS).run(image, out={"probabilities": np.empty((10, 1), np.float32)})


@pytest.mark.parametrize(
    "out, error",
    [
        ({"z": np.empty(2, np.float32)}, dunlin.ShapeError),
        ({"z": np.empty((3, 1), np.float32)}, dunlin.ShapeError),
        ({"z": np.empty(3, np.float64)}, dunlin.DTypeError),
        ({"z": np.empty(3, ">f4")}, dunlin.InputError),
        ({"z": np.empty(6, np.float32)[::2]}, dunlin.InputError),
        ({"w": np.empty(3, np.float32)}, dunlin.NotFoundError),
        ({"z": np.empty(3, object)}, dunlin.InputError),
        ({"z": [0, 0, 0]}, TypeError),
        ({"z": np.broadcast_to(np.float32(0), 3)}, dunlin.InputError),
    ],
)
def test_arrays_that_outputs_do_not_fit(sum_of, out, error):
    with pytest.raises(error):
        sum_of.run(X, X, out=out)


def test_read_only_and_overlapping_outputs(sum_of):
    z = np.empty(3, np.float32)
    z.flags.writeable = False
    with pytest.raises(dunlin.InputError):
        sum_of.run(X, X, out={"z": z})
    f32 = TensorProto.FLOAT
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Abs", ["x"], ["b"])]
    two = dunlin.load(model_of(nodes, [("x", f32, ["n"])], [("a", f32, ["n"]), ("b", f32, ["n"])]))
    both = np.empty(5, np.float32)
    with pytest.raises(dunlin.InputError, match="overlap"):
        two.run(X, out={"a": both[:3], "b": both[2:]})
    assert list(two.run(X, out={"b": both[:3]})) == ["b"]


@pytest.mark.parametrize(
    "inputs, error, words",
    [
        ((X,), dunlin.InputError, "missing"),
        ((X, X, X), dunlin.InputError, "too many"),
        (({"x": X, "w": X},), dunlin.NotFoundError, "w"),
        ((X, X.astype(np.float64)), dunlin.DTypeError, "float64"),
        ((X, X.reshape(3, 1)), dunlin.ShapeError, "y"),
        ((X, X[:2]), dunlin.ShapeError, "Add"),
        ((X, np.array(["2020-01-01"] * 3, "M8[D]")), dunlin.DTypeError, "datetime64"),
        ((X, X.astype(np.longdouble)), dunlin.DTypeError, "float"),
        ((X, np.zeros(3, [("a", "f4")])), dunlin.DTypeError, "a"),
        ((X, None), (TypeError, ValueError), ""),
        ((X, ["a", "b", "c"]), ValueError, ""),
    ],
)
def test_inputs_that_do_not_fit(sum_of, inputs, error, words):
    with pytest.raises(error) as caught:
        sum_of.run(*inputs)
    assert words in str(caught.value)


def test_cancel_timeout_and_seed():
    model = dunlin.load(endless())
    with pytest.raises(dunlin.DeadlineError):
        model.run(X, timeout=0.05)
    switch = dunlin.Cancel()
    threading.Timer(0.1, switch.cancel).start()
    with pytest.raises(dunlin.CancelledError):
        model.run(X, cancel=switch)
    switch = dunlin.Cancel()
    switch.child().cancel()
    assert not switch.is_cancelled
    for wrong in (-1.0, float("nan")):
        with pytest.raises(dunlin.InputError):
            model.run(X, timeout=wrong)
    node = helper.make_node("RandomNormal", [], ["y"], shape=[4])
    random = dunlin.load(model_of([node], [], [("y", TensorProto.FLOAT, [4])]))
    draw = lambda seed: random.run(seed=seed)["y"].tolist()
    assert draw(1) == draw(1) != draw(2)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
def test_ctrl_c_ends_a_run():
    # Programs that a shell starts in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    model = dunlin.load(endless())
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.run(X)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - start < 20


def test_awaiting():
    async def main():
        model = dunlin.load(add())
        runs = [model.run_async(X, i * X) for i in range(4)]
        assert [outputs["z"][0] for outputs in await asyncio.gather(*runs)] == [1, 2, 3, 4]
        switch = dunlin.Cancel()
        task = asyncio.create_task(dunlin.load(endless()).run_async(X, cancel=switch))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not switch.is_cancelled
        task = asyncio.create_task(dunlin.load(endless()).run_async(X, cancel=switch))
        await asyncio.sleep(0.1)
        switch.cancel()
        with pytest.raises(dunlin.CancelledError):
            await task
        with pytest.raises(dunlin.DeadlineError):
            await dunlin.load(endless()).session().run_async({"x": X}, timeout=0.05)

    asyncio.run(main())


def test_runs_leave_the_interpreter_to_others():
    """While one thread runs a model, another counts."""
    model = dunlin.load(endless())
    counted = 0
    switch = dunlin.Cancel()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(model.run, X, cancel=switch)
        until = time.perf_counter() + 0.2
        while time.perf_counter() < until:
            counted += 1
        switch.cancel()
        with pytest.raises(dunlin.CancelledError):
            run.result(60)
    assert counted > 1000


def test_many_threads_give_the_same_bits(seven):
    model = dunlin.load(DIGITS, threads=1)
    expected = model.run(seven)["probabilities"].tobytes()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(model.run, seven) for _ in range(200)]
        assert {run.result()["probabilities"].tobytes() for run in runs} == {expected}


def test_sessions():
    session = dunlin.load(running_total(), states=[("total", "new_total")]).session()
    with pytest.raises(dunlin.InputError):
        session.run({"x": X})
    assert session.state("total") is None
    session.set_state("total", np.zeros(3, np.float32))
    assert session.run({"x": X})["new_total"].tolist() == [1, 2, 3]
    first = session.run({"x": X})["new_total"]
    assert first.tolist() == [2, 4, 6] and not first.flags.writeable
    assert session.state("total").tolist() == [2, 4, 6]
    z = np.empty(3, np.float32)
    session.run({"x": X}, out={"new_total": z})
    assert z.tolist() == [3, 6, 9]
    z[:] = 0
    assert session.run({"x": X})["new_total"].tolist() == [4, 8, 12]
    given = X.copy()
    session.set_state("total", given)
    given[:] = 0
    assert session.run({"x": X})["new_total"].tolist() == [2, 4, 6]
    session.reset()
    with pytest.raises(dunlin.InputError):
        session.run({"x": X})
    assert session.model.inputs[1].name == "total"
    with pytest.raises(dunlin.NotFoundError):
        session.state("x")


def test_a_session_takes_one_call_at_a_time():
    session = dunlin.load(endless()).session()
    switch = dunlin.Cancel()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(session.run, X, cancel=switch)
        # Until the run has begun, the session answers that it has no such state.
        with pytest.raises(dunlin.BusyError) as caught:
            while not run.done():
                with pytest.raises(dunlin.NotFoundError):
                    session.state("x")
                time.sleep(0.01)
        assert caught.value.kind == "busy"
        switch.cancel()
        with pytest.raises(dunlin.CancelledError):
            run.result(60)


def test_reports(sum_of):
    outputs, report = sum_of.run_with_report(X, X)
    assert outputs["z"].tolist() == [2, 4, 6]
    facts = report.to_dict()
    assert [node["op"] for node in facts["nodes"]] == ["Add"]
    assert facts["seconds"] > 0 and facts["nodes"][0]["output_bytes"] == 12
    assert report.to_json().startswith("{")


def test_no_leak(request, tmp_path):
    """Loads, runs and frees: the memory stays as it is after the first hundreds."""
    n = 100_000 if request.config.getoption("--long") else 2_000
    data = add()
    path = tmp_path / "model.onnx"
    path.write_bytes(data)

    def once():
        model = dunlin.load(path, threads=1)
        model.run(X, X)
        model.session().run({"x": X, "y": X}, out={"z": np.empty(3, np.float32)})
        with pytest.raises(dunlin.Error):
            model.run(X)

    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(n // 4):
        once()
    before = resident()
    for _ in range(n):
        once()
    grown = resident() - before
    assert grown < (2 << 20), f"{grown} bytes in {n} rounds"
