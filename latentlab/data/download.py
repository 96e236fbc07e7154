"""MNIST and its siblings from the network, checked against the originals."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from latentlab import log
from latentlab.data.dataset import IsCancelled, Progress, stop_if
from latentlab.data.idx import locate, open_unpacked
from latentlab.data.published import Published, PublishedFile
from latentlab.errors import DataError
from latentlab.paths import make_folder, replacing

_TIMEOUT_S = 20
_CHUNK = 1 << 16
_logger = log.get(__name__)

Fetch = Callable[[str, Path, Callable[[int], None]], None]
"""Write the content of a URL to a path, reporting the bytes received so far; `ConnectionError` with a short reason."""


def fetch_url(url: str, target: Path, received: Callable[[int], None]) -> None:
    """Download one file over HTTP.

    Args:
        url: Where it is.
        target: Written over.
        received: Called with the bytes received so far; what it raises ends the download.

    Raises:
        ConnectionError: With a short reason, if the server cannot be reached or refuses.
    """
    import pooch
    import requests

    download = pooch.HTTPDownloader(progressbar=_Received(received), chunk_size=_CHUNK, timeout=_TIMEOUT_S)
    try:
        download(url, str(target), None)
    except requests.HTTPError as error:
        raise ConnectionError(str(error).split(" for url")[0]) from error
    except requests.Timeout as error:
        raise ConnectionError("no answer in time") from error
    except requests.RequestException as error:
        raise ConnectionError("no connection") from error


def fetch_published(
    folder: Path,
    published: Published,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    fetch: Fetch = fetch_url,
) -> None:
    """Download those of a data set's files that a folder lacks, and check those it has where their content is known.

    Each file is written beside and renamed once it is proven to be the original. Of an archive only what is wanted
    stays; one that someone put there is unpacked without asking the network.

    Args:
        folder: Created if it is missing.
        published: What to fetch.
        progress: Called with bytes received and bytes in all.
        cancelled: Asked before every file and at every piece received.
        fetch: How to download.

    Raises:
        DataError: If a file in the folder is damaged, which is left as it is, or no mirror gives a good one.
        OutputError: If the folder cannot be written.
        Cancelled: If `cancelled` said so; no half file stays.
    """
    if published.inside:
        _fetch_archive(folder, published, progress, cancelled, fetch)
        return
    missing = []
    for file in published.files:
        stop_if(cancelled)
        path = _located(folder, file.name)
        if path is None:
            missing.append(file)
        elif file.of_content and not _is_original(path, file):
            raise DataError(path, f"is damaged or not {published.title}'s", "Delete it to fetch it again.")
    if missing:
        _fetch_all(folder, published, missing, progress, cancelled, fetch)


def _fetch_all(
    folder: Path,
    published: Published,
    missing: Sequence[PublishedFile],
    progress: Progress | None,
    cancelled: IsCancelled | None,
    fetch: Fetch,
) -> None:
    make_folder(folder)
    total = sum(file.packed_bytes for file in missing)
    before = 0
    for file in missing:

        def received(count: int, base: int = before) -> None:
            stop_if(cancelled)
            if progress is not None:
                progress(min(base + count, total), total)

        stop_if(cancelled)
        with replacing(folder / file.name) as temporary:
            problems = _fetch_from_mirrors(published, file, temporary, received, fetch)
            if problems:
                wanted = [each.name for each in missing]
                raise DataError(
                    published.title,
                    f"cannot be downloaded ({'; '.join(problems)})",
                    f"Put {_listed(wanted)} into {folder} by hand.",
                )
        before += file.packed_bytes
        received(0, before)


def _fetch_archive(
    folder: Path,
    published: Published,
    progress: Progress | None,
    cancelled: IsCancelled | None,
    fetch: Fetch,
) -> None:
    missing = _missing(folder, published.inside)
    if not missing:
        return
    archive = folder / published.files[0].name
    fetched = not archive.exists()
    if fetched:
        _fetch_all(folder, published, published.files, progress, cancelled, fetch)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = {each.filename.rsplit("/", 1)[-1]: each for each in opened.infolist()}
            for name in missing:
                stop_if(cancelled)
                with (
                    replacing(folder / name) as temporary,
                    opened.open(entries[name]) as packed,
                    temporary.open("wb") as unpacked,
                ):
                    shutil.copyfileobj(packed, unpacked, _CHUNK)
    except (zipfile.BadZipFile, EOFError, zlib.error, KeyError, RuntimeError) as error:
        raise DataError(archive, f"is damaged or not {published.title}'s", "Delete it to fetch it again.") from error
    if fetched:
        archive.unlink()


class _Received:
    """A progress bar as pooch wants it, which tells someone else."""

    def __init__(self, received: Callable[[int], None]) -> None:
        self.total = 0
        self._received = received
        self._count = 0

    def update(self, count: int) -> None:
        self._count += count
        self._received(self._count)

    def reset(self) -> None:
        self._count = 0

    def close(self) -> None:
        pass


def _fetch_from_mirrors(
    published: Published, file: PublishedFile, target: Path, received: Callable[[int], None], fetch: Fetch
) -> list[str]:
    """Try one mirror after the other; return what went wrong, nothing if one of them gave the original."""
    problems = []
    for mirror in published.mirrors:
        host = mirror.split("/")[2]
        try:
            fetch(f"{mirror}{file.name}", target, received)
        except ConnectionError as error:
            problems.append(f"{host}: {error}")
        else:
            if _is_original(target, file):
                return []
            problems.append(f"{host}: wrong checksum of {file.name}")
        _logger.info("%s: %s", published.title, problems[-1])
    return problems


def _is_original(path: Path, file: PublishedFile) -> bool:
    digest = hashlib.sha256()
    try:
        with open_unpacked(path) if file.of_content else path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except (EOFError, zlib.error, OSError) as error:
        _logger.info("%s: %s", path, error)
        return False
    return digest.hexdigest() == file.sha256


def _missing(folder: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if _located(folder, name) is None]


def _located(folder: Path, name: str) -> Path | None:
    return locate(folder, name.removesuffix(".gz"))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
