"""The one way into a file from elsewhere: its values, with tensors that are read when they are asked for.

Nothing that the file names is imported or called. What no checkpoint is gets one line that says what it is.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from latentlab.errors import ModelFileError
from latentlab.models.foreign.bounded_file import BoundedFile
from latentlab.models.foreign.legacy_container import is_legacy, read_legacy
from latentlab.models.foreign.pickle_machine import Machine
from latentlab.models.foreign.pickle_values import Dict
from latentlab.models.foreign.tensors import DTYPES, Storage, Tensor, item_bytes, whole_view
from latentlab.models.foreign.torch_objects import StorageReference, TorchObjects
from latentlab.models.foreign.zip_container import ZipContainer

Container = Literal["zip", "script", "legacy", "pickle", "safetensors"]

MAX_PICKLE_BYTES = 2**28
MAX_HEADER_BYTES = 2**24
_PICKLE_STARTS = (b"\x80", b"(", b"}", b"]", b"c")
_SAFETENSORS_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_SAVE_AGAIN = "Save the generator's weights with torch.save(netG.state_dict(), 'netG.pth')."
_OTHER_FILES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "is a PNG image, not a model", ""),
    (b"\xff\xd8\xff", "is a JPEG image, not a model", ""),
    (b"GIF8", "is a GIF image, not a model", ""),
    (b"%PDF", "is a PDF document, not a model", ""),
    (b"\x89HDF", "is an HDF5 file, as Keras writes them", "Export the generator to ONNX with tf2onnx, and open that."),
    (b"GGUF", "is a language model (GGUF), not a generator of pictures", ""),
    (b"\x93NUMPY", "is an array of numpy's (.npy), not a model", ""),
    (b"version https://git-lfs", "is a Git LFS pointer, not the model itself", "Fetch it with git lfs pull."),
    (b"<", "is a web page or XML, not a model", "A download may have saved a page that asks for something."),
    (b"\x1f\x8b", "is packed with gzip", "Unpack it first."),
    (b"7z\xbc\xaf", "is a 7z archive", "Unpack it first."),
    (b"Rar!", "is a RAR archive", "Unpack it first."),
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file holds.

    Attributes:
        value: Dictionaries, lists, plain values, `Tensor`s, and `Stub`s for objects of other classes.
        container: How it was packed.
    """

    value: object
    container: Container


