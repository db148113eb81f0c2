"""Values and bindings with ONNX Runtime's methods. All memory is the CPU's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import dunlin

from . import _types

if TYPE_CHECKING:
    from ._session import InferenceSession


class OrtValue:
    """A tensor, sequence, map or optional."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @classmethod
    def ortvalue_from_numpy(
        cls, numpy_obj: Any, device_type: str = "cpu", device_id: int = 0, vendor_id: int = -1
    ) -> OrtValue:
        """Holds the array, without a copy."""
        _check_device(device_type)
        return cls(np.asarray(numpy_obj))

    @classmethod
    def ortvalue_from_shape_and_type(
        cls, shape: Sequence[int], element_type: Any, device_type: str = "cpu", device_id: int = 0, vendor_id: int = -1
    ) -> OrtValue:
        """Zeros."""
        _check_device(device_type)
        return cls(np.zeros(tuple(shape), element_type))

    @classmethod
    def ort_value_from_sparse_tensor(cls, sparse_tensor: Any) -> OrtValue:
        """Refused."""
        raise NotImplementedError("sparse tensors are given dense")

    def numpy(self) -> Any:
        """The array."""
        if not self.is_tensor():
            raise RuntimeError("Only OrtValues that are Tensors are currently supported")
        return self._value

    def data_ptr(self) -> int:
        """The address of the elements."""
        return int(self.numpy().ctypes.data)

    def data_type(self) -> str:
        """The type, such as "tensor(float)"."""
        if not self.is_tensor():
            return "seq" if isinstance(self._value, list) else "map"
        return f"tensor({_types.element(dunlin.Tensor(self._value).dtype)})"

    def element_type(self) -> int:
        """The number of the element type in ONNX."""
        from onnx import TensorProto

        return int(TensorProto.DataType.Value(_types.element(dunlin.Tensor(self._value).dtype).upper()))

    def shape(self) -> list[int]:
        """The sizes."""
        return list(self.numpy().shape)

    def device_name(self) -> str:
        """Always "cpu"."""
        return "cpu"

    def is_tensor(self) -> bool:
        """Whether it is a tensor."""
        return isinstance(self._value, np.ndarray)

    def is_tensor_sequence(self) -> bool:
        """Whether it is a sequence of tensors."""
        return isinstance(self._value, list) and all(isinstance(item, np.ndarray) for item in self._value)

    def is_sparse_tensor(self) -> bool:
        """Never."""
        return False

    def has_value(self) -> bool:
        """Whether it is not an optional without a value."""
        return self._value is not None

    def update_inplace(self, np_arr: Any) -> None:
        """Copies the array into the value's memory."""
        np.copyto(self.numpy(), np_arr, casting="no")

    def __dlpack__(self, **arguments: Any) -> Any:
        return self.numpy().__dlpack__(**arguments)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def unwrap(value: Any) -> Any:
    """What an `OrtValue` holds, or the value."""
    return value._value if isinstance(value, OrtValue) else value


class IOBinding:
    """Inputs and outputs of a run, by name, set once and used any number of times."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}
        self._given: dict[str, Any] = {}

    def bind_cpu_input(self, name: str, arr_on_cpu: Any) -> None:
        """Binds an array."""
        self._inputs[name] = arr_on_cpu

    def bind_ortvalue_input(self, name: str, ortvalue: OrtValue) -> None:
        """Binds a value."""
        self._inputs[name] = ortvalue._value

    def bind_input(
        self, name: str, device_type: str, device_id: int, element_type: Any, shape: Sequence[int], buffer_ptr: int
    ) -> None:
        """Refused: addresses cannot be checked; `bind_cpu_input` takes arrays without a copy."""
        raise NotImplementedError("memory is bound as arrays: bind_cpu_input, bind_ortvalue_input")

    def bind_output(
        self,
        name: str,
        device_type: str = "cpu",
        device_id: int = 0,
        element_type: Any = None,
        shape: Sequence[int] | None = None,
        buffer_ptr: int | None = None,
    ) -> None:
        """Asks for an output, in memory of Dunlin's."""
        _check_device(device_type)
        if buffer_ptr is not None:
            raise NotImplementedError("memory is bound as arrays: bind_ortvalue_output")
        self._outputs[name] = None

    def bind_ortvalue_output(self, name: str, ortvalue: OrtValue) -> None:
        """Asks for an output, in the value's memory."""
        self._outputs[name] = ortvalue.numpy()

    def synchronize_inputs(self) -> None:
        """Nothing to wait for."""

    def synchronize_outputs(self) -> None:
        """Nothing to wait for."""

    def get_outputs(self) -> list[OrtValue]:
        """The outputs of the latest run, in the order in which they were bound."""
        return [OrtValue(self._given[name]) for name in self._outputs]

    def copy_outputs_to_cpu(self) -> list[Any]:
        """The outputs of the latest run as arrays."""
        return [self._given[name] for name in self._outputs]

    def clear_binding_inputs(self) -> None:
        """Forgets the inputs."""
        self._inputs.clear()

    def clear_binding_outputs(self) -> None:
        """Forgets the outputs."""
        self._outputs.clear()
        self._given.clear()

    def _run(self, model: dunlin.Model, cancel: dunlin.Cancel | None) -> None:
        bound = {name: array for name, array in self._outputs.items() if array is not None}
        if bound and len(bound) == len(self._outputs):
            self._given = model.run(self._inputs, out=bound, cancel=cancel)
            return
        given = model.run(self._inputs, cancel=cancel)
        for name, array in bound.items():
            np.copyto(array, given[name], casting="no")
            given[name] = array
        self._given = given


def _check_device(device_type: str) -> None:
    if device_type.lower() not in ("cpu", "cuda_pinned"):
        raise NotImplementedError(f"memory of {device_type}: Dunlin's values lie in the CPU's memory")
