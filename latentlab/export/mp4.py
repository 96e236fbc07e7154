"""MP4 (H.264) through PyAV, which the extra ``video`` brings."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from latentlab.errors import OutputError
from latentlab.export.film import AddFrame, Film
from latentlab.pixels import Pixels

_CODEC = "libx264"
_OPTIONS = {"crf": "16", "preset": "medium"}
_MAX_RATE_DENOMINATOR = 1001


@contextmanager
def open_mp4(file: BinaryIO, film: Film) -> Iterator[AddFrame]:
    """Write a film as MP4 that every browser plays: H.264, 4:2:0, so an odd side repeats its last row or column.

    Args:
        file: Where it is written; seekable.
        film: Grey or RGB; MP4 cannot say whether to loop.

    Yields:
        What takes the frames.

    Raises:
        OutputError: If PyAV is not installed or has no H.264 encoder.
    """
    av = _pyav()
    try:
        av.codec.Codec(_CODEC, "w")
    except av.codec.codec.UnknownCodecError as error:
        raise OutputError("MP4", f"this build of PyAV lacks the encoder {_CODEC}", "Choose WebP or GIF.") from error
    with av.open(file, "w", format="mp4") as container:
        rate = Fraction(film.fps).limit_denominator(_MAX_RATE_DENOMINATOR)
        stream = container.add_stream(_CODEC, rate=rate, options=_OPTIONS)
        stream.width, stream.height = film.width + film.width % 2, film.height + film.height % 2
        stream.pix_fmt = "yuv420p"
        padding = ((0, film.height % 2), (0, film.width % 2), (0, 0))

        def add(frame: Pixels) -> None:
            rgb = np.broadcast_to(frame, (*frame.shape[:2], 3))
            even = np.ascontiguousarray(np.pad(rgb, padding, mode="edge"))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))

        yield add
        container.mux(stream.encode())


def _pyav() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise OutputError("MP4", 'needs the extra "video": pip install "latentlab[video]"') from error
