"""MNIST from the network, checked against the original's contents."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from latentlab import log
from latentlab.data.dataset import IsCancelled, Progress, stop_if
from latentlab.data.idx import locate, open_unpacked
from latentlab.errors import DataError
from latentlab.paths import make_folder, replacing

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Of the unpacked content, so that a file packed anew, or unpacked on the way by the server, is still the original.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_PACKED_BYTES = {
    "train-images-idx3-ubyte": 9_912_422,
    "train-labels-idx1-ubyte": 28_881,
    "t10k-images-idx3-ubyte": 1_648_877,
    "t10k-labels-idx1-ubyte": 4_542,
}
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


def fetch_mnist(
    folder: Path,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    fetch: Fetch = fetch_url,
) -> None:
    """Download those of MNIST's four files that a folder lacks, and check those it has.

    Each file is written beside and renamed once its content is proven to be the original's.

    Args:
        folder: Created if it is missing.
        progress: Called with bytes received and bytes in all.
        cancelled: Asked before every file and at every piece received.
        fetch: How to download.

    Raises:
        DataError: If a file in the folder is damaged, which is left as it is, or no mirror gives a good one.
        OutputError: If the folder cannot be written.
        Cancelled: If `cancelled` said so; no half file stays.
    """
    missing = []
    for name in SHA256:
        stop_if(cancelled)
        path = locate(folder, name)
        if path is None:
            missing.append(name)
        elif not _is_original(path, name):
            raise DataError(path, "is damaged or not MNIST's", "Delete it to fetch it again.")
    if not missing:
        return
    make_folder(folder)
    total = sum(_PACKED_BYTES[name] for name in missing)
    before = 0
    for name in missing:

        def received(count: int, base: int = before) -> None:
            stop_if(cancelled)
            if progress is not None:
                progress(min(base + count, total), total)

        stop_if(cancelled)
        with replacing(folder / f"{name}.gz") as temporary:
            problems = _fetch_from_mirrors(name, temporary, received, fetch)
            if problems:
                raise DataError(
                    "MNIST",
                    f"cannot be downloaded ({'; '.join(problems)})",
                    f"Put {_listed([f'{each}.gz' for each in missing])} into {folder} by hand.",
                )
        before += _PACKED_BYTES[name]
        received(0, before)


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


def _fetch_from_mirrors(name: str, target: Path, received: Callable[[int], None], fetch: Fetch) -> list[str]:
    """Try one mirror after the other; return what went wrong, nothing if one of them gave the original."""
    problems = []
    for mirror in MIRRORS:
        host = mirror.split("/")[2]
        try:
            fetch(f"{mirror}{name}.gz", target, received)
        except ConnectionError as error:
            problems.append(f"{host}: {error}")
        else:
            if _is_original(target, name):
                return []
            problems.append(f"{host}: wrong checksum of {name}.gz")
        _logger.info("MNIST: %s", problems[-1])
    return problems


def _is_original(path: Path, name: str) -> bool:
    digest = hashlib.sha256()
    try:
        with open_unpacked(path) as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except (EOFError, zlib.error, OSError) as error:
        _logger.info("%s: %s", path, error)
        return False
    return digest.hexdigest() == SHA256[name]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
