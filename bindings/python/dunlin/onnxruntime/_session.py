"""Sessions with ONNX Runtime's methods."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import dunlin

from . import _types
from ._options import RunOptions, SessionOptions
from ._value import IOBinding, OrtValue, unwrap
from .capi import onnxruntime_pybind11_state as state

_DEVICES = {"CPUExecutionProvider": "cpu", "CUDAExecutionProvider": "cuda"}


class NodeArg:
    """An input or output of a model."""

    def __init__(self, port: dunlin.Port) -> None:
        self.name = port.name
        self.type = _types.value(port.type_text)
        self.shape = list(port.shape or ())

    def __repr__(self) -> str:
        return f"NodeArg(name='{self.name}', type='{self.type}', shape={self.shape})"


class ModelMetadata:
    """What a model's file says of itself. Dunlin keeps no names of graphs and domains: they are empty."""

    def __init__(self, metadata: dunlin.Metadata) -> None:
        self.producer_name = metadata.producer
        self.version = metadata.model_version
        self.description = metadata.description
        self.custom_metadata_map = metadata.custom
        self.graph_name = ""
        self.graph_description = ""
        self.domain = ""


class InferenceSession:
    """A model, loaded and ready to run from any number of threads."""

    def __init__(
        self,
        path_or_bytes: str | os.PathLike[str] | bytes,
        sess_options: SessionOptions | None = None,
        providers: Sequence[str | tuple[str, dict[str, Any]]] | None = None,
        provider_options: Sequence[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        options = sess_options or SessionOptions()
        options._check()
        self._options = options
        self._providers = _providers(providers, provider_options)
        with state.translated():
            self._model = dunlin.load(
                path_or_bytes,
                threads=options.intra_op_num_threads,
                device=_device(self._providers[0]),
                external=options._external or None,
            )
        self._names = [port.name for port in self._model.outputs]

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        run_options: RunOptions | None = None,
    ) -> list[Any]:
        """The outputs of these names, or all, in order."""
        outputs = self._run(input_feed, run_options)
        return self._select(output_names, outputs)

    def run_async(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        callback: Any,
        user_data: Any,
        run_options: RunOptions | None = None,
    ) -> None:
        """Refused: `await dunlin.Model.run_async(...)` does it."""
        raise NotImplementedError("run_async with a callback: use dunlin.load(...).run_async and await it")

    def run_with_ort_values(
        self,
        output_names: Sequence[str] | None,
        input_dict_ort_values: Mapping[str, OrtValue],
        run_options: RunOptions | None = None,
    ) -> list[OrtValue]:
        """As `run`, with `OrtValue`s in and out."""
        feed = {name: value._value for name, value in input_dict_ort_values.items()}
        return [OrtValue(value) for value in self._select(output_names, self._run(feed, run_options))]

    def io_binding(self) -> IOBinding:
        """A set of bound inputs and outputs, for `run_with_iobinding`."""
        return IOBinding(self)

    def run_with_iobinding(self, iobinding: IOBinding, run_options: RunOptions | None = None) -> None:
        """Runs on what is bound; outputs that are bound to memory go there."""
        with state.translated():
            iobinding._run(self._model, None if run_options is None else run_options._cancel)

    def get_inputs(self) -> list[NodeArg]:
        """What the model needs."""
        return [NodeArg(port) for port in self._model.inputs if not _is_initializer(port)]

    def get_overridable_initializers(self) -> list[NodeArg]:
        """What the model takes, and has a default for."""
        return [NodeArg(port) for port in self._model.inputs if _is_initializer(port)]

    def get_outputs(self) -> list[NodeArg]:
        """What the model gives."""
        return [NodeArg(port) for port in self._model.outputs]

    def get_modelmeta(self) -> ModelMetadata:
        """What the model's file says of itself."""
        return ModelMetadata(self._model.metadata)

    def get_providers(self) -> list[str]:
        """The providers that were asked for and are there, and the CPU's."""
        return list(self._providers)

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        """None: providers have no options here."""
        return {name: {} for name in self._providers}

    def get_session_options(self) -> SessionOptions:
        """The options that the session was made with."""
        return self._options

    def set_providers(self, providers: Sequence[str], provider_options: Any = None) -> None:
        """Refused: make another session."""
        raise NotImplementedError("the providers of a session stay as they are: make another session")

    def enable_fallback(self) -> None:
        """Accepted: nodes that a device cannot run fall back to the CPU."""

    def disable_fallback(self) -> None:
        """Accepted: it concerns ONNX Runtime's sessions that cannot be made."""

    def end_profiling(self) -> str:
        """Refused."""
        raise NotImplementedError("no profile files: dunlin.Model.run_with_report says what each node spent")

    def _run(self, feed: Mapping[str, Any], run_options: RunOptions | None) -> dict[str, Any]:
        feed = {name: unwrap(value) for name, value in feed.items()}
        with state.translated():
            if run_options is None:
                return self._model.run(feed)
            return self._model.run(feed, cancel=run_options._cancel)

    def _select(self, names: Sequence[str] | None, outputs: dict[str, Any]) -> list[Any]:
        if not names:
            return list(outputs.values())
        for name in names:
            if name not in outputs:
                raise state.InvalidArgument(f"Invalid output name: {name}; there are {self._names}")
        return [outputs[name] for name in names]


def _is_initializer(port: dunlin.Port) -> bool:
    return port.is_optional and not port.type_text.startswith("optional ")


def _providers(
    asked: Sequence[str | tuple[str, dict[str, Any]]] | None, options: Sequence[dict[str, Any]] | None
) -> list[str]:
    from . import get_available_providers

    if asked is None:
        return ["CPUExecutionProvider"]
    if options is not None and len(options) != len(asked):
        raise ValueError("'providers' and 'provider_options' should be the same length if both are given.")
    names = [provider if isinstance(provider, str) else provider[0] for provider in asked]
    for name in names:
        if name not in _DEVICES:
            raise ValueError(f"Dunlin has no provider {name!r}; there are {get_available_providers()}")
    there = [name for name in dict.fromkeys(names) if name in get_available_providers()]
    return [*there, *(["CPUExecutionProvider"] if "CPUExecutionProvider" not in there else [])]


def _device(provider: str) -> str:
    return _DEVICES[provider]
