"""The backend interface of the package onnx, by which its own tests run Dunlin: `BackendTest(dunlin.backend, __name__)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnx.backend.base import Backend as _Backend
from onnx.backend.base import BackendRep as _BackendRep
from onnx.backend.base import Device, DeviceType, namedtupledict

import dunlin


class Prepared(_BackendRep):
    """A loaded model."""

    def __init__(self, model: dunlin.Model) -> None:
        self._model = model

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Runs on inputs in order, or by name in a dictionary; the outputs in order, also by name."""
        outputs = self._model.run(inputs) if isinstance(inputs, dict) else self._model.run(*_listed(inputs))
        names = [name or f"output_{i}" for i, name in enumerate(outputs)]
        made: tuple[Any, ...] = namedtupledict("Outputs", names)(*outputs.values())
        return made


class Backend(_Backend):
    """ONNX's backend interface."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the model loads."""
        try:
            _load(model, device)
        except dunlin.Error:
            return False
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        """Loads the model."""
        return Prepared(_load(model, device, **kwargs))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """Loads and runs."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Runs one node, as a model that holds nothing else."""
        super().run_node(node, inputs, device=device, outputs_info=outputs_info, **kwargs)
        values = list(inputs.values()) if isinstance(inputs, dict) else _listed(inputs)
        names = [name for name in node.input if name]
        feed = [_info(name, value) for name, value in zip(names, values, strict=True)]
        outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = onnx.helper.make_graph([node], "node", feed, outputs)
        versions = {"opset_imports": [onnx.helper.make_opsetid("", kwargs["opset_version"])]} if "opset_version" in kwargs else {}
        return cls.run_model(onnx.helper.make_model(graph, **versions), values, device)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether models can run on the device here."""
        return _device(device) in dunlin.devices()


def _info(name: str, value: Any) -> onnx.ValueInfoProto:
    tensor = dunlin.Tensor(value)
    dtype = onnx.helper.np_dtype_to_tensor_dtype(tensor.numpy().dtype)
    return onnx.helper.make_tensor_value_info(name, dtype, tensor.shape)


def _listed(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]


def _device(text: str) -> str:
    device = Device(text)
    return "cpu" if device.type == DeviceType.CPU else f"cuda:{device.device_id}"


def _load(model: onnx.ModelProto, device: str, **options: Any) -> dunlin.Model:
    return dunlin.load(model.SerializeToString(), device=_device(device), **options)


is_compatible = Backend.is_compatible
prepare = Backend.prepare
run_model = Backend.run_model
run_node = Backend.run_node
supports_device = Backend.supports_device
