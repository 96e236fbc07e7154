"""Data sets once decoded are kept on the disk and mapped into memory: the second opening reads nothing but its labels.

An entry is a folder: ``pixels``, the bytes of all pictures; ``about.json``, what is said of them and what they were
made from; ``labels.npy`` and ``answers.npy`` where there are such. It is built beside its place and renamed, so that
any number of writers and readers may meet. What was made from files that have changed since, is cut off or altered
counts as missing and is built anew. Nothing breaks if the folder is removed or cannot be written.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latentlab import log, paths
from latentlab.data.dataset import DataSet
from latentlab.data.store import Store, open_pixels
from latentlab.errors import DataError
from latentlab.pixels import Pixels

LIMIT_BYTES = 32 * 2**30
"""What all entries may take; those not opened for the longest time go first, the one just made never."""

_VERSION = 2
"""Raised whenever the same files and options would give other pictures."""

_PIXELS, _ABOUT, _LABELS, _ANSWERS = "pixels", "about.json", "labels.npy", "answers.npy"
_BUILDING, _REPLACED = ".building-", ".replaced-"
_ABANDONED_S = 24 * 3600
_SAMPLES, _SAMPLE_BYTES = 64, 4096

Options = Mapping[str, str | int | None]
_logger = log.get(__name__)


def folder() -> Path:
    """Name the folder of the entries."""
    return paths.cache_dir() / "data"


def cached(options: Options, fingerprint: str, load: Callable[[Store], DataSet]) -> DataSet:
    """Return a data set as it was decoded before, else decode it and keep it.

    Sets below `store.SPILL_BYTES` are not kept: they are decoded as quickly as found.

    Args:
        options: All that the result depends on, the path included; their order does not matter.
        fingerprint: Of the files that it is made from; another one replaces the entry.
        load: Decodes into a store; whatever it raises is passed on, and nothing is kept.
    """
    entry = folder() / _digest(json.dumps(sorted(options.items())))
    found = _open(entry, fingerprint)
    if found is not None:
        return found
    building: list[Path] = []

    def place() -> Path:
        building.append(Path(tempfile.mkdtemp(prefix=_BUILDING, dir=paths.make_folder(entry.parent))))
        return building[0] / _PIXELS

    store = Store(place)
    try:
        data = load(store)
        if not store.in_file:
            return data
        try:
            _describe(data, building[0], fingerprint)
        except OSError as error:
            _logger.info("%s: not kept: %s", entry, error)
            return replace(data, pixels=np.array(data.pixels))
        del data  # Windows renames no folder while a file in it is mapped
        return _move(building[0], entry, fingerprint)
    finally:
        store.close()
        for each in building:
            shutil.rmtree(each, ignore_errors=True)


def _move(building: Path, entry: Path, fingerprint: str) -> DataSet:
    """Put a finished entry into its place and open it there."""
    try:
        _clear(entry, fingerprint)
        os.rename(building, entry)
    except OSError as error:
        # Another process may have been quicker; its entry is as good.
        _logger.info("%s: not kept: %s", entry, error)
    else:
        clean(entry)
    found = _open(entry, fingerprint)
    if found is not None:
        return found
    built = _open(building, fingerprint)
    if built is None:
        raise DataError(entry, "cannot be read back", "Check the disk that the cache lies on.")
    return replace(built, pixels=np.array(built.pixels))


def _describe(data: DataSet, building: Path, fingerprint: str) -> None:
    about = {
        "version": _VERSION,
        "fingerprint": fingerprint,
        "shape": data.pixels.shape,
        "sum": _sampled_sum(data.pixels),
        "name": data.name,
        "class_names": data.class_names,
        "licence": data.licence,
        "source": data.source,
        "skipped": data.skipped,
        "names": data.names,
        "attributes": data.attributes,
        "sizes": data.sizes,
        "columns": data.columns,
    }
    (building / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    for name, array in ((_LABELS, data.labels), (_ANSWERS, data.answers)):
        if array is not None:
            np.save(building / name, array)
    for file in building.iterdir():
        with file.open("rb+") as written:
            os.fsync(written.fileno())


def _open(entry: Path, fingerprint: str) -> DataSet | None:
    """Open an entry, or return None where there is none that can be used."""
    if not entry.is_dir():
        return None
    try:
        about = json.loads((entry / _ABOUT).read_text(encoding="utf-8"))
        if about["version"] != _VERSION or about["fingerprint"] != fingerprint:
            return None
        pixels = open_pixels(entry / _PIXELS, tuple(about["shape"]))
        if _sampled_sum(pixels) != about["sum"]:
            raise ValueError("the pictures are not those that were kept")
        data = DataSet(
            about["name"],
            pixels,
            _array(entry / _LABELS),
            tuple(about["class_names"]),
            about["licence"],
            about["source"],
            tuple(about["skipped"]),
            tuple(about["names"]),
            tuple(about["attributes"]),
            _array(entry / _ANSWERS),
            tuple((int(width), int(height), int(count)) for width, height, count in about["sizes"]),
            tuple(about["columns"]),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        _logger.info("%s: not taken from the cache: %s", entry, error)
        return None
    _touch(entry)
    return data


def _array(path: Path) -> Any:
    return np.load(path, allow_pickle=False) if path.exists() else None


def _sampled_sum(pixels: Pixels) -> int:
    """Sum up pieces spread over all bytes, both ends among them: what a crash or a full disk spoils is seldom small."""
    flat = pixels.reshape(-1)
    total = 0
    for start in np.linspace(0, max(0, flat.size - _SAMPLE_BYTES), _SAMPLES).astype(np.int64):
        total = zlib.crc32(flat[start : start + _SAMPLE_BYTES].data, total)
    return total


def _clear(entry: Path, fingerprint: str) -> None:
    """Move an entry that cannot be used out of the way; a good one that another process made meanwhile stays."""
    if entry.exists() and _open(entry, fingerprint) is None:
        away = Path(tempfile.mkdtemp(prefix=_REPLACED, dir=entry.parent))
        os.rename(entry, away / entry.name)
        shutil.rmtree(away, ignore_errors=True)


def clean(newest: Path, limit_bytes: int | None = None) -> None:
    """Remove what interrupted processes left behind, then the entries not opened for the longest time.

    Args:
        newest: An entry that stays; its neighbours are looked at.
        limit_bytes: What all entries may take, `LIMIT_BYTES` by default.
    """
    limit_bytes = LIMIT_BYTES if limit_bytes is None else limit_bytes
    entries: list[tuple[float, int, Path]] = []
    for each in newest.parent.iterdir():
        try:
            if each.name.startswith((_BUILDING, _REPLACED)):
                if time.time() - each.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(each, ignore_errors=True)
            elif each.is_dir():
                size = sum(file.stat().st_size for file in each.iterdir())
                entries.append(((each / _ABOUT).stat().st_mtime, size, each))
        except OSError as error:  # another process removed it meanwhile, or it is broken
            _logger.info("%s: %s", each, error)
    total = sum(size for _, size, _ in entries)
    for _, size, each in sorted(entries):
        if total <= limit_bytes:
            return
        if each != newest:
            shutil.rmtree(each, ignore_errors=True)
            total -= size


def _touch(entry: Path) -> None:
    try:
        os.utime(entry / _ABOUT)
    except OSError as error:
        _logger.info("%s: %s", entry, error)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=12).hexdigest()
