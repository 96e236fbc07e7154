"""Tensors of foreign files: where their numbers lie, read into numpy arrays when they are asked for, never sooner.

Every size is checked before anything is allocated: a file can claim what it likes and costs no more memory than it
holds itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

MAX_DIMENSIONS = 8
MAX_REPEATED = 2**20
"""A view may repeat what it shows (stride 0) up to so many numbers; a larger one must fit into its storage."""

BFLOAT16 = "bfloat16"
ELEMENTS: dict[str, str] = {
    "Double": "f8",
    "Float": "f4",
    "Half": "f2",
    "BFloat16": BFLOAT16,
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}
"""The names of torch's storage classes, ahead of ``Storage``, to numpy's codes."""

DTYPES: dict[str, str] = {
    "float64": "f8",
    "double": "f8",
    "float32": "f4",
    "float": "f4",
    "float16": "f2",
    "half": "f2",
    "bfloat16": BFLOAT16,
    "int64": "i8",
    "long": "i8",
    "int32": "i4",
    "int": "i4",
    "int16": "i2",
    "short": "i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "?",
}
"""The names of torch's dtypes to numpy's codes."""


def item_bytes(element: str) -> int:
    """Return the size of one number in bytes."""
    return 2 if element == BFLOAT16 else np.dtype(element).itemsize


@dataclass(frozen=True, eq=False)
class Storage:
    """A row of bytes in a file.

    Attributes:
        element: numpy's code of one number, or `BFLOAT16`; ``u1`` where the view decides.
        size_bytes: How many bytes it has, already checked against the file.
        read: Reads them.
        big_endian: Whether numbers are stored highest byte first.
    """

    element: str
    size_bytes: int
    read: Callable[[], bytes]
    big_endian: bool = False


@dataclass(eq=False)
class Tensor:
    """A view into a storage, in numbers: shape, strides and offset.

    It is empty, with `storage` None, while a pickle has announced a numpy array whose contents are still to come.
    """

    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    offset: int = 0
    element: str = "f4"
    storage: Storage | None = None

    @property
    def count(self) -> int:
        """Return how many numbers the tensor shows."""
        return math.prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Return whether its numbers are of a floating-point type."""
        return self.element in ("f2", "f4", "f8", BFLOAT16)

    def array(self) -> npt.NDArray[Any]:
        """Read the numbers into an array of their own; bfloat16 becomes float32.

        Raises:
            ValueError: If the file ends too early or is damaged.
        """
        if self.storage is None:
            raise ValueError("an array is announced but not there")
        raw = self.storage.read()
        if len(raw) != self.storage.size_bytes:
            raise ValueError(f"a tensor has {len(raw)} bytes of {self.storage.size_bytes}")
        order: Literal[">", "<"] = ">" if self.storage.big_endian else "<"
        code = "u2" if self.element == BFLOAT16 else self.element
        whole = len(raw) // item_bytes(self.element)
        numbers = np.frombuffer(raw, np.dtype(code).newbyteorder(order), whole)
        size = numbers.itemsize
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.shape, tuple(stride * size for stride in self.strides), writeable=False
        )
        if self.element == BFLOAT16:
            return (view.astype(np.uint32) << 16).view(np.float32)
        return view.astype(np.dtype(code), order="C")


def view(storage: Storage, element: str, offset: object, shape: object, strides: object) -> Tensor:
    """Lay a tensor over a storage.

    Args:
        storage: What it looks into.
        element: numpy's code of one number, or `BFLOAT16`.
        offset: As the file gives it, in numbers.
        shape: As the file gives it.
        strides: As the file gives them, in numbers.

    Raises:
        ValueError: If they are no whole numbers, reach beyond the storage or repeat it beyond reason.
    """
    sides, steps = _whole_numbers(shape), _whole_numbers(strides)
    (first,) = _whole_numbers((offset,))
    if len(sides) != len(steps) or len(sides) > MAX_DIMENSIONS:
        raise ValueError(f"a tensor has {len(sides)} sides and {len(steps)} strides")
    if math.prod(max(side, 1) for side in sides) > 2**40 or max((*steps, first), default=0) > 2**40:
        raise ValueError("a tensor claims to be larger than any file")
    count = math.prod(sides)
    held = storage.size_bytes // item_bytes(element)
    last = first + sum((side - 1) * step for side, step in zip(sides, steps, strict=True))
    if first > held or (count and last >= held):
        raise ValueError(f"a tensor reaches to number {last + 1} of a storage of {held}")
    if count > max(held, MAX_REPEATED):
        raise ValueError(f"a tensor shows {count} numbers of a storage of {held}")
    return Tensor(sides, steps, first, element, storage)


def whole_view(storage: Storage, element: str, shape: Sequence[int], fortran: bool = False) -> Tensor:
    """Lay a contiguous tensor over a whole storage; see `view`."""
    sides = _whole_numbers(shape)
    strides, step = [], 1
    for side in sides if fortran else reversed(sides):
        strides.append(step)
        step *= max(side, 1)
    return view(storage, element, 0, sides, strides if fortran else strides[::-1])


def _whole_numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or not all(type(value) is int and value >= 0 for value in values):
        raise ValueError("a tensor's shape, strides or offset are not whole numbers")
    return tuple(values)
