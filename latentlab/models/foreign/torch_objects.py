"""What the names in a PyTorch checkpoint stand for: tensors, parameters, numpy arrays and ordered dictionaries.

The list is closed. A name that is not on it becomes a `Stub`, whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from latentlab.models.foreign.pickle_values import Dict, Global, Stub
from latentlab.models.foreign.tensors import DTYPES, ELEMENTS, Storage, Tensor, view, whole_view

_NUMPY_CODES = frozenset(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"])


@dataclass(frozen=True)
class StorageReference:
    """What a checkpoint says of a storage that lies elsewhere in the file.

    Attributes:
        element: numpy's code of one number, or bfloat16.
        key: Its name in the file.
        count: How many numbers it claims to hold.
        part: Name, offset and length of a part of it, in numbers, as the oldest files know; else None.
    """

    element: str
    key: str
    count: int
    part: tuple[str, int, int] | None


@dataclass(eq=False)
class _NumpyType:
    code: str
    big_endian: bool = False


class TorchObjects:
    """The `Builder` of PyTorch checkpoints.

    Args:
        storage: Finds a storage in the file.
        nested: Reads a storage that was pickled as a file within the file.
    """

    def __init__(self, storage: Callable[[StorageReference], Storage], nested: Callable[[bytes], object]) -> None:
        self._storage = storage
        self._nested = nested
        self._known: dict[str, Callable[..., object]] = {
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_tensor_v3": self._typed_tensor,
            "torch._utils._rebuild_parameter": _first,
            "torch._utils._rebuild_parameter_with_state": _first,
            "torch._utils._rebuild_device_tensor_from_numpy": _first,
            "torch._utils._rebuild_device_tensor_from_cpu_tensor": _first,
            "torch.nn.parameter.Parameter": _first,
            "torch.nn.parameter.Buffer": _first,
            "torch._tensor._rebuild_from_type_v2": self._subclass,
            "torch.storage._load_from_bytes": self._from_bytes,
            "torch.Size": _first,
            "collections.OrderedDict": _dictionary,
            "collections.defaultdict": lambda *_: Dict(),
            "_codecs.encode": _encoded,
            "numpy.dtype": _numpy_type,
        }
        for core in ("numpy.core", "numpy._core"):
            self._known[f"{core}.multiarray._reconstruct"] = lambda *_: Tensor()
            self._known[f"{core}.multiarray.scalar"] = _numpy_scalar
            self._known[f"{core}.numeric._frombuffer"] = _numpy_from_buffer

    def called(self, function: Global, arguments: tuple[Any, ...]) -> object:
        """Return what stands for the result of a call; see `Builder.called`."""
        known = self._known.get(str(function))
        if known is None:
            return Stub(function, arguments)
        try:
            return known(*arguments)
        except TypeError as error:
            raise ValueError(f"{function} is given what it does not take") from error

    def stored(self, reference: object) -> object:
        """Return the storage that a persistent reference names, or the class of a module; see `Builder.stored`."""
        match reference:
            case ("storage", Global() as kind, str(key), _, int(size), *rest):
                part = rest[0] if rest else None
                return self._storage(StorageReference(_element_of(kind), key, size, _part(part)))
            case ("module", kind, *_):
                return kind
        return Stub(Global("", "persistent reference"), (reference,))

    def filled(self, value: object, state: object) -> bool:
        """Give a numpy array or type its contents; see `Builder.filled`."""
        match value, state:
            case _NumpyType(), (_, str(order), *_):
                value.big_endian = order == ">"
            case Tensor(storage=None), (_, tuple(shape), _NumpyType() as kind, fortran, raw):
                _fill(value, shape, kind, bool(fortran), raw)
            case ((Tensor() | Storage() | _NumpyType()), _):
                pass
            case _:
                return False
        return True

    def _tensor(self, storage: object, offset: object, shape: object, strides: object, *_: object) -> object:
        if not isinstance(storage, Storage):
            return Stub(Global("torch", "Tensor"))
        return view(storage, storage.element, offset, shape, strides)

    def _typed_tensor(
        self,
        storage: object,
        offset: object,
        shape: object,
        strides: object,
        grad: object,
        hooks: object,
        kind: object,
        *_: object,
    ) -> object:
        element = DTYPES.get(kind.name) if isinstance(kind, Global) else None
        if not isinstance(storage, Storage) or element is None:
            return Stub(Global("torch", "Tensor"))
        return view(storage, element, offset, shape, strides)

    def _subclass(self, function: object, kind: object, arguments: object, *_: object) -> object:
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise ValueError("a tensor of a class of its own is damaged")
        if function.name.startswith("_rebuild_from_type"):
            raise ValueError("a tensor is wrapped in itself")
        return self.called(function, arguments)

    def _from_bytes(self, raw: object) -> object:
        if not isinstance(raw, bytes | bytearray):
            raise ValueError("a storage within the pickle is no row of bytes")
        return self._nested(bytes(raw))


def _element_of(kind: Global) -> str:
    if kind.name == "UntypedStorage":
        return "u1"
    element = ELEMENTS.get(kind.name.removesuffix("Storage"))
    if element is None:
        raise ValueError(f"its tensors are of the kind {kind}, which a generator does not have")
    return element


def _part(part: object) -> tuple[str, int, int] | None:
    match part:
        case None:
            return None
        case (str(key), int(offset), int(size)) if offset >= 0 and size >= 0:
            return key, offset, size
    raise ValueError("a part of a storage is described wrongly")


def _first(value: object, *_: object) -> object:
    return value


def _dictionary(pairs: object = (), *_: object) -> Dict:
    made = Dict()
    for pair in pairs if isinstance(pairs, list | tuple) else ():
        match pair:
            case [str(key), value] | (str(key), value):
                made[key] = value
    return made


def _encoded(text: object, encoding: object = "", *_: object) -> object:
    # How protocols below 3 spell bytes.
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("bytes are spelled in an unknown way")
    return text.encode("latin1")


def _numpy_type(code: object, *_: object) -> object:
    if isinstance(code, str) and code.lstrip("<>=|") in _NUMPY_CODES:
        return _NumpyType(code.lstrip("<>=|"), code.startswith(">"))
    return Stub(Global("numpy", "dtype"), (code,))


def _numpy_scalar(kind: object, raw: object = b"", *_: object) -> object:
    if not isinstance(kind, _NumpyType) or not isinstance(raw, bytes):
        return Stub(Global("numpy", "scalar"))
    order = np.dtype(kind.code).newbyteorder(">" if kind.big_endian else "<")
    if len(raw) != order.itemsize:
        raise ValueError("a number of numpy's has the wrong length")
    return np.frombuffer(raw, order)[0].item()


def _numpy_from_buffer(raw: object, kind: object, shape: object, order: object, *_: object) -> object:
    made = Tensor()
    if isinstance(kind, _NumpyType) and isinstance(shape, tuple):
        _fill(made, shape, kind, order == "F", raw)
    return made


def _fill(array: Tensor, shape: tuple[Any, ...], kind: _NumpyType, fortran: bool, raw: object) -> None:
    held = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(held, bytes | bytearray):
        raise ValueError("an array of numpy's holds no numbers")
    code = "?" if kind.code == "b1" else kind.code
    content = bytes(held)
    storage = Storage(code, len(content), lambda: content, kind.big_endian)
    filled = whole_view(storage, code, shape, fortran)
    array.shape, array.strides, array.element, array.storage = filled.shape, filled.strides, code, storage
