"""The few messages of the ONNX format that a generator needs, written straight as protobuf.

The ``onnx`` package writes the same bytes, but its import takes longer than all that follows until the first picture;
the tests read these messages back with it and have its checker look at them.

References:
    Protocol Buffers, "Encoding": a field is a tag (number << 3 | wire type) and a varint, four bytes, or a length and
        as many bytes.
    ONNX, ``onnx.proto``: the numbers of the fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

FLOAT, UINT8, INT64 = 1, 2, 7
_ELEMENTS = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int64): INT64}
_VALUES_ARE_EXTERNAL = 1
_FLOAT_ATTRIBUTE, _INT_ATTRIBUTE, _STRING_ATTRIBUTE, _INTS_ATTRIBUTE = 1, 2, 3, 7

Attribute = float | int | str | Sequence[int]
Shape = Sequence[int | str]
"""Sides of a tensor; a name stands for a size that is free."""


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Attribute]) -> bytes:
    """Write a NodeProto: one operation of the graph."""
    return b"".join(
        (
            *(_text(1, name) for name in inputs),
            *(_text(2, name) for name in outputs),
            _text(4, op),
            *(_bytes(5, _attribute(name, value)) for name, value in attributes.items()),
        )
    )


def tensor(name: str, values: npt.NDArray[np.generic]) -> bytes:
    """Write a TensorProto: a constant, float32, uint8 or int64, of any shape.

    Raises:
        KeyError: If its type is none of these.
    """
    sides = b"".join(_number(1, side) for side in values.shape)
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return sides + _number(2, _ELEMENTS[values.dtype]) + _text(8, name) + _bytes(9, little.tobytes())


def tensor_apart(name: str, values: npt.NDArray[np.generic]) -> bytes:
    """Write a TensorProto whose values are not in the file: the runtime is handed them under the same name.

    Raises:
        KeyError: If its type is not float32, uint8 or int64.
    """
    sides = b"".join(_number(1, side) for side in values.shape)
    where = _text(1, "location") + _text(2, "handed over")
    kind = _number(2, _ELEMENTS[values.dtype])
    return sides + kind + _text(8, name) + _bytes(13, where) + _number(14, _VALUES_ARE_EXTERNAL)


def value_info(name: str, element: int, shape: Shape) -> bytes:
    """Write a ValueInfoProto: an input or output of the graph."""
    sides = (_text(2, side) if isinstance(side, str) else _number(1, side) for side in shape)
    dims = b"".join(_bytes(1, side) for side in sides)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, element) + _bytes(2, dims)))


def model(
    nodes: Iterable[bytes],
    constants: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    *,
    opset: int,
    ir_version: int,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Write a ModelProto around one graph; `metadata` is text that the file carries along."""
    graph = b"".join(
        (
            *(_bytes(1, each) for each in nodes),
            _text(2, "graph"),
            *(_bytes(5, each) for each in constants),
            *(_bytes(11, each) for each in inputs),
            *(_bytes(12, each) for each in outputs),
        )
    )
    operators = _text(1, "") + _number(2, opset)
    notes = b"".join(_bytes(14, _text(1, key) + _text(2, value)) for key, value in (metadata or {}).items())
    return _number(1, ir_version) + _text(2, "latentlab") + _bytes(7, graph) + _bytes(8, operators) + notes


def _attribute(name: str, value: Attribute) -> bytes:
    start = _text(1, name)
    match value:
        case float():
            return start + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, _FLOAT_ATTRIBUTE)
        case int():
            return start + _number(3, value) + _number(20, _INT_ATTRIBUTE)
        case str():
            return start + _text(4, value) + _number(20, _STRING_ATTRIBUTE)
    return start + b"".join(_number(8, each) for each in value) + _number(20, _INTS_ATTRIBUTE)


def _number(field: int, value: int) -> bytes:
    # Negative numbers are written as their 64-bit complement.
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
