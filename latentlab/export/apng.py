"""Animated PNG, written frame by frame: exact, with exact delays.

References:
    W3C 2025, "Portable Network Graphics (PNG) Specification, Third Edition", section 11.3.6: acTL, fcTL, fdAT.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from typing import BinaryIO

from latentlab.export.film import AddFrame, Film
from latentlab.export.picture import encode_png
from latentlab.export.png_chunks import SIGNATURE, iter_chunks, pack_chunk
from latentlab.pixels import Pixels

_MAX_UINT16 = 65535
_COLOUR_TYPE = {1: 0, 3: 2}


@contextmanager
def open_apng(file: BinaryIO, film: Film) -> Iterator[AddFrame]:
    """Write a film as animated PNG; viewers that know no animation show its first frame.

    Args:
        file: Where it is written.
        film: Grey or RGB.

    Yields:
        What takes the frames, exactly `film.frames` of them.
    """
    delay = (1 / Fraction(film.fps)).limit_denominator(_MAX_UINT16)
    sequence = count()
    header = struct.pack(">IIBBBBB", film.width, film.height, 8, _COLOUR_TYPE[film.channels], 0, 0, 0)
    plays = 0 if film.loop else 1
    file.write(SIGNATURE + pack_chunk(b"IHDR", header))
    file.write(pack_chunk(b"acTL", struct.pack(">II", film.frames, plays)))

    def add(frame: Pixels) -> None:
        number = next(sequence)
        control = struct.pack(
            ">IIIIIHHBB", number, film.width, film.height, 0, 0, delay.numerator, delay.denominator, 0, 0
        )
        file.write(pack_chunk(b"fcTL", control))
        compressed = b"".join(data for kind, data in iter_chunks(encode_png(frame)) if kind == b"IDAT")
        if number == 0:
            file.write(pack_chunk(b"IDAT", compressed))
        else:
            file.write(pack_chunk(b"fdAT", struct.pack(">I", next(sequence)) + compressed))

    yield add
    file.write(pack_chunk(b"IEND", b""))