@contextmanager
def opened(path: Path) -> Iterator[Checkpoint]:
    """Open a checkpoint; tensors can be read as long as the block runs.

    Whatever goes wrong within the block for the file's sake, a `ValueError`, is reported as the file's fault.

    Raises:
        ModelFileError: If it cannot be read, is damaged, cut off, or something else.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            yield _checkpoint(path, file, size)
    except FileNotFoundError:
        raise ModelFileError(path, "no such file") from None
    except OSError as error:
        raise ModelFileError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ModelFileError(path, _worded(error)) from error


def _worded(error: Exception) -> str:
    if isinstance(error, ValueError):
        return f"cannot be opened: {str(error)[:300] or 'it is damaged'}"
    return "cannot be opened: it claims more than fits into memory"


def _checkpoint(path: Path, file: BinaryIO, size: int) -> Checkpoint:
    start = file.read(64)
    file.seek(0)
    if not start:
        raise ModelFileError(path, "is empty")
    if start.startswith(b"PK"):
        return _from_zip(path, file, size)
    for magic, meaning, what_to_do in _OTHER_FILES:
        if start.lstrip().startswith(magic):
            raise ModelFileError(path, meaning, what_to_do)
    if _is_tar(file):
        raise ModelFileError(path, "is a tar archive, as PyTorch wrote before 0.1.10, or any other", "Unpack it first.")
    bounded = BoundedFile(file, size)
    if is_legacy(start):
        return Checkpoint(read_legacy(bounded, _nested), "legacy")
    if size > 9 and start[8:9] == b"{" and 2 <= struct.unpack("<Q", start[:8])[0] <= size - 8:
        return Checkpoint(_from_safetensors(bounded), "safetensors")
    if start.startswith(_PICKLE_STARTS):
        if size > 4 * MAX_PICKLE_BYTES:
            raise ModelFileError(path, f"is a pickle of {size / 1e9:.1f} GB", _SAVE_AGAIN)
        return Checkpoint(Machine(bounded, TorchObjects(_no_storage, _nested)).run(), "pickle")
    raise ModelFileError(path, "is neither a PyTorch checkpoint nor safetensors nor ONNX", _SAVE_AGAIN)


def _from_zip(path: Path, file: BinaryIO, size: int) -> Checkpoint:
    archive = ZipContainer(file, size)
    names = archive.names
    pickles = [name for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ModelFileError(path, _other_archive(names), _SAVE_AGAIN)
    root = pickles[0].removesuffix("data.pkl")
    big_endian = f"{root}byteorder" in names and archive.read(f"{root}byteorder").strip() == b"big"

    def storage(reference: StorageReference) -> Storage:
        name = f"{root}data/{reference.key}"
        held, claimed = archive.size_bytes(name), reference.count * item_bytes(reference.element)
        if not 0 <= claimed <= held:
            raise ValueError(f"data/{reference.key[:20]} holds {held} bytes, its tensor claims {claimed}")
        return Storage(reference.element, held, lambda: archive.read(name), big_endian)

    if archive.size_bytes(pickles[0]) > MAX_PICKLE_BYTES:
        raise ValueError("its pickle is too large")
    source = io.BytesIO(archive.read(pickles[0]))
    value = Machine(_InMemory(source), TorchObjects(storage, _nested)).run()
    is_script = any(name.startswith(f"{root}code/") for name in names)
    return Checkpoint(value, "script" if is_script else "zip")


class _InMemory(BoundedFile):
    """Bytes that are read already."""

    def __init__(self, source: io.BytesIO) -> None:
        super().__init__(source, len(source.getbuffer()))


def _nested(raw: bytes) -> object:
    """Read a storage that was pickled as a legacy file within the file, which cannot hold a third."""
    if not is_legacy(raw[:32]):
        raise ValueError("a storage within the pickle is of an unknown format")
    return read_legacy(_InMemory(io.BytesIO(raw)), _no_nesting)


def _no_nesting(_: bytes) -> object:
    raise ValueError("a file within a file within a file")


def _no_storage(_: StorageReference) -> Storage:
    raise ValueError("it is the pickle out of a checkpoint, without the tensors beside it")


def _from_safetensors(file: BoundedFile) -> Dict:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"its header claims {length} bytes")
    header = json.loads(file.read(length))
    start, made = 8 + length, Dict()
    for name, entry in header.items() if isinstance(header, dict) else ():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(first), int(last)]}:
                made[name] = _safetensor(file, DTYPES.get(_SAFETENSORS_TYPES.get(kind, "")), shape, start, first, last)
            case _:
                raise ValueError("its header is damaged")
    return made


def _safetensor(file: BoundedFile, element: str | None, shape: list[Any], start: int, first: int, last: int) -> Tensor:
    if element is None:
        raise ValueError("its tensors are of a kind that a generator does not have")
    if not 0 <= first <= last <= file.size - start:
        raise ValueError("a tensor lies beyond the end of the file")
    storage = Storage(element, last - first, lambda: file.read_at(start + first, last - first))
    return whole_view(storage, element, shape)


def _is_tar(file: BinaryIO) -> bool:
    file.seek(257)
    found = file.read(5) == b"ustar"
    file.seek(0)
    return found


def _other_archive(names: tuple[str, ...]) -> str:
    if any(name.endswith("data.pkl") for name in names):
        return "holds several checkpoints in one archive"
    if names and all(name.endswith(".npy") for name in names):
        return "is an archive of numpy arrays (.npz), not a PyTorch checkpoint"
    if any(name.endswith((".weights.h5", "saved_model.pb")) for name in names):
        return "is a Keras or TensorFlow model, not a PyTorch checkpoint"
    if any(name.endswith((".pth", ".pt", ".pkl", ".ckpt")) for name in names):
        return "is a zip archive with a checkpoint inside: unpack it first"
    return "is a zip archive without a checkpoint"
