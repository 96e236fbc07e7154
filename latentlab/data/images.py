"""Folders and zip archives of images, with what sub-folders and tables say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from latentlab import log
from latentlab.cores import cores
from latentlab.data.crops import CROPS, SQUARE, Crop
from latentlab.data.dataset import DataSet, IsCancelled, Labels, Progress, stop_if
from latentlab.data.members import Member, members, single
from latentlab.data.picture import SUFFIXES, Decoded, decode
from latentlab.data.store import Store
from latentlab.data.tables import Table, combine, is_table, read_table
from latentlab.errors import DataError

_GREY_SAMPLES = 32
_PROGRESS_EVERY = 32
_AHEAD, _A_TASK = 512, 8  # images that may be decoded before their turn, and by one thread in one go
_logger = log.get(__name__)


def matters(name: str) -> bool:
    """Tell by its lower-case name whether a file is an image or a table."""
    return name.endswith(SUFFIXES) or is_table(name)


def tables_beside(path: Path) -> tuple[Path, ...]:
    """Name the tables that may lie beside a folder or archive: named after it, or plainly ``labels.csv``."""
    stem = path.stem if path.suffix else path.name
    names = (f"{stem}.csv", f"{stem}_labels.csv", f"{stem}-labels.csv", "labels.csv")
    return tuple(path.parent / name for name in names)


def load_images(
    path: Path,
    size: int,
    channels: int | None = None,
    *,
    crop: Crop = CROPS[SQUARE],
    tables: Sequence[Path] | None = None,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    store: Store | None = None,
) -> DataSet:
    """Read every image below a folder, in a zip archive or in the archives of a folder, in the order of their names.

    Images are turned upright, cut and resized, as `picture.decode` says. Files that cannot be read are skipped and
    listed. Tables inside, and those beside that name every image, give classes and attributes, as `tables.combine`
    says. Without such classes, where all images lie in sub-folders and there are at least two of these on the first
    level, they are the classes; a single folder around everything in an archive does not count. Hidden files are
    left out.

    Args:
        path: A folder, searched with its sub-folders, or a zip archive.
        size: Height and width wanted, in pixels, at least 1.
        channels: 1 for grey, 3 for colour; None looks at a sample and takes grey where all of it is.
        crop: Which part of every image.
        tables: Tables that lie elsewhere; None looks beside the path.
        progress: Called with images done and images in all, in the calling thread.
        cancelled: Asked between images, by several threads.
        store: Takes the pictures; by default they are kept in memory.

    Raises:
        DataError: If the path is neither, the archive is damaged, or no image could be read.
        Cancelled: If `cancelled` said so.
    """
    store = store or Store()
    skipped: list[str] = []
    with members(path, matters, skipped, cancelled) as found, ThreadPoolExecutor(cores(), "decode") as pool:
        images = [each for each in found if each.name.lower().endswith(SUFFIXES)]
        said = _tables(path, found, tables, skipped)
        decoder = _Decoder(pool, size, crop, cancelled)
        try:
            if channels is None:
                channels = decoder.detect_channels(images)
            kept, sizes = decoder.decode_all(images, channels, skipped, progress, store)
        finally:
            pool.shutdown(cancel_futures=True)
    if not kept:
        why = f"holds no readable image ({skipped[0]})" if skipped else "holds no images"
        raise DataError(path, why, f"Supported are {', '.join(each[1:] for each in SUFFIXES)}.")
    if skipped:
        _logger.warning("%s: %d files skipped, the first is %s", path, len(skipped), skipped[0])
    told = combine(said, kept)
    labels, class_names = told.labels, told.class_names
    if labels is None:
        labels, class_names = _classes(kept)
    name = path.resolve().name
    return DataSet(
        name,
        store.pixels(),
        labels,
        class_names,
        source=name,
        skipped=tuple(skipped),
        names=tuple(kept),
        attributes=told.attributes,
        answers=told.answers,
        sizes=tuple((*size_px, count) for size_px, count in sizes.most_common()),
        columns=told.columns,
    )


class _Decoder:
    """Decodes images on every core, in order and not far ahead."""

    def __init__(self, pool: ThreadPoolExecutor, size: int, crop: Crop, cancelled: IsCancelled | None) -> None:
        self._pool = pool
        self._size = size
        self._crop = crop
        self._cancelled = cancelled

    def detect_channels(self, images: Sequence[Member]) -> int:
        """Return 1 if all sampled images that can be read are grey, else 3."""
        sample = images[:: max(1, len(images) // _GREY_SAMPLES)]
        for result in self._results(sample, 3):
            if not isinstance(result, DataError) and (result.pixels != result.pixels[..., :1]).any():
                return 3
        return 1

    def decode_all(
        self,
        images: Sequence[Member],
        channels: int,
        skipped: list[str],
        progress: Progress | None,
        store: Store,
    ) -> tuple[list[str], Counter[tuple[int, int]]]:
        """Decode all images into the store; return the names of those that were read, and their sizes."""
        kept: list[str] = []
        sizes: Counter[tuple[int, int]] = Counter()
        for done, (image, result) in enumerate(zip(images, self._results(images, channels), strict=True), 1):
            if isinstance(result, DataError):
                skipped.append(str(result))
            else:
                store.add(result.pixels[np.newaxis])
                kept.append(image.name)
                sizes[result.size_px] += 1
            if progress is not None and (done % _PROGRESS_EVERY == 0 or done == len(images)):
                progress(done, len(images))
        return kept, sizes

    def _results(self, images: Sequence[Member], channels: int) -> Iterator[Decoded | DataError]:
        """Decode images in their order; each thread takes a few at a time, for every task costs many objects."""
        waiting = iter(images)
        while ahead := list(islice(waiting, _AHEAD)):
            tasks = [ahead[start : start + _A_TASK] for start in range(0, len(ahead), _A_TASK)]
            for results in self._pool.map(lambda each: self._try_all(each, channels), tasks):
                yield from results

    def _try_all(self, images: Sequence[Member], channels: int) -> list[Decoded | DataError]:
        results: list[Decoded | DataError] = []
        for image in images:
            stop_if(self._cancelled)
            try:
                results.append(decode(image.read(), image.name, self._size, channels, self._crop))
            except DataError as error:
                results.append(error)
        return results


def by_column(data: DataSet, path: Path, column: str, tables: Sequence[Path] | None = None) -> DataSet:
    """Return the same pictures in classes by one column of the tables.

    Args:
        data: What `load_images` made of the path.
        path: As given to it.
        column: Any column, an attribute or not; case does not matter.
        tables: As given to it.

    Raises:
        ValueRangeError: If no table has it.
    """
    with members(path, matters, [], None) as found:
        said = _tables(path, found, tables, [])
    told = combine(said, data.names, column)
    return replace(data, labels=told.labels, class_names=told.class_names)


def _tables(path: Path, found: Sequence[Member], named: Sequence[Path] | None, skipped: list[str]) -> list[Table]:
    """Read the tables among the files found, then those named; of those beside only what names every image."""
    inside = _read_tables([each for each in found if is_table(_base(each))], skipped)
    elsewhere = tables_beside(path) if named is None else named
    outside = _read_tables([single(each) for each in elsewhere if each.is_file()], skipped)
    if named is None:
        images = [each for each in found if each.name.lower().endswith(SUFFIXES)]
        outside = [table for table in outside if all(table.row(each.name) for each in images)]
    return inside + outside


def _read_tables(found: Sequence[Member], skipped: list[str]) -> list[Table]:
    tables = []
    for each in found:
        try:
            table = read_table(each.read(), each.name)
        except DataError as error:
            skipped.append(str(error))
            continue
        tables.append(table)
        if table.damaged:
            skipped.append(table.damaged)
    return tables


def _base(member: Member) -> str:
    return member.name.rsplit("/", 1)[-1].lower()


def _classes(names: Sequence[str]) -> tuple[Labels | None, tuple[str, ...]]:
    folders = [name.split("/")[0] if "/" in name else None for name in names]
    class_names = sorted({folder for folder in folders if folder is not None})
    if None in folders or len(class_names) < 2:
        return None, ()
    index = {name: number for number, name in enumerate(class_names)}
    return np.array([index[folder] for folder in folders if folder is not None], np.int64), tuple(class_names)
