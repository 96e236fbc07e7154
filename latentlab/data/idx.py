"""MNIST-style IDX files, plain or gzipped.

References:
    LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from latentlab.data.dataset import DataSet, Labels, Split
from latentlab.errors import DataError
from latentlab.pixels import Pixels

UBYTE = 0x08
PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_INFLATION = 1032  # deflate cannot do better
_CHUNK = 1 << 20


def file_names(split: Split) -> tuple[str, str]:
    """Name the images and the labels of a split as MNIST does, without ``.gz``."""
    prefix = PREFIXES[split]
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"


def locate(folder: Path, name: str) -> Path | None:
    """Find an IDX file: gzipped, unpacked, or unpacked with a dot (``train-images.idx3-ubyte``) as some tools do."""
    candidates = (folder / f"{name}.gz", folder / name, folder / name.replace("-idx", ".idx"))
    return next((each for each in candidates if each.is_file()), None)


def load_mnist(folder: Path, split: Split = "train") -> DataSet:
    """Read images and labels of one split from a folder laid out as MNIST is: KMNIST and Fashion-MNIST fit as well.

    Args:
        folder: Holds for example ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz``.
        split: ``train`` or ``test``, whose files are called ``t10k``.

    Returns:
        Pixels as stored, shape (N, H, W, 1); classes are called by their number.

    Raises:
        DataError: If a file is missing, damaged or of another kind, or the labels do not match the images.
    """
    paths = [locate(folder, name) for name in file_names(split)]
    for path, name in zip(paths, file_names(split), strict=True):
        if path is None:
            raise DataError(folder / f"{name}.gz", "no such file", f"The {split} split needs images and labels.")
    images_path, labels_path = (path for path in paths if path is not None)
    images, labels = read_images(images_path), read_labels(labels_path)
    if len(images) != len(labels):
        raise DataError(labels_path, f"holds {len(labels)} labels for the {len(images)} images of {images_path.name}")
    classes = tuple(str(number) for number in range(int(labels.max()) + 1))
    return DataSet(folder.resolve().name, images, labels, classes, source=folder.resolve().name)


def read_images(path: Path) -> Pixels:
    """Read a three-dimensional IDX file of bytes.

    Returns:
        Shape (N, H, W, 1), uint8, N >= 1.

    Raises:
        DataError: If the file is missing, damaged, empty or of another kind.
    """
    return _read(path, 3)[..., np.newaxis]


def read_labels(path: Path) -> Labels:
    """Read a one-dimensional IDX file of bytes.

    Returns:
        Shape (N,), int64, N >= 1.

    Raises:
        DataError: If the file is missing, damaged, empty or of another kind.
    """
    return _read(path, 1).astype(np.int64)


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file for reading, unpacking it if its first bytes, not its name, say gzip."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _read(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    try:
        with open_unpacked(path) as stream:
            shape = _read_shape(path, stream, dimensions)
            expected = math.prod(shape)
            _check_plausible(path, expected, isinstance(stream, gzip.GzipFile), 4 + 4 * dimensions)
            content = bytearray()
            # One byte more than expected tells trailing bytes, and makes gzip check its sum.
            while chunk := stream.read(min(_CHUNK, expected + 1 - len(content))):
                content += chunk
    except FileNotFoundError:
        raise DataError(path, "no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(path, "is damaged: its gzip data are cut off or corrupt", "Fetch it again.") from error
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror or error}") from error
    if len(content) < expected:
        raise DataError(path, f"is cut off: {len(content)} bytes of data, its header says {expected}")
    if len(content) > expected:
        raise DataError(path, f"has bytes after the {expected} bytes of data that its header says")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_shape(path: Path, stream: BinaryIO, dimensions: int) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(path, f"is no IDX file: it starts with {magic.hex(' ') or 'nothing'}, expected 00 00 08")
    if magic[2] != UBYTE:
        raise DataError(path, f"holds IDX values of type 0x{magic[2]:02x}, expected bytes (0x08)")
    if magic[3] != dimensions:
        kind = {1: "labels", 3: "images"}[dimensions]
        raise DataError(path, f"has {magic[3]} dimensions, expected {dimensions} for {kind}")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(path, "is cut off within its header")
    shape = tuple(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4))
    if 0 in shape:
        raise DataError(path, f"is empty: its header says {' x '.join(map(str, shape))}")
    return shape


def _check_plausible(path: Path, expected: int, zipped: bool, header: int) -> None:
    """Refuse a header that promises more than the file can hold, before any memory is taken."""
    stored = path.stat().st_size
    most = stored * _MAX_INFLATION if zipped else stored - header
    if expected > most:
        raise DataError(path, f"is cut off: its header says {expected} bytes of data, the file can hold {most}")
