"""The scenarios that every language runs: tests/scenarios/*.json, as the README there describes them."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import dunlin
import ml_dtypes
import numpy as np
import pytest
from conftest import ROOT

FILES = sorted((ROOT / "tests/scenarios").glob("*.json"))
RECORD: dict[str, Any] = {}


def dtype_of(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def read(tensor: dict) -> np.ndarray:
    if tensor["dtype"] == "string":
        return np.array(tensor["strings"], object).reshape(tensor["shape"])
    data = base64.b64decode(tensor["data"])
    return np.frombuffer(data, dtype_of(tensor["dtype"])).reshape(tensor["shape"])


def bits(array: np.ndarray) -> str:
    data = "\n".join(array.ravel()).encode() if array.dtype == object else array.tobytes()
    return base64.b64encode(data).decode()


def compare(name: str, got: np.ndarray, tensor: dict, relative: float, absolute: float) -> None:
    want = read(tensor)
    assert got.dtype == want.dtype, f"{name} is {got.dtype}, not {want.dtype}"
    assert got.shape == want.shape, f"{name} has the shape {got.shape}, not {want.shape}"
    if want.dtype == object or want.dtype == bool:
        assert got.tolist() == want.tolist(), name
    elif want.dtype.kind in "iu":
        difference = np.abs(got.astype(object) - want.astype(object))
        assert (difference <= absolute).all(), f"{name} differs by {difference.max()}"
    else:
        a, b = got.astype(np.float64), want.astype(np.float64)
        close = (np.abs(a - b) <= absolute + relative * np.abs(b)) | (a == b) | (np.isnan(a) & np.isnan(b))
        assert close.all(), f"{name} differs: {a[~close][:5]}, not {b[~close][:5]}"


def run(scenario: dict, outputs: list[dict[str, str]]) -> None:
    load = lambda: dunlin.load(
        ROOT / scenario["model"],
        threads=scenario.get("threads", 1),
        states=[tuple(pair) for pair in scenario.get("states", [])],
    )
    if "load_error" in scenario:
        with pytest.raises(dunlin.Error) as caught:
            load()
        assert caught.value.kind == scenario["load_error"]["kind"], caught.value
        return
    model = load()
    runner = model.session() if scenario["session"] else model
    assert scenario["steps"]
    for step in scenario["steps"]:
        inputs = {name: read(tensor) for name, tensor in step["inputs"].items()}
        if "error" in step:
            with pytest.raises(dunlin.Error) as caught:
                runner.run(inputs)
            assert caught.value.kind == step["error"]["kind"], caught.value
            for word in step["error"].get("mentions", []):
                assert word in str(caught.value)
            continue
        got = runner.run(inputs)
        outputs.append({name: bits(array) for name, array in got.items()})
        assert set(got) == set(step["outputs"])
        for name, tensor in step["outputs"].items():
            compare(name, got[name], tensor, step["relative"], step["absolute"])


def test_there_are_scenarios() -> None:
    assert len(FILES) > 0, "tests/scenarios holds none"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_scenario(path) -> None:
    outputs: list[dict[str, str]] = []
    why = ""
    try:
        run(json.loads(path.read_text(encoding="utf-8")), outputs)
    except BaseException as error:
        why = str(error) or type(error).__name__
        raise
    finally:
        RECORD[path.stem] = {"ok": not why, "why": why, "outputs": outputs}


def teardown_module() -> None:
    """Writes what was got to the file that the environment names."""
    if place := os.environ.get("DUNLIN_SCENARIOS_OUT"):
        record = {"target": "python", "isa": dunlin.instruction_set(), "scenarios": RECORD}
        with open(place, "w", encoding="utf-8") as file:
            json.dump(record, file)
