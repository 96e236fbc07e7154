"""The one way to open any data set, by its name or its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from latentlab.data import celeba, quickdraw
from latentlab.data.cache import cached as cached_data
from latentlab.data.crops import CROPS, FACE, SQUARE, crop_called
from latentlab.data.dataset import DataSet, IsCancelled, Progress, Split, stop_if
from latentlab.data.download import fetch_published
from latentlab.data.idx import (
    EMNIST_PART,
    emnist_names,
    file_names,
    holds_idx,
    load_emnist,
    load_idx,
    load_mnist,
    locate,
)
from latentlab.data.images import by_column, load_images, matters, tables_beside
from latentlab.data.known import KNOWN as KNOWN
from latentlab.data.known import KnownData as KnownData
from latentlab.data.members import Wanted, fingerprint, holds
from latentlab.data.picture import SUFFIXES
from latentlab.data.published import PUBLISHED
from latentlab.data.resize import background_of, fit, to_channels
from latentlab.data.store import Store
from latentlab.errors import DataError, ValueRangeError
from latentlab.paths import data_dir

DEFAULT_SIZE = 64
MAX_SIZE = 1024
_FITTED_AT_ONCE = 4096


@dataclass(frozen=True)
class Opening:
    """How a data set will be opened.

    Attributes:
        kind: ``idx``, ``celeba``, ``drawings`` or ``images``.
        path: Where it lies.
        size: Height and width of its pictures, in pixels.
        crop: Name of the crop; empty where pictures are taken whole.
        watched: Folders and files that it is made from.
        wanted: Which files of the folders matter.
        load: Decodes it into a store.
        tables: Where its tables are, if not beside it.
    """

    kind: str
    path: Path
    size: int
    crop: str
    watched: tuple[Path, ...]
    wanted: Wanted
    load: Callable[[Store], DataSet]
    tables: tuple[Path, ...] | None = None


@dataclass(frozen=True)
class _Asked:
    """What the caller of `open_data` wants."""

    size: int | None
    channels: int | None
    crop: str | None
    split: Split
    progress: Progress | None
    cancelled: IsCancelled | None
    download: bool


def open_data(
    name_or_path: str,
    size: int | None = None,
    channels: int | None = None,
    *,
    crop: str | None = None,
    label: str | None = None,
    split: Split = "train",
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    download: bool = True,
    cached: bool = True,
) -> DataSet:
    """Open a data set by its name, or a folder, an archive or a file of data by its path.

    What was decoded once is kept in the cache, if it is not small, and mapped into memory the next time; see `cache`.

    Args:
        name_or_path: A key of `KNOWN`, else a path; ``./mnist`` is a folder of that name. MNIST-style IDX files,
            CelebA as it is published and drawings of Quick, Draw! are told by their names, all else is images.
        size: Height and width wanted, in pixels; None takes the data set's own, 64 for images.
        channels: 1 or 3; None takes what the data set has.
        crop: A key of `crops.CROPS`, for images; None takes the face out of CelebA, the central square elsewhere.
        label: An attribute, or a column of the tables, that gives the classes; None takes the data set's own.
        split: Which part of a named data set or IDX folder; images and drawings have no parts and come whole.
        progress: Called with a count done and the count in all: bytes while downloading, images while reading.
        cancelled: Asked between files.
        download: Whether files of a named data set that are missing may be downloaded.
        cached: Whether the cache is used at all.

    Raises:
        DataError: If there is no such data set, or it is damaged, empty or cannot be downloaded.
        ValueRangeError: If size, channels, crop or label are impossible.
        OutputError: If a download cannot be written.
        Cancelled: If `cancelled` said so.
    """
    if size is not None and not 1 <= size <= MAX_SIZE:
        raise ValueRangeError("size", f"{size} is outside 1 to {MAX_SIZE} pixels")
    if channels not in (None, 1, 3):
        raise ValueRangeError("channels", f"{channels} is neither 1 (grey) nor 3 (colour)")
    if crop is not None:
        crop_called(crop)
    stop_if(cancelled)
    asked = _Asked(size, channels, crop, split, progress, cancelled, download)
    try:
        return _open(name_or_path, asked, label, cached)
    except OSError as error:  # a file or folder that vanishes, or may not be read
        what = error.filename or name_or_path
        raise DataError(what, f"cannot be read: {error.strerror or error}") from error


def _open(name_or_path: str, asked: _Asked, label: str | None, cached: bool) -> DataSet:
    known = KNOWN.get(name_or_path)
    opening = _plan(name_or_path, asked) if known is None else _plan_known(known, asked)
    if asked.crop is not None and not opening.crop:
        raise ValueRangeError("crop", f"the pictures of {name_or_path} are taken whole", "Leave it out.")
    data = _load_cached(opening, known, asked) if cached else opening.load(Store())
    if known is not None:
        data = replace(data, name=known.name, licence=known.licence, source=known.source)
        if known.class_names and data.labels is not None:
            data = replace(data, class_names=known.class_names)
    return data if label is None else _labelled(data, opening, label)


def _load_cached(opening: Opening, known: KnownData | None, asked: _Asked) -> DataSet:
    options: dict[str, str | int | None] = {
        "kind": opening.kind,
        "path": str(opening.path.resolve()),
        "name": known.name if known else "",
        "size": opening.size,
        "channels": asked.channels,
        "crop": opening.crop,
        "split": asked.split if opening.kind == "idx" else "",
    }
    return cached_data(options, fingerprint(opening.watched, opening.wanted, asked.cancelled), opening.load)


def _labelled(data: DataSet, opening: Opening, label: str) -> DataSet:
    if label.casefold() in {each.casefold() for each in data.attributes}:
        return data.by_attribute(label)
    if opening.kind in ("images", "celeba"):
        return by_column(data, opening.path, label, opening.tables)
    return data.by_attribute(label)


def _plan_known(known: KnownData, asked: _Asked) -> Opening:
    folder = data_dir() / known.name
    if known.name in PUBLISHED:
        names = emnist_names(EMNIST_PART, asked.split) if known.name == "emnist" else file_names(asked.split)
        if asked.download and not all(locate(folder, name) for name in names):
            fetch_published(folder, PUBLISHED[known.name], progress=asked.progress, cancelled=asked.cancelled)
        load = load_emnist if known.name == "emnist" else load_mnist
        return _idx(folder, known.size, asked, lambda: load(folder, split=asked.split, cancelled=asked.cancelled))
    if known.name == "celeba":
        layout = celeba.find(folder)
        if layout is None:
            raise _absent(known, folder, "Put img_align_celeba.zip and list_attr_celeba.txt there")
        return _celeba(layout, asked)
    files = quickdraw.find(folder) if folder.is_dir() else ()
    if not files:
        raise _absent(known, folder, "Put files such as cat.npy, cat.ndjson or cat.bin there")
    return _drawings(folder, files, asked)


def _plan(name_or_path: str, asked: _Asked) -> Opening:
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise DataError(
            name_or_path,
            "no such data set, folder or archive",
            f"Known by name: {', '.join(KNOWN)}; a folder or zip of images works as well.",
        )
    if holds_idx(path):
        return _idx(path, KNOWN["mnist"].size, asked, lambda: load_idx(path, asked.split, asked.cancelled))
    layout = celeba.find(path)
    if layout is not None:
        return _celeba(layout, asked)
    files = quickdraw.find(path)
    if files and (path.is_file() or not holds(path, lambda name: name.endswith(SUFFIXES))):
        return _drawings(path, files, asked)
    size, crop = asked.size or DEFAULT_SIZE, asked.crop or SQUARE
    return Opening(
        "images",
        path,
        size,
        crop,
        (path, *tables_beside(path)),
        matters,
        lambda store: load_images(
            path,
            size,
            asked.channels,
            crop=CROPS[crop],
            progress=asked.progress,
            cancelled=asked.cancelled,
            store=store,
        ),
    )


def _idx(path: Path, default_size: int, asked: _Asked, read: Callable[[], DataSet]) -> Opening:
    size = asked.size or default_size

    def load(store: Store) -> DataSet:
        data = read()
        stop_if(asked.cancelled)
        height, width = data.pixels.shape[1:3]
        background = background_of(data.pixels)
        for start in range(0, len(data), _FITTED_AT_ONCE):
            stop_if(asked.cancelled)
            pixels = fit(data.pixels[start : start + _FITTED_AT_ONCE], size, background)
            store.add(pixels if asked.channels is None else to_channels(pixels, asked.channels))
        return replace(data, pixels=store.pixels(), sizes=((width, height, len(data)),))

    return Opening("idx", path, size, "", (path,), lambda name: "idx" in name, load)


def _celeba(layout: celeba.Layout, asked: _Asked) -> Opening:
    known = KNOWN["celeba"]
    size, crop = asked.size or known.size, asked.crop or FACE
    tables = () if layout.table is None else (layout.table,)

    def load(store: Store) -> DataSet:
        data = load_images(
            layout.images,
            size,
            asked.channels or known.channels,
            crop=CROPS[crop],
            tables=tables,
            progress=asked.progress,
            cancelled=asked.cancelled,
            store=store,
        )
        return replace(data, name=known.name, licence=known.licence, source=known.source)

    return Opening("celeba", layout.images, size, crop, (layout.images, *tables), matters, load, tables)


def _drawings(path: Path, files: tuple[Path, ...], asked: _Asked) -> Opening:
    size = asked.size or KNOWN["quickdraw"].size

    def load(store: Store) -> DataSet:
        return quickdraw.load_quickdraw(
            files, size, asked.channels or 1, progress=asked.progress, cancelled=asked.cancelled, store=store
        )

    return Opening("drawings", path, size, "", files, quickdraw.matters, load)


def _absent(known: KnownData, folder: Path, what_to_do: str) -> DataError:
    return DataError(known.title, f"is not in {folder}", f"{what_to_do}; {known.source} has them.")
