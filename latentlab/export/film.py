"""What every animated format is: something that is opened for a film and takes its frames one by one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from latentlab.pixels import Pixels


@dataclass(frozen=True)
class Film:
    """What a file must know before its first frame.

    Attributes:
        frames: How many will follow.
        height: Of each frame, in pixels.
        width: Of each frame, in pixels.
        channels: 1 (grey) or 3 (RGB).
        fps: Frames a second.
        loop: Whether viewers repeat it for ever; a file that cannot say so leaves it to them.
    """

    frames: int
    height: int
    width: int
    channels: int
    fps: float
    loop: bool


AddFrame = Callable[[Pixels], None]
"""Takes one frame, shape (height, width, channels), uint8."""

OpenFilm = Callable[[BinaryIO, Film], AbstractContextManager[AddFrame]]
"""Writes what precedes the frames; leaving without an exception writes what follows them."""
