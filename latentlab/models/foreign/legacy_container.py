"""The file that PyTorch wrote before 1.6 (and on request since): pickles and raw storages, one behind the other."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from latentlab.models.foreign.bounded_file import BoundedFile
from latentlab.models.foreign.pickle_machine import Machine
from latentlab.models.foreign.tensors import Storage, item_bytes
from latentlab.models.foreign.torch_objects import StorageReference, TorchObjects

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_MAGIC_BYTES = MAGIC.to_bytes(10, "little")
_LENGTH = struct.Struct("<q")


class _Places:
    """Where each storage lies, known only once the pickle that refers to them is over."""

    def __init__(self, file: BoundedFile) -> None:
        self._file = file
        self._claimed: dict[str, int] = {}
        self._at: dict[str, int] = {}

    def storage(self, reference: StorageReference) -> Storage:
        size = item_bytes(reference.element)
        if not 0 <= reference.count * size <= self._file.size:
            raise ValueError(f"a storage claims {reference.count} numbers in a file of {self._file.size} bytes")
        self._claimed[reference.key] = reference.count * size
        first, count = 0, reference.count
        if reference.part:
            _, first, count = reference.part
            if first + count > reference.count:
                raise ValueError("a part of a storage reaches beyond it")
        return Storage(reference.element, count * size, self._reader(reference.key, first * size, count * size))

    def locate(self, keys: object) -> None:
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError("its list of storages is damaged")
        for key in keys:
            claimed = self._claimed.get(key)
            if claimed is None:
                raise ValueError("its list of storages names one that no tensor uses")
            start = self._file.read(_LENGTH.size)
            if len(start) != _LENGTH.size:
                raise ValueError("the file ends too early, within its tensors")
            at = self._file.tell()
            if at + claimed > self._file.size:
                raise ValueError(f"the file ends too early: a storage of {claimed} bytes is cut off")
            # The length counts numbers, not bytes; both must agree with what the pickle says.
            count = _LENGTH.unpack(start)[0]
            if claimed and (count <= 0 or claimed % count):
                raise ValueError("a storage has another length than its tensors")
            self._at[key] = at
            self._file.seek(at + claimed)

    def _reader(self, key: str, first: int, size: int) -> Callable[[], bytes]:
        def read() -> bytes:
            at = self._at.get(key)
            if at is None:
                raise ValueError("a tensor's storage is missing")
            return self._file.read_at(at + first, size)

        return read


def is_legacy(start: bytes) -> bool:
    """Tell whether a file starts with the pickled magic number."""
    return _MAGIC_BYTES in start[:32]


def read_legacy(file: BoundedFile, nested: Callable[[bytes], object]) -> object:
    """Read the value that a legacy file holds; its tensors are read when they are asked for.

    Args:
        file: Positioned at the start.
        nested: See `TorchObjects`.

    Raises:
        ValueError: If it is damaged or ends too early.
    """
    places = _Places(file)
    objects = TorchObjects(places.storage, nested)
    parts: list[Any] = [Machine(file, objects).run() for _ in range(3)]
    magic, protocol, system = parts
    if magic != MAGIC or protocol != PROTOCOL:
        raise ValueError("it is of a version of PyTorch's format that does not exist")
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise ValueError("it was written on a big-endian machine")
    value = Machine(file, objects).run()
    places.locate(Machine(file, objects).run())
    return value
