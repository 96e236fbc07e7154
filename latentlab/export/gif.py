"""GIF, written frame by frame.

Pillow compresses the frames; the blocks around them are written here, so that each frame has its own palette and
delay, memory does not grow with the film, and the work can be cancelled between frames.

References:
    CompuServe 1990, "Graphics Interchange Format, version 89a".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import GifImagePlugin

from latentlab.export.film import AddFrame, Film
from latentlab.export.palette import FollowingPalette
from latentlab.export.picture import to_image
from latentlab.export.timing import frame_delays
from latentlab.pixels import Pixels

MAX_FPS = 50.0
"""Viewers show delays below 20 ms as 100 ms."""

_UNIT_MS = 10
_GLOBAL_TABLE_OF_256 = 0b1_111_0_111
_NO_GLOBAL_TABLE = 0b0_111_0_000
_REPEAT_FOR_EVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_GREYS = bytes(level for level in range(256) for _ in range(3))


@contextmanager
def open_gif(file: BinaryIO, film: Film) -> Iterator[AddFrame]:
    """Write a film as GIF: grey frames exactly, with the 256 greys as palette; RGB frames with one palette each.

    Args:
        file: Where it is written.
        film: At most `MAX_FPS` frames a second.

    Yields:
        What takes the frames, exactly `film.frames` of them.
    """
    delays = iter(frame_delays(film.frames, film.fps, _UNIT_MS))
    grey = film.channels == 1
    palette = FollowingPalette()
    flags = _GLOBAL_TABLE_OF_256 if grey else _NO_GLOBAL_TABLE
    file.write(b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, flags, 0, 0))
    if grey:
        file.write(_GREYS)
    if film.loop:
        file.write(_REPEAT_FOR_EVER)

    def add(frame: Pixels) -> None:
        image = to_image(frame) if grey else palette.quantise(frame)
        blocks = GifImagePlugin.getdata(image, duration=next(delays) * _UNIT_MS, include_color_table=not grey)
        file.writelines(blocks)

    yield add
    file.write(b";")
