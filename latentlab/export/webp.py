"""Animated WebP, written frame by frame.

References:
    Google, "WebP Container Specification", https://developers.google.com/speed/webp/docs/riff_container:
    VP8X, ANIM, ANMF.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from latentlab.export.film import AddFrame, Film
from latentlab.export.picture import to_image
from latentlab.export.timing import frame_delays
from latentlab.pixels import Pixels

LOSSLESS_UP_TO_PX = 128
"""Colour films higher than this are compressed with loss."""

_QUALITY = 90
_UNIT_MS = 1
_RIFF_HEADER_BYTES = 12
_ANIMATION = 0b0000_0010
_DO_NOT_BLEND = 0b0000_0010


@contextmanager
def open_webp(file: BinaryIO, film: Film) -> Iterator[AddFrame]:
    """Write a film as WebP: exactly where it is grey or at most `LOSSLESS_UP_TO_PX` high, else at quality 90.

    Args:
        file: Where it is written; seekable.
        film: Grey or RGB.

    Yields:
        What takes the frames, exactly `film.frames` of them.
    """
    delays = iter(frame_delays(film.frames, film.fps, _UNIT_MS))
    lossless = film.channels == 1 or film.height <= LOSSLESS_UP_TO_PX
    size = _uint24(film.width - 1) + _uint24(film.height - 1)
    start = file.tell()
    file.write(b"RIFF\x00\x00\x00\x00WEBP")
    file.write(_chunk(b"VP8X", struct.pack("<I", _ANIMATION) + size))
    file.write(_chunk(b"ANIM", struct.pack("<IH", 0, 0 if film.loop else 1)))

    def add(frame: Pixels) -> None:
        buffer = io.BytesIO()
        to_image(frame).save(buffer, "WEBP", lossless=lossless, quality=_QUALITY)
        bitstream = buffer.getvalue()[_RIFF_HEADER_BYTES:]
        place = _uint24(0) + _uint24(0) + size + _uint24(next(delays)) + bytes([_DO_NOT_BLEND])
        file.write(_chunk(b"ANMF", place + bitstream))

    yield add
    end = file.tell()
    file.seek(start + 4)
    file.write(struct.pack("<I", end - start - 8))
    file.seek(end)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def _uint24(value: int) -> bytes:
    return value.to_bytes(3, "little")
