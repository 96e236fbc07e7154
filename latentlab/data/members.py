"""Files by name, wherever they lie: in a folder and below, in a zip archive, or in all archives of a folder."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from latentlab.data.dataset import IsCancelled, stop_if
from latentlab.errors import DataError

MAX_FILE_BYTES = 64 * 1024 * 1024
_ARCHIVE = ".zip"
_TEXTS = (".csv", ".tsv", ".txt")

Wanted = Callable[[str], bool]
"""Tells by its lower-case name, without folders, whether a file matters."""


class Member(NamedTuple):
    """A file that can be read, once or several times, from any thread.

    One tuple each: with several objects per file Python's collector would stop every thread for long, as there may be
    hundreds of thousands.

    Attributes:
        name: Relative to the folder or archive, with forward slashes.
        place: Its path, or its entry in the archive.
        archive: Where it lies; None in a folder.
    """

    name: str
    place: str | zipfile.ZipInfo
    archive: zipfile.ZipFile | None = None

    def read(self) -> bytes:
        """Return its content.

        Raises:
            DataError: Naming the file, if it cannot be read or is over `MAX_FILE_BYTES`.
        """
        if self.archive is not None and isinstance(self.place, zipfile.ZipInfo):
            return _read_entry(self.archive, self.place, self.name)
        return _read_file(str(self.place), self.name)


@contextmanager
def members(path: Path, wanted: Wanted, skipped: list[str], cancelled: IsCancelled | None) -> Iterator[list[Member]]:
    """List the files that matter, sorted by name; archives stay open as long as the block runs.

    Hidden files are left out. In a folder that holds no such file, or only texts, the content of its zip archives is
    listed as well. A single folder around everything in an archive is no part of the names.

    Args:
        path: A folder or a zip archive.
        wanted: Which files matter.
        skipped: Takes a line for each sub-folder that cannot be listed.
        cancelled: Asked between files.

    Raises:
        DataError: If the path is neither, or an archive is damaged.
        Cancelled: If `cancelled` said so.
    """
    with ExitStack() as archives:
        if path.is_dir():
            found = [Member(name, entry.path) for name, entry in _walk(path, wanted, skipped, cancelled)]
            if all(each.name.lower().endswith(_TEXTS) for each in found):
                for archive in zips_of(path):
                    found += _in_archive(archives.enter_context(_opened(archive)), wanted)
        else:
            found = _in_archive(archives.enter_context(_opened(path)), wanted)
        yield sorted(found, key=lambda each: each.name)


def holds(folder: Path, wanted: Wanted) -> bool:
    """Whether any file that matters lies in a folder or below."""
    return next(_walk(folder, wanted, [], None), None) is not None


def single(path: Path) -> Member:
    """Return a file that lies by itself."""
    return Member(path.name, os.fspath(path))


def zips_of(folder: Path) -> list[Path]:
    """Return the zip archives in a folder itself, sorted by name."""
    return sorted(each for each in folder.iterdir() if each.suffix.lower() == _ARCHIVE and not _is_hidden(each.name))


def fingerprint(paths: Iterable[Path], wanted: Wanted, cancelled: IsCancelled | None = None) -> str:
    """Tell without reading any file whether something has changed: by names, sizes and times of last change.

    Args:
        paths: Folders, of which the files that matter and the archives count, and files; what is missing counts too.
        wanted: Which files of a folder matter.
        cancelled: Asked between files.
    """
    seen = []
    for path in paths:
        if path.is_dir():
            found = _walk(path, lambda name: wanted(name) or name.endswith(_ARCHIVE), [], cancelled)
            seen += [_stamp(name, entry.stat()) for name, entry in found]
        else:
            seen.append(_stamp(path.name, path.stat()) if path.exists() else f"{path.name} is missing")
    digest = hashlib.blake2b(digest_size=16)
    for line in sorted(seen):
        digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _stamp(name: str, status: os.stat_result) -> str:
    return f"{name}|{status.st_size}|{status.st_mtime_ns}"


def _walk(
    folder: Path, wanted: Wanted, skipped: list[str], cancelled: IsCancelled | None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files that matter with their names; `os.DirEntry` instead of `Path` halves the time for 200,000."""
    waiting = [("", os.fspath(folder))]
    while waiting:
        prefix, path = waiting.pop()
        stop_if(cancelled)
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if _is_hidden(entry.name):
                        continue
                    if entry.is_dir():
                        if not entry.is_symlink():
                            waiting.append((f"{prefix}{entry.name}/", entry.path))
                    elif wanted(entry.name.lower()):
                        yield f"{prefix}{entry.name}", entry
        except OSError as error:
            skipped.append(f"{path}: cannot be read: {error.strerror or error}")


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise DataError(path, "no such file or folder") from None
    except zipfile.BadZipFile as error:
        raise DataError(path, "is no zip archive, or damaged", "Name a folder or a zip of images.") from error
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror or error}") from error


def _in_archive(archive: zipfile.ZipFile, wanted: Wanted) -> list[Member]:
    entries = []
    for each in archive.infolist():
        parts = PurePosixPath(each.filename).parts
        if not each.is_dir() and not any(_is_hidden(part) for part in parts) and wanted(parts[-1].lower()):
            entries.append(each)
    # A table beside the single folder leaves it the single one.
    inside = [each for each in entries if "/" in each.filename or not each.filename.lower().endswith(_TEXTS)]
    tops = {each.filename.split("/")[0] for each in inside}
    wrapped = len(tops) == 1 and all("/" in each.filename for each in inside)
    found = []
    for entry in entries:
        name = entry.filename.split("/", 1)[-1] if wrapped else entry.filename
        found.append(Member(name, entry, archive))
    return found


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _read_file(path: str, name: str) -> bytes:
    try:
        with open(path, "rb") as file:
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
