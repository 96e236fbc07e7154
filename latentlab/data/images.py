"""Folders and zip archives of images."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from latentlab import log
from latentlab.data.dataset import DataSet, IsCancelled, Labels, Progress, stop_if
from latentlab.data.picture import SUFFIXES, decode
from latentlab.errors import DataError
from latentlab.pixels import Pixels

MAX_FILE_BYTES = 64 * 1024 * 1024
_GREY_SAMPLES = 32
_PROGRESS_EVERY = 32
_logger = log.get(__name__)


class _Member(NamedTuple):
    name: str  # relative, with forward slashes
    read: Callable[[], bytes]


def load_images(
    path: Path,
    size: int,
    channels: int | None = None,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> DataSet:
    """Read every image below a folder or in a zip archive, in the order of their names.

    Images are turned upright, cut to their central square and resized, as `picture.decode` says. Files that cannot be
    read are skipped and listed. Where all images lie in sub-folders, and there are at least two of these on the first
    level, they are the classes; a single folder around everything in an archive does not count. Hidden files are
    left out.

    Args:
        path: A folder, searched with its sub-folders, or a zip archive.
        size: Height and width wanted, in pixels, at least 1.
        channels: 1 for grey, 3 for colour; None looks at a sample and takes grey where all of it is.
        progress: Called with images done and images in all, in the calling thread.
        cancelled: Asked between images.

    Raises:
        DataError: If the path is neither, the archive is damaged, or no image could be read.
        Cancelled: If `cancelled` said so.
    """
    skipped: list[str] = []
    with _members(path, skipped, cancelled) as members, ThreadPoolExecutor(os.cpu_count(), "decode") as pool:
        try:
            if channels is None:
                channels = _detect_channels(pool, members, size, cancelled)
            pixels, kept = _decode_all(pool, members, size, channels, skipped, progress, cancelled)
        finally:
            pool.shutdown(cancel_futures=True)
    if not kept:
        why = f"holds no readable image ({skipped[0]})" if skipped else "holds no images"
        raise DataError(path, why, f"Supported are {', '.join(each[1:] for each in SUFFIXES)}.")
    if skipped:
        _logger.warning("%s: %d files skipped, the first is %s", path, len(skipped), skipped[0])
    labels, class_names = _classes(kept)
    name = path.resolve().name
    return DataSet(name, pixels, labels, class_names, source=name, skipped=tuple(skipped))


def _decode_all(
    pool: ThreadPoolExecutor,
    members: Sequence[_Member],
    size: int,
    channels: int,
    skipped: list[str],
    progress: Progress | None,
    cancelled: IsCancelled | None,
) -> tuple[Pixels, list[str]]:
    """Decode all members into one array; return it with the names of those that were read."""
    try:
        pixels = np.empty((len(members), size, size, channels), np.uint8)
    except MemoryError as error:
        need = len(members) * size * size * channels / 2**30
        raise DataError(f"{len(members)} images", f"need {need:.1f} GiB of memory", "Choose a smaller size.") from error
    kept: list[str] = []
    for done, (member, result) in enumerate(
        zip(members, pool.map(lambda each: _try_decode(each, size, channels), members), strict=True), 1
    ):
        stop_if(cancelled)
        if isinstance(result, DataError):
            skipped.append(str(result))
        else:
            pixels[len(kept)] = result
            kept.append(member.name)
        if progress is not None and (done % _PROGRESS_EVERY == 0 or done == len(members)):
            progress(done, len(members))
    return (pixels if len(kept) == len(members) else pixels[: len(kept)].copy()), kept


def _try_decode(member: _Member, size: int, channels: int) -> Pixels | DataError:
    try:
        return decode(member.read(), member.name, size, channels)
    except DataError as error:
        return error


def _detect_channels(
    pool: ThreadPoolExecutor, members: Sequence[_Member], size: int, cancelled: IsCancelled | None
) -> int:
    """Return 1 if all sampled images that can be read are grey, else 3."""
    sample = members[:: max(1, len(members) // _GREY_SAMPLES)]
    for result in pool.map(lambda each: _try_decode(each, size, 3), sample):
        stop_if(cancelled)
        if not isinstance(result, DataError) and (result != result[..., :1]).any():
            return 3
    return 1


def _classes(names: Sequence[str]) -> tuple[Labels | None, tuple[str, ...]]:
    folders = [name.split("/")[0] if "/" in name else None for name in names]
    class_names = sorted({folder for folder in folders if folder is not None})
    if None in folders or len(class_names) < 2:
        return None, ()
    index = {name: number for number, name in enumerate(class_names)}
    return np.array([index[folder] for folder in folders if folder is not None], np.int64), tuple(class_names)


@contextmanager
def _members(path: Path, skipped: list[str], cancelled: IsCancelled | None) -> Iterator[list[_Member]]:
    """List the images in a folder or an open archive, sorted by name."""
    if path.is_dir():
        yield sorted(_in_folder(path, skipped, cancelled), key=lambda each: each.name)
        return
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise DataError(path, "no such file or folder") from None
    except zipfile.BadZipFile as error:
        raise DataError(path, "is no zip archive, or damaged", "Name a folder or a zip of images.") from error
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror or error}") from error
    with archive:
        yield sorted(_in_archive(archive), key=lambda each: each.name)


def _in_folder(folder: Path, skipped: list[str], cancelled: IsCancelled | None) -> Iterator[_Member]:
    def note(error: OSError) -> None:
        skipped.append(f"{error.filename}: cannot be read: {error.strerror}")

    for root, _, files in os.walk(folder, onerror=note):
        stop_if(cancelled)
        for file in files:
            full = Path(root, file)
            name = full.relative_to(folder).as_posix()
            if _is_image_name(name):
                yield _Member(name, partial(_read_file, full, name))


def _in_archive(archive: zipfile.ZipFile) -> Iterator[_Member]:
    entries = [each for each in archive.infolist() if not each.is_dir() and _is_image_name(each.filename)]
    tops = {each.filename.split("/")[0] for each in entries}
    wrapped = len(tops) == 1 and all("/" in each.filename for each in entries)
    for entry in entries:
        name = entry.filename.split("/", 1)[1] if wrapped else entry.filename
        yield _Member(name, partial(_read_entry, archive, entry, name))


def _is_image_name(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _read_file(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return _checked(file.read(MAX_FILE_BYTES + 1), name)
    except OSError as error:
        raise DataError(name, f"cannot be read: {error.strerror or error}") from error


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    if entry.file_size > MAX_FILE_BYTES:
        raise _too_large(name)
    try:
        with archive.open(entry) as file:
            return _checked(file.read(MAX_FILE_BYTES + 1), name)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(name, f"is damaged within the archive: {error}") from error
    except RuntimeError as error:  # encrypted, or packed by a method that Python lacks
        raise DataError(name, f"cannot be unpacked: {error}") from error


def _checked(content: bytes, name: str) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise _too_large(name)
    return content


def _too_large(name: str) -> DataError:
    return DataError(name, f"is larger than {MAX_FILE_BYTES // 2**20} MiB")
