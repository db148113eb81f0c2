"""The exceptions: one class for each kind of error, each also the built-in one that fits."""

from __future__ import annotations


class Error(Exception):
    """What went wrong, where, and what to do about it.

    kind is one of the names in Dunlin's table of errors, such as "shape"; message says what is wrong without the place. node and operator say
    where in the model it is, file and offset (in bytes) where in its file, hint what to do; each is None if there is nothing to say.
    """

    kind: str = "internal"
    message: str = ""
    node: str | None = None
    operator: str | None = None
    file: str | None = None
    offset: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.message


class IoError(Error, OSError):
    """A file could not be opened or read."""


class FormatError(Error, ValueError):
    """The bytes are not a model, or damaged."""


class UnsupportedError(Error, NotImplementedError):
    """The model needs something that Dunlin does not have."""


class GraphError(Error, ValueError):
    """The model's graph is not well formed."""


class ShapeError(Error, ValueError):
    """Shapes within the model, or of its inputs, do not fit."""


class DTypeError(Error, TypeError):
    """Element types do not fit."""


class InputError(Error, ValueError):
    """An input or an argument is missing, unknown, or has values that are not allowed."""


class OutOfMemoryError(Error, MemoryError):
    """No memory."""


class LimitError(Error):
    """One of the limits was reached."""


class NotFoundError(Error, LookupError):
    """Something that was asked for by name does not exist."""


class FileMissingError(NotFoundError, FileNotFoundError):
    """The model's file does not exist."""


class IntegrityError(Error, ValueError):
    """Contents do not match their checksum or reference."""


class PlacementError(Error, RuntimeError):
    """A node cannot run on the device, and falling back is denied."""


class DeviceError(Error, RuntimeError):
    """The device failed, or there is none of this name."""


class CancelledError(Error):
    """The load or run was cancelled."""


class DeadlineError(Error, TimeoutError):
    """The load's or run's time was over."""


class InternalError(Error, RuntimeError):
    """A bug in Dunlin."""


class BusyError(Error, RuntimeError):
    """The session is in the middle of another call."""


_CLASSES: dict[str, type[Error]] = {
    "io": IoError,
    "format": FormatError,
    "unsupported": UnsupportedError,
    "graph": GraphError,
    "shape": ShapeError,
    "dtype": DTypeError,
    "input": InputError,
    "out-of-memory": OutOfMemoryError,
    "limit": LimitError,
    "not-found": NotFoundError,
    "integrity": IntegrityError,
    "placement": PlacementError,
    "device": DeviceError,
    "cancelled": CancelledError,
    "deadline": DeadlineError,
    "internal": InternalError,
    "busy": BusyError,
}


def make(
    kind: str,
    text: str,
    message: str,
    file: str | None = None,
    node: str | None = None,
    operator: str | None = None,
    offset: int | None = None,
    hint: str | None = None,
) -> Error:
    """The exception for an error of the library's."""
    made = FileMissingError if kind == "not-found" and file is not None else _CLASSES.get(kind, Error)
    error = made(text)
    error.kind, error.message, error.file = kind, message, file
    error.node, error.operator, error.offset, error.hint = node, operator, offset, hint
    return error


def busy(message: str) -> Error:
    """The exception for a second call of a session."""
    return make("busy", message, message)
