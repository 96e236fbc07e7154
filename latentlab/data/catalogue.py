"""The data sets that go by a name, and the one way to open any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from latentlab.data.dataset import DataSet, IsCancelled, Progress, Split, stop_if
from latentlab.data.download import fetch_mnist
from latentlab.data.idx import PREFIXES, file_names, load_mnist, locate
from latentlab.data.images import load_images
from latentlab.data.resize import fit, to_channels
from latentlab.errors import DataError, ValueRangeError
from latentlab.paths import data_dir

DEFAULT_SIZE = 64
MAX_SIZE = 1024


@dataclass(frozen=True)
class KnownData:
    """What is said of a data set before it is opened.

    Attributes:
        name: As given on the command line, and the name of its folder in `paths.data_dir`.
        title: Its proper name.
        what: One line for the user.
        size: Height and width that networks are trained at by default, in pixels.
        channels: 1 or 3.
        licence: As the publisher gives it.
        source: Address of the publisher.
    """

    name: str
    title: str
    what: str
    size: int
    channels: int
    licence: str
    source: str


KNOWN: dict[str, KnownData] = {
    "mnist": KnownData(
        name="mnist",
        title="MNIST",
        what="70,000 handwritten digits, 28 x 28, in ten classes; 60,000 of them for training",
        size=32,
        channels=1,
        licence="CC BY-SA 3.0, as commonly given",
        source="http://yann.lecun.com/exdb/mnist/",
    ),
}


def open_data(
    name_or_path: str,
    size: int | None = None,
    channels: int | None = None,
    *,
    split: Split = "train",
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    download: bool = True,
) -> DataSet:
    """Open a data set by its name, or a folder or zip archive by its path.

    Args:
        name_or_path: A key of `KNOWN`, else a path; ``./mnist`` is a folder of that name. A folder of MNIST-style IDX
            files is read as such, any other as images.
        size: Height and width wanted, in pixels; None takes the data set's own, 64 for folders and archives.
        channels: 1 or 3; None takes what the data set has.
        split: Which part of a named data set or IDX folder; images have no parts and come whole.
        progress: Called with a count done and the count in all: bytes while downloading, images while reading.
        cancelled: Asked between files.
        download: Whether files of a named data set that are missing may be downloaded.

    Raises:
        DataError: If there is no such data set, or it is damaged, empty or cannot be downloaded.
        ValueRangeError: If size or channels are impossible.
        OutputError: If a download cannot be written.
        Cancelled: If `cancelled` said so.
    """
    if size is not None and not 1 <= size <= MAX_SIZE:
        raise ValueRangeError("size", f"{size} is outside 1 to {MAX_SIZE} pixels")
    if channels not in (None, 1, 3):
        raise ValueRangeError("channels", f"{channels} is neither 1 (grey) nor 3 (colour)")
    stop_if(cancelled)
    known = KNOWN.get(name_or_path)
    if known is not None:
        folder = data_dir() / known.name
        if download and not all(locate(folder, name) for name in file_names(split)):
            fetch_mnist(folder, progress=progress, cancelled=cancelled)
        stored = replace(load_mnist(folder, split), name=known.name, licence=known.licence, source=known.source)
        return _fitted(stored, size or known.size, channels, cancelled)
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise DataError(
            name_or_path,
            "no such data set, folder or archive",
            f"Known by name: {', '.join(KNOWN)}; a folder or zip of images works as well.",
        )
    if path.is_dir() and any(locate(path, file_names(each)[0]) for each in PREFIXES):
        return _fitted(load_mnist(path, split), size or KNOWN["mnist"].size, channels, cancelled)
    return load_images(path, size or DEFAULT_SIZE, channels, progress=progress, cancelled=cancelled)


def _fitted(data: DataSet, size: int, channels: int | None, cancelled: IsCancelled | None) -> DataSet:
    stop_if(cancelled)
    pixels = fit(data.pixels, size)
    return replace(data, pixels=pixels if channels is None else to_channels(pixels, channels))
