"""The names that ONNX Runtime gives types."""

from __future__ import annotations

_ELEMENTS = {
    "float32": "float",
    "float64": "double",
    "float8e4m3fn": "float8e4m3fn",
    "float8e4m3fnuz": "float8e4m3fnuz",
}


def element(dtype: str) -> str:
    """An element type, such as "float" for float32."""
    return _ELEMENTS.get(dtype, dtype)


def value(text: str) -> str:
    """A type as ONNX Runtime prints it, such as "seq(map(int64,tensor(float)))", of Dunlin's "sequence of map of int64 to float32[]"."""
    if text.startswith("sequence of "):
        return f"seq({value(text.removeprefix('sequence of '))})"
    if text.startswith("optional "):
        return f"optional({value(text.removeprefix('optional '))})"
    if text.startswith("map of "):
        key, _, of = text.removeprefix("map of ").partition(" to ")
        return f"map({element(key)},{value(of)})"
    return f"tensor({element(text.partition('[')[0])})"
