"""Options of sessions and runs, with ONNX Runtime's names."""

from __future__ import annotations

import enum
from typing import Any

from .. import Cancel


class GraphOptimizationLevel(enum.Enum):
    """Accepted; ORT_DISABLE_ALL, too: Dunlin's answers do not depend on its optimiser."""

    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode(enum.Enum):
    """Accepted: Dunlin runs one node after the other, each on all threads."""

    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class ExecutionOrder(enum.Enum):
    """Accepted: the order does not change answers."""

    DEFAULT = 0
    PRIORITY_BASED = 1
    MEMORY_EFFICIENT = 2


class SessionOptions:
    """How a session is made. `intra_op_num_threads` is heeded; the other attributes are accepted, see the module's rule."""

    def __init__(self) -> None:
        self.intra_op_num_threads = 0
        self.inter_op_num_threads = 0
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.execution_order = ExecutionOrder.DEFAULT
        self.enable_cpu_mem_arena = True
        self.enable_mem_pattern = True
        self.enable_mem_reuse = True
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""
        self.use_deterministic_compute = True
        self.enable_profiling = False
        self.profile_file_prefix = ""
        self.optimized_model_filepath = ""
        self._entries: dict[str, str] = {}
        self._external: dict[str, bytes] = {}

    def add_session_config_entry(self, key: str, value: str) -> None:
        """Kept, and otherwise without effect."""
        self._entries[key] = value

    def get_session_config_entry(self, key: str) -> str:
        """What `add_session_config_entry` was given."""
        if key not in self._entries:
            raise RuntimeError(f"SessionOptions does not have configuration with key: {key}")
        return self._entries[key]

    def add_external_initializers_from_files_in_memory(
        self, names: list[str], buffers: list[bytes], lengths: list[int]
    ) -> None:
        """Gives the contents of the files that the model keeps weights in."""
        for name, buffer, length in zip(names, buffers, lengths, strict=True):
            self._external[name] = bytes(memoryview(buffer)[:length])

    def add_free_dimension_override_by_name(self, name: str, size: int) -> None:
        """Accepted: shapes are specialised when they come."""

    def add_free_dimension_override_by_denotation(self, denotation: str, size: int) -> None:
        """Accepted: shapes are specialised when they come."""

    def register_custom_ops_library(self, path: str) -> None:
        """Refused."""
        raise NotImplementedError("Dunlin takes no libraries of custom operators")

    def add_initializer(self, name: str, value: Any) -> None:
        """Refused."""
        raise NotImplementedError("initializers cannot be replaced: give the model another file, or make them inputs")

    def _check(self) -> None:
        if self.enable_profiling:
            raise NotImplementedError("no profile files: dunlin.Model.run_with_report says what each node spent")
        if self.optimized_model_filepath:
            raise NotImplementedError("optimised models are not written")


class RunOptions:
    """How one run is made. `terminate` is heeded, also when another thread sets it during a run; the rest is accepted."""

    def __init__(self) -> None:
        self._cancel = Cancel()
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""
        self.only_execute_path_to_fetches = False
        self.training_mode = False
        self._entries: dict[str, str] = {}

    @property
    def terminate(self) -> bool:
        """Whether runs with these options end."""
        return self._cancel.is_cancelled

    @terminate.setter
    def terminate(self, value: bool) -> None:
        if value:
            self._cancel.cancel()
        else:
            self._cancel = Cancel()

    def add_run_config_entry(self, key: str, value: str) -> None:
        """Kept, and otherwise without effect."""
        self._entries[key] = value

    def get_run_config_entry(self, key: str) -> str:
        """What `add_run_config_entry` was given."""
        if key not in self._entries:
            raise RuntimeError(f"RunOptions does not have configuration with key: {key}")
        return self._entries[key]
