"""ONNX Runtime's exceptions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import dunlin


class OrtException(RuntimeError):
    """What the others have in common; ONNX Runtime's own derive from RuntimeError, too. `__cause__` is Dunlin's error."""


class Fail(OrtException):
    """Something went wrong."""


class InvalidArgument(OrtException):
    """An input does not fit the model."""


class NoSuchFile(OrtException):
    """The model's file does not exist."""


class NoModel(OrtException):
    """There is no model."""


class EngineError(OrtException):
    """The device failed."""


class RuntimeException(OrtException):
    """A node failed."""


class InvalidProtobuf(OrtException):
    """The bytes are not a model."""


class ModelLoaded(OrtException):
    """The model is loaded already."""


class NotImplemented(OrtException):
    """The model needs an operator that is not there."""


class InvalidGraph(OrtException):
    """The model's graph is not well formed."""


class EPFail(OrtException):
    """A provider failed."""


class NotFound(OrtException):
    """Something does not exist."""


class ModelLoadCanceled(OrtException):
    """The load was cancelled."""


class ModelRequiresCompilation(OrtException):
    """The model must be compiled first: never raised here."""


class DeviceReset(OrtException):
    """The device was reset: never raised here."""


_CLASSES: dict[str, type[OrtException]] = {
    "io": Fail,
    "format": InvalidProtobuf,
    "unsupported": NotImplemented,
    "graph": InvalidGraph,
    "shape": InvalidArgument,
    "dtype": InvalidArgument,
    "input": InvalidArgument,
    "not-found": InvalidArgument,
    "placement": EPFail,
    "device": EPFail,
    "out-of-memory": RuntimeException,
    "limit": RuntimeException,
}


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raises Dunlin's errors as ONNX Runtime's exceptions."""
    try:
        yield
    except dunlin.FileMissingError as error:
        raise NoSuchFile(str(error)) from error
    except dunlin.Error as error:
        # An error within a node is one of the run, whatever is wrong with its operands.
        kind = "limit" if error.node is not None and error.kind in ("shape", "dtype", "input") else error.kind
        raise _CLASSES.get(kind, Fail)(str(error)) from error
