"""ONNX Runtime's Python interface on Dunlin: `import dunlin.onnxruntime as onnxruntime`.

Sessions, options, values and exceptions have ONNX Runtime's names and arguments. The rule for options: those that change only how fast or how
chattily ONNX Runtime works are accepted and do nothing; those that would change what a program gets (optimised models on disk, profiles, custom
operators, other devices alone) are refused with NotImplementedError.
"""

from .. import __version__, devices
from ._options import ExecutionMode, ExecutionOrder, GraphOptimizationLevel, RunOptions, SessionOptions
from ._session import InferenceSession, ModelMetadata, NodeArg
from ._value import IOBinding, OrtValue

__all__ = [
    "ExecutionMode",
    "ExecutionOrder",
    "GraphOptimizationLevel",
    "IOBinding",
    "InferenceSession",
    "ModelMetadata",
    "NodeArg",
    "OrtValue",
    "RunOptions",
    "SessionOptions",
    "__version__",
    "disable_telemetry_events",
    "enable_telemetry_events",
    "get_all_providers",
    "get_available_providers",
    "get_device",
    "get_version_string",
    "set_default_logger_severity",
    "set_default_logger_verbosity",
    "set_seed",
]


def get_available_providers() -> list[str]:
    """The providers that sessions can be given here, the preferred ones first."""
    has_cuda = any(device.startswith("cuda") for device in devices())
    return [*(["CUDAExecutionProvider"] if has_cuda else []), "CPUExecutionProvider"]


def get_all_providers() -> list[str]:
    """As `get_available_providers`: what is not here is not listed."""
    return get_available_providers()


def get_device() -> str:
    """The kind of device that this machine offers: "CPU" or "GPU"."""
    return "GPU" if "CUDAExecutionProvider" in get_available_providers() else "CPU"


def get_version_string() -> str:
    """Dunlin's version."""
    return __version__


def set_default_logger_severity(severity: int) -> None:
    """Accepted; Dunlin writes nothing by itself."""


def set_default_logger_verbosity(verbosity: int) -> None:
    """Accepted; Dunlin writes nothing by itself."""


def enable_telemetry_events() -> None:
    """Accepted; Dunlin has no telemetry."""


def disable_telemetry_events() -> None:
    """Accepted; Dunlin has no telemetry."""


def set_seed(seed: int) -> None:
    """Refused: seeds belong to runs (`dunlin.Model.run(..., seed=...)`)."""
    raise NotImplementedError("there is no seed for all sessions: dunlin.Model.run takes one for each run")
