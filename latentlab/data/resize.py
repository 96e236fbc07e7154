"""Fitting pictures to a network's size."""

from __future__ import annotations

import numpy as np
from PIL import Image

from latentlab.pixels import Pixels

_CHUNK = 256  # pictures resized at once


def fit(pixels: Pixels, size: int, background: Pixels | None = None) -> Pixels:
    """Bring pictures to a square size: exact by padding where that is enough, else by resampling.

    Pictures that are at most `size` and more than half of it keep every pixel and are surrounded by background, so
    that 28x28 digits stay crisp at 32x32. All others are padded to a square where needed and resized by Lanczos.
    Of an odd border the larger part is right and below.

    Args:
        pixels: Shape (N, H, W, C), uint8, C = 1 or 3.
        size: Height and width wanted, in pixels, at least 1.
        background: Colour of the border, shape (C,), uint8; None takes each picture's own, the median of its corners.

    Returns:
        Shape (N, size, size, C), uint8; `pixels` itself where nothing is to be done.

    Raises:
        ValueError: If the size is below 1.
    """
    if size < 1:
        raise ValueError(f"a picture of {size} pixels is impossible")
    side = max(pixels.shape[1:3])
    if side <= size < 2 * side:
        return _pad(pixels, size, background)
    squares = _pad(pixels, side, background)
    out = np.empty((len(pixels), size, size, pixels.shape[3]), np.uint8)
    for start in range(0, len(pixels), _CHUNK):
        wide = _resize_width(squares[start : start + _CHUNK], size)
        out[start : start + _CHUNK] = _resize_width(wide.swapaxes(1, 2), size).swapaxes(1, 2)
    return out


def background_of(pixels: Pixels) -> Pixels:
    """Return the median of all pictures' corners, shape (C,), uint8; `pixels` as for `fit`."""
    return np.asarray(np.median(_corners(pixels), axis=(0, 1)).astype(np.uint8))


def _corners(pixels: Pixels) -> Pixels:
    """Return the corners of each picture, shape (N, 4, C)."""
    return pixels[:, [0, 0, -1, -1], [0, -1, 0, -1]]


def to_channels(pixels: Pixels, channels: int) -> Pixels:
    """Convert between grey and colour.

    Args:
        pixels: Shape (N, H, W, C), uint8, C = 1 or 3.
        channels: 1 or 3; colour becomes grey by the weights of ITU-R 601, as in Pillow.

    Returns:
        Shape (N, H, W, channels), uint8; `pixels` itself where nothing is to be done.
    """
    if pixels.shape[3] == channels:
        return pixels
    if channels == 3:
        return pixels.repeat(3, axis=3)
    out = np.empty((*pixels.shape[:3], 1), np.uint8)
    for index, picture in enumerate(pixels):
        out[index, ..., 0] = np.asarray(Image.fromarray(picture).convert("L"))
    return out


def _resize_width(pixels: Pixels, width: int) -> Pixels:
    """Resize along W only, all pictures in one call: stacked on one another their rows stay independent.

    Width first, then height, each rounded to bytes, is what Pillow does for a single picture: the result is the same.
    """
    count, height, before, channels = pixels.shape
    stack = np.ascontiguousarray(pixels).reshape(count * height, before, channels)
    image = Image.fromarray(stack[..., 0] if channels == 1 else stack)
    resized = image.resize((width, count * height), Image.Resampling.LANCZOS)
    return np.asarray(resized).reshape(count, height, width, channels)


def _pad(pixels: Pixels, size: int, background: Pixels | None) -> Pixels:
    count, height, width, channels = pixels.shape
    if (height, width) == (size, size):
        return pixels
    top, left = (size - height) // 2, (size - width) // 2
    out = np.empty((count, size, size, channels), np.uint8)
    own = np.median(_corners(pixels), axis=1).astype(np.uint8)  # (N, C)
    out[:] = own[:, None, None] if background is None else background
    out[:, top : top + height, left : left + width] = pixels
    return out
