"""A walk through latents as a file: GIF, WebP, APNG, MP4, or one still PNG with all its frames.

Every format takes its frames one by one (`latentlab.export.film`), so an export of any length needs the memory of one
chunk, tells how far it is, and stops between two frames.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from latentlab import log, paths
from latentlab.errors import Cancelled, OutputError, ValueRangeError
from latentlab.export import gif
from latentlab.export.apng import open_apng
from latentlab.export.film import Film, OpenFilm
from latentlab.export.mp4 import open_mp4
from latentlab.export.picture import fit
from latentlab.export.sheet import open_strip
from latentlab.export.webp import open_webp
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels

Render = Callable[[FloatArray], Pixels]
"""From latents (n, z_dim), float32, to pixels (n, H, W, C), uint8."""

CHUNK = 16
MIN_FPS, MAX_FPS = 0.1, 120.0
MIN_SIZE_PX, MAX_SIZE_PX = 8, 4096
SAMPLE_FRAMES = 8

_logger = log.get(__name__)


@dataclass(frozen=True)
class AnimationOptions:
    """How a walk is shown.

    Attributes:
        fps: Frames a second, 0.1 to 120; at most 50 in a GIF.
        size_px: Height of the frames, 8 to 4096; None for that of the model.
        smooth: Interpolate also where `size_px` is a whole multiple of the model's height.
        loop: Repeat for ever. MP4 leaves it to the player.
        ping_pong: Walk back again: to the first frame, or one short of it where it loops. No still PNG does that.

    Raises:
        ValueRangeError: If a number is outside its range.
    """

    fps: float = 30.0
    size_px: int | None = None
    smooth: bool = False
    loop: bool = True
    ping_pong: bool = False

    def __post_init__(self) -> None:
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise ValueRangeError(f"{self.fps:g} frames a second", f"is outside {MIN_FPS:g} to {MAX_FPS:g}")
        if self.size_px is not None and not MIN_SIZE_PX <= self.size_px <= MAX_SIZE_PX:
            raise ValueRangeError(f"size {self.size_px} px", f"is outside {MIN_SIZE_PX} to {MAX_SIZE_PX}")


@dataclass(frozen=True)
class Format:
    """A kind of file that a walk can be written as.

    Attributes:
        name: As a dialog shows it.
        open_film: Begins a file.
        max_fps: Frames a second that viewers still show as such.
        still: Whether all frames are shown at once.
        predicted: Whether frames are stored as differences from their neighbours.
        repeats: Whether the file itself says that it is to be shown again and again.
    """

    name: str
    open_film: OpenFilm
    max_fps: float = MAX_FPS
    still: bool = False
    predicted: bool = False
    repeats: bool = True


FORMATS: dict[str, Format] = {
    ".gif": Format("GIF", gif.open_gif, max_fps=gif.MAX_FPS),
    ".webp": Format("WebP", open_webp),
    ".apng": Format("Animated PNG", open_apng),
    ".png": Format("PNG strip", open_strip, still=True, repeats=False),
    ".mp4": Format("MP4", open_mp4, predicted=True, repeats=False),
}


def write_animation(
    path: Path,
    path_z: FloatArray,
    render: Render,
    *,
    options: AnimationOptions = AnimationOptions(),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Render a walk and write it; the suffix of `path` chooses the format.

    Args:
        path: An existing file is replaced once the new one is complete.
        path_z: One latent per frame, shape (frames, z_dim), float32, frames >= 1.
        render: Called with at most `CHUNK` latents at a time, on the calling thread.
        options: How it is shown.
        progress: Told after each frame how many are done, and of how many.
        cancelled: Asked before each frame and each chunk whether to stop.

    Returns:
        `path`.

    Raises:
        OutputError: If the suffix is unknown, MP4 lacks its extra, or the file cannot be written.
        ValueRangeError: If the format cannot show so many frames a second, or a still would be too large.
        Cancelled: If `cancelled` said so. Whatever the reason, no half file is left and an older one is untouched.
        ValueError: If there is no frame.
    """
    kind = _format_of(path, options)
    walk = _walk(path_z, kind, options)
    with paths.replacing(path) as temporary, temporary.open("wb") as file:
        frames = _frames(walk, render, options, cancelled or _never)
        _encode(file, frames, len(walk), kind, options, progress)
    _logger.info("wrote %s: %d frames, %d bytes", path, len(walk), path.stat().st_size)
    return path


