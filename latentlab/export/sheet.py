"""Sheets: many pictures as one PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from latentlab.errors import ValueRangeError
from latentlab.export.film import AddFrame, Film
from latentlab.export.picture import encode_png, replace_png
from latentlab.pixels import Pixels, enlarge, sheet

STRIP_COLUMNS = 16
MAX_SHEET_PIXELS = 2**27
"""Larger pictures are refused by most viewers as decompression bombs."""


def write_sheet(path: Path, pixels: Pixels, columns: int | None = None, gap_px: int = 0, factor: int = 1) -> Path:
    """Write pictures in rows as one PNG.

    Args:
        path: A name ending in ``.png``; an existing file is replaced.
        pixels: Shape (N, H, W, C), uint8, N >= 1.
        columns: Pictures in a row; the smallest square that holds all by default.
        gap_px: Distance between neighbours, in pixels of the sheet; white.
        factor: Whole factor by which each picture is enlarged, nearest neighbour.

    Returns:
        `path`.

    Raises:
        ValueRangeError: If the sheet would have more than `MAX_SHEET_PIXELS`.
        OutputError: If the file cannot be written.
        ValueError: If there is no picture.
    """
    count, height, width, _ = pixels.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    if count:
        check_size(count, columns, height * factor + gap_px, width * factor + gap_px)
    return replace_png(path, encode_png(sheet(enlarge(pixels, factor), columns, gap_px)))


@contextmanager
def open_strip(file: BinaryIO, film: Film) -> Iterator[AddFrame]:
    """Write a film as one still PNG: a strip, broken into equal rows where it has more than `STRIP_COLUMNS` frames.

    Args:
        file: Where it is written, once all frames are there.
        film: Grey or RGB; `fps` and `loop` mean nothing here.

    Yields:
        What takes the frames, exactly `film.frames` of them.

    Raises:
        ValueRangeError: If the strip would have more than `MAX_SHEET_PIXELS`.
    """
    columns = math.ceil(film.frames / math.ceil(film.frames / STRIP_COLUMNS))
    check_size(film.frames, columns, film.height, film.width)
    frames: list[Pixels] = []
    yield frames.append
    file.write(encode_png(sheet(np.stack(frames), columns)))


def check_size(count: int, columns: int, height: int, width: int) -> None:
    """Refuse a sheet that viewers would not open.

    Args:
        count: Number of pictures.
        columns: Pictures in a row.
        height: Of each, in pixels of the sheet.
        width: Of each, in pixels of the sheet.

    Raises:
        ValueRangeError: If the sheet would have more than `MAX_SHEET_PIXELS`.
    """
    rows = math.ceil(count / columns)
    if rows * height * columns * width > MAX_SHEET_PIXELS:
        raise ValueRangeError(
            f"sheet of {count} pictures",
            f"would be {columns * width} x {rows * height} pixels, more than viewers open",
            "Take fewer or smaller pictures.",
        )
