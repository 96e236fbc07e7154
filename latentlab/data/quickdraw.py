"""Quick, Draw!: a folder of categories, or one category's file, in any of its four published forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from latentlab import log
from latentlab.data.dataset import DataSet, IsCancelled, Progress, stop_if
from latentlab.data.drawings import DrawingFile
from latentlab.data.resize import fit, to_channels
from latentlab.data.store import Store
from latentlab.data.strokes import rasterise
from latentlab.errors import DataError
from latentlab.pixels import Pixels

SUFFIXES = (".npy", ".ndjson", ".bin")
"""Where a folder holds several forms the first of these is read: they show the same drawings."""

BITMAP_PX = 28

_PREFIXES = ("full_numpy_bitmap_", "full_simplified_", "full_binary_", "full_raw_")
_PAPER = np.zeros(1, np.uint8)
_BITMAPS_AT_ONCE = 4096
_LINES_AT_ONCE = 256
_logger = log.get(__name__)


def matters(name: str) -> bool:
    """Tell by its lower-case name whether a file may hold drawings."""
    return name.endswith(SUFFIXES)


def find(path: Path) -> tuple[Path, ...]:
    """Find files of drawings, all of one form: a file by itself, those in a folder, else those in its sub-folders.

    Raw lines count only where there are no simplified ones: sub-folders for them have ``raw`` in their name.

    Returns:
        Sorted by name; empty where there is none.
    """
    if path.is_file():
        return (path,) if matters(path.name.lower()) else ()
    for pattern in ("*", "*/*"):
        files = sorted(each for each in path.glob(pattern) if not each.name.startswith(".") and each.is_file())
        for suffix in SUFFIXES:
            found = [each for each in files if each.suffix.lower() == suffix]
            if found:
                simplified = [each for each in found if "raw" not in each.parent.name.lower()]
                return tuple(simplified or found)
    return ()


def load_quickdraw(
    files: Sequence[Path],
    size: int,
    channels: int = 1,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
    store: Store | None = None,
) -> DataSet:
    """Read drawings, white ink on black; every category is a class.

    Bitmaps are fitted as `resize.fit` says, lines are drawn at the size wanted. A category is called as its lines say,
    else as its file. Files that hold no drawings are skipped and listed, as are damaged lines.

    Args:
        files: ``.npy`` of shape (N, 784) or (N, 28, 28), uint8; ``.ndjson``, raw or simplified; or ``.bin``.
        size: Height and width wanted, in pixels.
        channels: 1 or 3.
        progress: Called with bytes read and bytes in all.
        cancelled: Asked between drawings.
        store: Takes the pictures; by default they are kept in memory.

    Raises:
        DataError: If no file holds a drawing; of a single file it is that file's.
        Cancelled: If `cancelled` said so.
    """
    store = store or Store()
    skipped: list[str] = []
    words: list[str] = []
    counts: list[int] = []
    total = sum(each.stat().st_size for each in files)
    before = 0
    for path in files:
        category = _Category(path, size, cancelled)
        count = 0
        try:
            for pictures in category.pictures():
                store.add(to_channels(pictures, channels))
                count += len(pictures)
                if progress is not None:
                    progress(min(before + category.done_bytes, total), total)
        except DataError as error:
            if len(files) == 1:
                raise
            skipped.append(str(error))
        if count:
            words.append(category.word or _word_of(path))
            counts.append(count)
            skipped += [category.damaged] if category.damaged else []
        before += path.stat().st_size
        if progress is not None:
            progress(before, total)
    folder = files[0].parent.resolve()
    if not counts:
        raise DataError(folder, f"holds no readable drawing ({skipped[0]})")
    for line in skipped:
        _logger.warning("%s", line)
    classes = sorted(set(words))
    labels = np.repeat([classes.index(word) for word in words], counts).astype(np.int64)
    name = folder.name if len(files) > 1 else files[0].name
    return DataSet(name, store.pixels(), labels, tuple(classes), source=name, skipped=tuple(skipped))


class _Category:
    """One file's drawings as pictures of the size wanted."""

    def __init__(self, path: Path, size: int, cancelled: IsCancelled | None) -> None:
        self._path = path
        self._size = size
        self._cancelled = cancelled
        self._lines = DrawingFile(path)
        self._read_bytes = 0

    @property
    def word(self) -> str:
        return self._lines.word

    @property
    def damaged(self) -> str:
        return self._lines.damaged

    @property
    def done_bytes(self) -> int:
        return self._read_bytes or self._lines.done_bytes

    def pictures(self) -> Iterator[Pixels]:
        """Yield them in pieces, shape (n, size, size, 1), uint8."""
        if self._path.suffix.lower() == ".npy":
            yield from self._bitmaps()
            return
        waiting: list[Pixels] = []
        for strokes in self._lines.drawings(self._cancelled):
            waiting.append(rasterise(strokes, self._size))
            if len(waiting) == _LINES_AT_ONCE:
                yield np.stack(waiting)
                waiting = []
        if waiting:
            yield np.stack(waiting)

    def _bitmaps(self) -> Iterator[Pixels]:
        bitmaps = _open_bitmaps(self._path)
        for start in range(0, len(bitmaps), _BITMAPS_AT_ONCE):
            stop_if(self._cancelled)
            some = np.array(bitmaps[start : start + _BITMAPS_AT_ONCE]).reshape(-1, BITMAP_PX, BITMAP_PX, 1)
            self._read_bytes += some.nbytes
            yield fit(some, self._size, _PAPER)


def _open_bitmaps(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError, SyntaxError) as error:
        raise DataError(path, "is no .npy file, or damaged") from error
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        kind = array.dtype if isinstance(array, np.ndarray) else "an archive"
        raise DataError(path, f"holds {kind}, bitmaps are bytes (uint8)")
    if array.ndim not in (2, 3) or len(array) == 0 or int(np.prod(array.shape[1:])) != BITMAP_PX * BITMAP_PX:
        raise DataError(path, f"has the shape {array.shape}, bitmaps have (N, 784) or (N, 28, 28)")
    return array


def _word_of(path: Path) -> str:
    stem = path.stem
    for prefix in _PREFIXES:
        stem = stem.removeprefix(prefix)
    return stem