def estimate_bytes(suffix: str, path_z: FloatArray, render: Render, options: AnimationOptions) -> int:
    """Forecast the size of a file from a few of its frames, without writing one.

    Args:
        suffix: A key of `FORMATS`.
        path_z: One latent per frame, shape (frames, z_dim), float32, frames >= 1.
        render: As for `write_animation`; called once, with at most `SAMPLE_FRAMES` latents.
        options: How it will be shown.

    Returns:
        Size in bytes; exact up to `SAMPLE_FRAMES` frames.

    Raises:
        OutputError, ValueRangeError, ValueError: As `write_animation`.
    """
    kind = _format_of(Path(f"walk{suffix}"), options)
    walk = _walk(path_z, kind, options)
    count = min(len(walk), SAMPLE_FRAMES)
    if kind.predicted:
        first = (len(walk) - count) // 2
        chosen = np.arange(first, first + count)
    else:
        chosen = np.rint(np.linspace(0, len(walk) - 1, count)).astype(int)
    pixels = render(walk[chosen])
    sampled = _encoded_bytes(pixels, kind, options)
    if count == len(walk):
        return sampled
    # What precedes the frames, and a first frame that is stored whole, are paid for once.
    alone = _encoded_bytes(pixels[:1], kind, options)
    return round(alone + (sampled - alone) / (count - 1) * (len(walk) - 1))


def _format_of(path: Path, options: AnimationOptions) -> Format:
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise OutputError(path, "is of a kind that cannot be written", f"Choose one of {', '.join(FORMATS)}.")
    if options.fps > kind.max_fps and not kind.still:
        raise ValueRangeError(
            f"{options.fps:g} frames a second",
            f"is more than viewers show of a {kind.name}",
            f"Choose at most {kind.max_fps:g}, or another format.",
        )
    return kind


def _walk(path_z: FloatArray, kind: Format, options: AnimationOptions) -> FloatArray:
    if len(path_z) == 0:
        raise ValueError("a walk needs at least one frame")
    if not options.ping_pong or kind.still:
        return path_z
    back = path_z[-2:0:-1] if options.loop else path_z[-2::-1]
    return np.concatenate([path_z, back])


def _frames(
    walk: FloatArray, render: Render, options: AnimationOptions, cancelled: Callable[[], bool]
) -> Iterator[Pixels]:
    for start in range(0, len(walk), CHUNK):
        _stop_if(cancelled)
        for picture in render(walk[start : start + CHUNK]):
            _stop_if(cancelled)
            yield fit(picture, options.size_px, options.smooth)


def _encode(
    file: BinaryIO,
    frames: Iterator[Pixels],
    count: int,
    kind: Format,
    options: AnimationOptions,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    first = next(frames)
    height, width, channels = first.shape
    film = Film(count, height, width, channels, options.fps, options.loop)
    with kind.open_film(file, film) as add:
        for done, frame in enumerate(chain([first], frames), start=1):
            add(frame)
            if progress is not None:
                progress(done, count)


def _encoded_bytes(pixels: Pixels, kind: Format, options: AnimationOptions) -> int:
    buffer = io.BytesIO()
    frames = (fit(picture, options.size_px, options.smooth) for picture in pixels)
    _encode(buffer, frames, len(pixels), kind, options)
    return len(buffer.getvalue())


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _never() -> bool:
    return False
