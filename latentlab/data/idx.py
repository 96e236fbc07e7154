"""MNIST-style IDX files, plain or gzipped: MNIST itself, its siblings, EMNIST, and any other pair.

References:
    LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import math
import re
import string
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from latentlab.data.dataset import DataSet, IsCancelled, Labels, Split, stop_if
from latentlab.errors import DataError
from latentlab.pixels import Pixels

UBYTE = 0x08
PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}
_CAPITALS_AND_OTHERS = string.digits + string.ascii_uppercase + "abdefghnqrt"
EMNIST_CLASSES: dict[str, str] = {
    "balanced": _CAPITALS_AND_OTHERS,
    "byclass": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    "bymerge": _CAPITALS_AND_OTHERS,
    "digits": string.digits,
    "letters": string.ascii_uppercase,
    "mnist": string.digits,
}
"""The parts of EMNIST with what their labels stand for; those of the letters count from 1."""

EMNIST_PART = "balanced"
_EMNIST_SPLITS: dict[Split, str] = {"train": "train", "test": "test"}
_IMAGES_NAME = re.compile(r".*images[-.]idx3([-.]ubyte)?(\.gz)?", re.IGNORECASE)
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_INFLATION = 1032  # deflate cannot do better
_CHUNK = 1 << 20


def file_names(split: Split) -> tuple[str, str]:
    """Name the images and the labels of a split as MNIST does, without ``.gz``."""
    prefix = PREFIXES[split]
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"


def emnist_names(part: str, split: Split) -> tuple[str, str]:
    """Name the images and the labels of a part of EMNIST, without ``.gz``."""
    prefix = f"emnist-{part}-{_EMNIST_SPLITS[split]}"
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"


def locate(folder: Path, name: str) -> Path | None:
    """Find an IDX file: gzipped, unpacked, or unpacked with a dot (``train-images.idx3-ubyte``) as some tools do."""
    candidates = (folder / f"{name}.gz", folder / name, folder / name.replace("-idx", ".idx"))
    return next((each for each in candidates if each.is_file()), None)


def holds_idx(path: Path) -> bool:
    """Whether a folder holds images as IDX, by their names, or a file is such."""
    if path.is_file():
        return _IMAGES_NAME.fullmatch(path.name) is not None
    return any(_image_files(path))


def load_idx(path: Path, split: Split = "train", cancelled: IsCancelled | None = None) -> DataSet:
    """Read a folder of IDX files, or one file of images with its labels beside it.

    A folder laid out as MNIST is, or as one part of EMNIST, has the two splits; any other is read whole, its pairs one
    after the other in the order of their names.

    Args:
        path: A folder, or a file whose name ends in ``images-idx3-ubyte``, gzipped or not; its labels are called alike,
            or missing.
        split: Which part of a folder that has parts.
        cancelled: Asked at every piece read.

    Raises:
        DataError: If a file is missing, damaged or of another kind, the labels do not match the images, or the
            pictures of several pairs have not one size.
        Cancelled: If `cancelled` said so.
    """
    if path.is_file():
        part = _emnist_part(path)
        pair = _read_pair(path, _labels_of(path), cancelled)
        return pair if part is None else _emnist(pair, part)
    if any(locate(path, file_names(each)[0]) for each in PREFIXES):
        return load_mnist(path, split, cancelled)
    files = _image_files(path)
    parts = {_emnist_part(each) for each in files}
    if None not in parts:
        if len(parts) > 1:
            raise DataError(path, "holds several parts of EMNIST", f"Name a file of images, such as {files[0].name}.")
        return load_emnist(path, str(parts.pop()), split, cancelled)
    return _joined(path, [_read_pair(each, _labels_of(each), cancelled) for each in files])


def load_mnist(folder: Path, split: Split = "train", cancelled: IsCancelled | None = None) -> DataSet:
    """Read images and labels of one split from a folder laid out as MNIST is: KMNIST and Fashion-MNIST fit as well.

    Args:
        folder: Holds for example ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz``.
        split: ``train`` or ``test``, whose files are called ``t10k``.
        cancelled: Asked at every piece read.

    Returns:
        Pixels as stored, shape (N, H, W, 1); classes are called by their number.

    Raises:
        DataError: If a file is missing, damaged or of another kind, or the labels do not match the images.
        Cancelled: If `cancelled` said so.
    """
    return _named(folder, _read_pair(*_located(folder, file_names(split), split), cancelled))


def load_emnist(
    folder: Path, part: str = EMNIST_PART, split: Split = "train", cancelled: IsCancelled | None = None
) -> DataSet:
    """Read a part of EMNIST, upright and with its characters for classes.

    Raises:
        DataError: As `load_mnist`.
        Cancelled: As `load_mnist`.

    References:
        Cohen, Afshar, Tapson & van Schaik 2017, "EMNIST: an extension of MNIST to handwritten letters",
        arXiv:1702.05373; the files hold every picture transposed.
    """
    return _named(folder, _emnist(_read_pair(*_located(folder, emnist_names(part, split), split), cancelled), part))


def _located(folder: Path, names: tuple[str, str], split: Split) -> tuple[Path, Path]:
    found = []
    for name in names:
        path = locate(folder, name)
        if path is None:
            raise DataError(folder / f"{name}.gz", "no such file", f"The {split} split needs images and labels.")
        found.append(path)
    return found[0], found[1]


def _named(folder: Path, data: DataSet) -> DataSet:
    name = folder.resolve().name
    return replace(data, name=name, source=name)


def _read_pair(images_path: Path, labels_path: Path | None, cancelled: IsCancelled | None) -> DataSet:
    images = read_images(images_path, cancelled)
    if labels_path is None:
        return DataSet(images_path.name, images, source=images_path.name)
    labels = read_labels(labels_path)
    if len(images) != len(labels):
        raise DataError(labels_path, f"holds {len(labels)} labels for the {len(images)} images of {images_path.name}")
    classes = tuple(str(number) for number in range(int(labels.max()) + 1))
    return DataSet(images_path.name, images, labels, classes, source=images_path.name)


def _emnist(data: DataSet, part: str) -> DataSet:
    if data.labels is None:
        return replace(data, pixels=data.pixels.swapaxes(1, 2))
    classes = tuple(EMNIST_CLASSES[part])
    labels = data.labels - 1 if part == "letters" else data.labels
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(data.name, f"has labels that the part {part} of EMNIST has not")
    return replace(data, pixels=data.pixels.swapaxes(1, 2), labels=labels, class_names=classes)


def _joined(folder: Path, pairs: Sequence[DataSet]) -> DataSet:
    if len(pairs) == 1:
        return _named(folder, pairs[0])
    sizes = {each.pixels.shape[1:] for each in pairs}
    if len(sizes) > 1:
        raise DataError(folder, f"holds pictures of {len(sizes)} sizes", f"Name a file, such as {pairs[0].name}.")
    pixels = np.concatenate([each.pixels for each in pairs])
    labels = [each.labels for each in pairs if each.labels is not None]
    classes = max((each.class_names for each in pairs), key=len)
    if len(labels) < len(pairs):
        return _named(folder, DataSet("", pixels))
    return _named(folder, DataSet("", pixels, np.concatenate(labels), classes))


def _image_files(folder: Path) -> list[Path]:
    """Return the files of images; of one that is there packed and unpacked only the packed."""
    found: dict[str, Path] = {}
    for each in sorted(folder.iterdir(), reverse=True):
        if _IMAGES_NAME.fullmatch(each.name) and each.is_file():
            found.setdefault(each.name.removesuffix(".gz"), each)
    return sorted(found.values())


def _labels_of(images: Path) -> Path | None:
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    return locate(images.parent, name)


def _emnist_part(path: Path) -> str | None:
    words = path.name.split("-")
    return words[1] if len(words) > 2 and words[0] == "emnist" and words[1] in EMNIST_CLASSES else None


def read_images(path: Path, cancelled: IsCancelled | None = None) -> Pixels:
    """Read a three-dimensional IDX file of bytes.

    Returns:
        Shape (N, H, W, 1), uint8, N >= 1.

    Raises:
        DataError: If the file is missing, damaged, empty or of another kind.
        Cancelled: If `cancelled`, asked at every piece read, said so.
    """
    return _read(path, 3, cancelled)[..., np.newaxis]


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


def _read(path: Path, dimensions: int, cancelled: IsCancelled | None = None) -> npt.NDArray[np.uint8]:
    try:
        with open_unpacked(path) as stream:
            shape = _read_shape(path, stream, dimensions)
            expected = math.prod(shape)
            _check_plausible(path, expected, isinstance(stream, gzip.GzipFile), 4 + 4 * dimensions)
            content = bytearray()
            # One byte more than expected tells trailing bytes, and makes gzip check its sum.
            while chunk := stream.read(min(_CHUNK, expected + 1 - len(content))):
                stop_if(cancelled)
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
