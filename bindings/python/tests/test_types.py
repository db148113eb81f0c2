"""The stubs: what mypy makes of the package, and whether they say what the module has."""

import os
import pathlib
import subprocess
import sys

import dunlin
import pytest

PROGRAM = '''
import dunlin
import numpy as np
import dunlin.onnxruntime as onnxruntime

async def wait(model: dunlin.Model) -> None:
    outputs = await model.run_async({"x": np.zeros(3)}, timeout=1.0)
    reveal_type(outputs)

model = dunlin.load("m.onnx", threads=dunlin.Pool(2), limits={"nodes": 3}, states=[("a", "b")])
outputs, report = model.session().run_with_report(np.zeros(3), out={"y": np.zeros(3)}, cancel=dunlin.Cancel())
facts: dict[str, object] = report.to_dict()
names: list[str] = [port.name for port in model.inputs]
session = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
kinds: list[str] = [arg.type for arg in session.get_inputs()]
try:
    model.run(1)
except dunlin.ShapeError as error:
    node: str | None = error.node
'''

WRONG = """
import dunlin
dunlin.load("m.onnx", thread=1)
dunlin.load("m.onnx", fallback="maybe")
dunlin.load("m.onnx").run(1, timeout="soon")
"""


def run(*arguments, cwd):
    home = pathlib.Path(dunlin.__file__).parents[1]
    environment = os.environ if home.name == "site-packages" else os.environ | {"MYPYPATH": str(home)}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_programs_check(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    right = run("mypy", "--strict", "right.py", cwd=tmp_path)
    assert right.returncode == 0, right.stdout + right.stderr
    assert "dict[" in right.stdout
    wrong = run("mypy", "--strict", "wrong.py", cwd=tmp_path)
    assert wrong.stdout.count("error:") == 3, wrong.stdout + wrong.stderr


def test_the_package_checks(tmp_path):
    pytest.importorskip("mypy")
    checked = run("mypy", "--strict", "--ignore-missing-imports", "--package", "dunlin", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_stubs_say_what_there_is(tmp_path):
    pytest.importorskip("mypy")
    tested = run("mypy.stubtest", "dunlin._dunlin", "--ignore-disjoint-bases", cwd=tmp_path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_everything_is_documented():
    for name in dunlin.__all__:
        thing = getattr(dunlin, name)
        assert isinstance(thing, str) or thing.__doc__, name
        for method in () if isinstance(thing, str) else vars(thing) if isinstance(thing, type) else ():
            if not method.startswith("_") and not issubclass(thing, BaseException):
                assert getattr(thing, method).__doc__, f"{name}.{method}"
