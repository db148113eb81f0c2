"""ONNX's own test runner on `dunlin.backend`, held against the table of tests that are known to fail: onnx_backend.py TABLE

The table is that of `cargo xtask conformance`, rows of backend, test and reason. Where this runner cannot agree with it, by its nature, DIFFERS
says why. Ends with 1 if a test newly fails or passes.
"""

from __future__ import annotations

import re
import sys
import unittest
import warnings
from collections.abc import Iterator

import dunlin.backend
from onnx.backend.test import BackendTest

SUITES = {
    "OnnxBackendNodeModelTest": "node",
    "OnnxBackendSimpleModelTest": "simple",
    "OnnxBackendPyTorchConvertedModelTest": "pytorch-converted",
    "OnnxBackendPyTorchOperatorModelTest": "pytorch-operator",
    "OnnxBackendRealModelTest": "light",
}

# Tests that fail here and not natively, or the other way round: patterns, and why.
DIFFERS = [
    (
        r"node/test_(bernoulli|training_dropout).*",
        "what is drawn at random cannot be the expected values, which this runner compares; the native one looks at types, shapes and shares",
    ),
    ("node/test_loop16_seq_none", "this runner cannot compare a sequence that holds a scalar: it asks for its length"),
]


class Outcomes(unittest.TestResult):
    """Which tests ran, and why some failed."""

    def __init__(self) -> None:
        super().__init__()
        self.n_run = 0
        self.failed: dict[str, str] = {}

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.n_run += 1

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        # The runner leaves out what does not load.
        self.failed[name_of(test)] = reason

    def addFailure(self, test: unittest.TestCase, error: object) -> None:
        self._fail(test, error)

    def addError(self, test: unittest.TestCase, error: object) -> None:
        self._fail(test, error)

    def _fail(self, test: unittest.TestCase, error: object) -> None:
        text = str(error[1]).strip()  # type: ignore[index]
        self.failed[name_of(test)] = next(iter(text.splitlines()), type(error[1]).__name__)  # type: ignore[index]


def name_of(test: unittest.TestCase) -> str:
    """As the table names it: the suite, and the name without the device."""
    return f"{SUITES[type(test).__name__]}/{test.id().rpartition('.')[2].removesuffix('_cpu')}"


def tests() -> Iterator[unittest.TestCase]:
    """All tests of the suites on the CPU."""
    for test in BackendTest(dunlin.backend, __name__).test_suite:
        if type(test).__name__ in SUITES and test.id().endswith("_cpu"):
            yield test


def expected(path: str) -> set[str]:
    with open(path, encoding="utf-8") as file:
        rows = [line.split("\t") for line in file if line.strip() and not line.startswith("#")]
    return {test for backend, test, _ in rows if backend == "cpu"}


def main() -> int:
    warnings.simplefilter("ignore")
    known, outcomes = expected(sys.argv[1]), Outcomes()
    for test in tests():
        test.run(outcomes)
    differs = lambda name: next((why for pattern, why in DIFFERS if re.fullmatch(pattern, name)), None)
    broken = {name: why for name, why in outcomes.failed.items() if name not in known and not differs(name)}
    mended = {name for name in known - set(outcomes.failed) if not differs(name)}
    elsewhere = sorted(name for name in set(outcomes.failed) ^ known if differs(name))
    for name, why in sorted(broken.items()):
        print(f"newly failing: {name}: {why[:200]}")
    for name in sorted(mended):
        print(f"newly passing: {name}")
    print(f"onnx's runner: {outcomes.n_run - len(outcomes.failed)} of {outcomes.n_run} passed; {len(known)} expected failures")
    print(f"  {len(elsewhere)} differ from the native table for the known reasons: {', '.join(elsewhere)}")
    return 1 if broken or mended or outcomes.n_run < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
