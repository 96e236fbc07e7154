"""The files of Quick, Draw!: lines as JSON, raw or simplified, and as Google's binary; bitmaps are in `quickdraw`.

References:
    Google Creative Lab, "The Quick, Draw! Dataset", https://github.com/googlecreativelab/quickdraw-dataset.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from latentlab.data.dataset import IsCancelled, stop_if
from latentlab.errors import DataError

Strokes = list[npt.NDArray[np.float32]]
"""The lines of one drawing, each of shape (points, 2), float32 in [0, 255]: x to the right, y downwards."""

SIDE = 256
"""Drawings are laid out in a square of this side."""

_HEAD = struct.Struct("<Q2sbIH")  # key, country, recognised, time, strokes
_POINTS = struct.Struct("<H")
_BITMAP_BYTES = 28 * 28
_MAX_LINE_CHARS = 1 << 22
_MAX_DAMAGED = 100  # in a row, with nothing good before: this is something else


class DrawingFile:
    """A file of drawings that is read once, one after the other.

    Args:
        path: ``.ndjson`` or ``.bin``.

    Attributes:
        word: The category that its lines name; empty until one did, and for binaries.
        damaged: One line on what had to be left out; empty if all was good. Complete after reading.
        done_bytes: How far it has been read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.word = ""
        self.damaged = ""
        self.done_bytes = 0

    def drawings(self, cancelled: IsCancelled | None = None) -> Iterator[Strokes]:
        """Yield the drawings.

        Raises:
            DataError: If the file cannot be read, holds none, or is something else.
            Cancelled: If `cancelled` said so.
        """
        read = self._read_binary if self.path.suffix.lower() == ".bin" else self._read_lines
        count = 0
        try:
            for drawing in read():
                stop_if(cancelled)
                count += 1
                yield drawing
        except OSError as error:
            raise DataError(self.path, f"cannot be read: {error.strerror or error}") from error
        if not count:
            raise DataError(self.path, f"holds no drawing ({self.damaged})" if self.damaged else "holds no drawing")

    def _read_lines(self) -> Iterator[Strokes]:
        good, bad, first = 0, 0, ""
        with self.path.open("rb") as file:
            number = 0
            while line := file.readline(_MAX_LINE_CHARS):
                number += 1
                self.done_bytes += len(line)
                if not line.strip():
                    continue
                try:
                    strokes = self._parse(line)
                except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
                    bad += 1
                    first = first or f"line {number}: {_reason(error)}"
                    if bad >= _MAX_DAMAGED and not good:
                        raise DataError(
                            self.path, f"holds no lines of Quick, Draw! drawings; the first: {first}"
                        ) from None
                    continue
                good += 1
                yield strokes
        if bad:
            self.damaged = f"{self.path.name}: {bad} of {good + bad} lines are damaged, the first is {first}"

    def _parse(self, line: bytes) -> Strokes:
        entry = json.loads(line)
        strokes = _strokes(entry["drawing"])
        word = entry.get("word")
        if isinstance(word, str) and word and not self.word:
            self.word = word
        return strokes

    def _read_binary(self) -> Iterator[Strokes]:
        content = self.path.read_bytes()
        at = count = 0
        while at < len(content):
            read = _unpack(content, at)
            if read is None:
                if not count:
                    raise DataError(self.path, f"is no binary of Quick, Draw!{_guess(len(content))}")
                self.damaged = f"{self.path.name}: is damaged after {count} drawings, at byte {at} of {len(content)}"
                return
            strokes, at = read
            count += 1
            self.done_bytes = at
            yield strokes


def _strokes(drawing: Any) -> Strokes:
    """Take [[x, y], …] of a simplified or [[x, y, t], …] of a raw drawing, which is brought to the square."""
    strokes = []
    raw = False
    for stroke in drawing:
        points = np.array([stroke[0], stroke[1]], np.float32).T
        if points.ndim != 2 or not np.isfinite(points).all():
            raise ValueError("its points are no finite numbers")
        raw = raw or len(stroke) > 2 or bool((points < 0).any() or (points >= SIDE).any())
        if len(points):
            strokes.append(points)
    if not strokes:
        raise ValueError("it holds no stroke")
    return _aligned(strokes) if raw else strokes


def _aligned(strokes: Strokes) -> Strokes:
    """Move a drawing into the corner and bring its larger extent to 255, as Google's simplification does."""
    low = np.min([each.min(axis=0) for each in strokes], axis=0)
    high = np.max([each.max(axis=0) for each in strokes], axis=0)
    extent = float((high - low).max())
    scale = np.float32((SIDE - 1) / extent if extent else 1.0)
    return [np.clip((each - low) * scale, 0, SIDE - 1) for each in strokes]


def _unpack(content: bytes, at: int) -> tuple[Strokes, int] | None:
    """Read one drawing of a binary; None if what stands there cannot be one."""
    if at + _HEAD.size > len(content):
        return None
    _, country, recognised, _, count = _HEAD.unpack_from(content, at)
    # The country is two capitals or nothing known; this is what no other kind of file passes for long.
    if recognised not in (0, 1) or not count or not (country.isalpha() and country.isupper()):
        return None
    at += _HEAD.size
    strokes = []
    for _ in range(count):
        if at + _POINTS.size > len(content):
            return None
        (points,) = _POINTS.unpack_from(content, at)
        at += _POINTS.size
        if not points or at + 2 * points > len(content):
            return None
        strokes.append(np.frombuffer(content, np.uint8, 2 * points, at).reshape(2, points).T.astype(np.float32))
        at += 2 * points
    return strokes, at


def _guess(size: int) -> str:
    if size and size % _BITMAP_BYTES == 0:
        return f", but of the size of {size // _BITMAP_BYTES} bare bitmaps of 28 x 28. Save those as .npy instead"
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "is no JSON"
    if isinstance(error, KeyError):
        return f"has no {error.args[0]!r}"
    return str(error)
