"""The extension module's types."""

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, final

import numpy.typing as npt

__all__ = [
    "Cancel",
    "Memory",
    "Metadata",
    "Model",
    "Pool",
    "Port",
    "Report",
    "Session",
    "Tensor",
    "__version__",
    "devices",
    "has",
    "instruction_set",
    "load",
]

__version__: str

class _Buffer(Protocol):
    def __buffer__(self, flags: int, /) -> memoryview: ...

class _Readable(Protocol):
    def read(self) -> bytes: ...

_Source: TypeAlias = str | os.PathLike[str] | _Buffer | _Readable | int | Callable[[int, int], bytes]
"""Where models come from."""

_Output: TypeAlias = Any
"""An array; a list for a sequence, a dictionary for a map, None for an optional without a value."""

def instruction_set() -> str: ...
def devices() -> list[str]: ...
def has(feature: str) -> bool: ...
def load(
    source: _Source,
    *,
    offset: int = 0,
    length: int | None = None,
    threads: int | Pool | None = None,
    device: str = "cpu",
    fallback: Literal["deny", "report", "allow"] = "report",
    mapping: Literal["map", "copy"] = "map",
    limits: Mapping[str, int] | None = None,
    disabled_passes: Sequence[str] | None = None,
    states: Sequence[tuple[str, str]] | None = None,
    max_cached_shapes: int | None = None,
    cancel: Cancel | None = None,
    timeout: float | None = None,
    progress: Callable[[str, float], object] | None = None,
    log: Callable[[str, str], object] | None = None,
    log_level: Literal["warning", "info", "debug"] = "info",
    external: Mapping[str, _Buffer] | None = None,
) -> Model: ...
@final
class Cancel:
    def __new__(cls) -> Cancel: ...
    def cancel(self) -> None: ...
    def child(self) -> Cancel: ...
    @property
    def is_cancelled(self) -> bool: ...

@final
class Pool:
    def __new__(cls, n: int = 0) -> Pool: ...
    @property
    def threads(self) -> int: ...

@final
class Port:
    @property
    def name(self) -> str: ...
    @property
    def type_text(self) -> str: ...
    @property
    def dtype(self) -> str | None: ...
    @property
    def shape(self) -> tuple[int | str | None, ...] | None: ...
    @property
    def is_optional(self) -> bool: ...

@final
class Metadata:
    @property
    def ir_version(self) -> int: ...
    @property
    def model_version(self) -> int: ...
    @property
    def producer(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def opsets(self) -> dict[str, int]: ...
    @property
    def custom(self) -> dict[str, str]: ...

@final
class Memory:
    @property
    def bytes(self) -> int: ...
    @property
    def is_exact(self) -> bool: ...

@final
class Report:
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class Tensor:
    def __new__(cls, value: Any, dtype: str | None = None) -> Tensor: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def nbytes(self) -> int: ...
    def numpy(self) -> npt.NDArray[Any]: ...
    def tobytes(self) -> bytes: ...
    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]: ...
    def __dlpack__(
        self,
        *,
        stream: Any | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

@final
class Model:
    @property
    def inputs(self) -> list[Port]: ...
    @property
    def outputs(self) -> list[Port]: ...
    @property
    def metadata(self) -> Metadata: ...
    def report(self) -> Report: ...
    def memory(self, shapes: Mapping[str, Sequence[int]] | None = None) -> Memory: ...
    def session(self) -> Session: ...
    def run(
        self,
        *inputs: Any,
        out: dict[str, npt.NDArray[Any]] | None = None,
        cancel: Cancel | None = None,
        timeout: float | None = None,
        seed: int = 0,
        tensors: bool = False,
    ) -> dict[str, _Output]: ...
    def run_with_report(
        self,
        *inputs: Any,
        out: dict[str, npt.NDArray[Any]] | None = None,
        cancel: Cancel | None = None,
        timeout: float | None = None,
        seed: int = 0,
        tensors: bool = False,
    ) -> tuple[dict[str, _Output], Report]: ...
    def run_async(self, *inputs: Any, **options: Any) -> Coroutine[Any, Any, dict[str, _Output]]: ...

@final
class Session:
    @property
    def model(self) -> Model: ...
    def run(
        self,
        *inputs: Any,
        out: dict[str, npt.NDArray[Any]] | None = None,
        cancel: Cancel | None = None,
        timeout: float | None = None,
        seed: int = 0,
        tensors: bool = False,
    ) -> dict[str, _Output]: ...
    def run_with_report(
        self,
        *inputs: Any,
        out: dict[str, npt.NDArray[Any]] | None = None,
        cancel: Cancel | None = None,
        timeout: float | None = None,
        seed: int = 0,
        tensors: bool = False,
    ) -> tuple[dict[str, _Output], Report]: ...
    def run_async(self, *inputs: Any, **options: Any) -> Coroutine[Any, Any, dict[str, _Output]]: ...
    def state(self, input: str) -> _Output | None: ...
    def set_state(self, input: str, value: Any) -> None: ...
    def reset(self) -> None: ...
