"""One picture between arrays, Pillow and PNG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from latentlab import paths
from latentlab.errors import OutputError
from latentlab.pixels import Pixels, enlarge


def to_image(picture: Pixels) -> Image.Image:
    """Return a picture of shape (H, W, C), uint8, as a Pillow image: mode L for C = 1, RGB for C = 3."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def fit(picture: Pixels, size_px: int | None, smooth: bool = False) -> Pixels:
    """Scale a picture to a height, keeping its proportions.

    Args:
        picture: Shape (H, W, C), uint8.
        size_px: Height of the result; None leaves the picture as it is.
        smooth: Interpolate also where the height is a whole multiple and pixels could stay squares.

    Returns:
        Shape (size_px, W', C), uint8. Whole multiples are exact enlargements unless `smooth`; everything else is
        bicubic, antialiased where it reduces.
    """
    height, width, channels = picture.shape
    if size_px is None or size_px == height:
        return picture
    if size_px % height == 0 and not smooth:
        return enlarge(picture, size_px // height)
    size = (max(1, round(width * size_px / height)), size_px)
    scaled = np.asarray(to_image(picture).resize(size, Image.Resampling.BICUBIC))
    return scaled.reshape(size[1], size[0], channels)


def encode_png(picture: Pixels, text: PngInfo | None = None) -> bytes:
    """Encode a picture of shape (H, W, C), uint8, as PNG, with text chunks ahead of the pixels."""
    buffer = io.BytesIO()
    to_image(picture).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def replace_png(path: Path, data: bytes) -> Path:
    """Write an encoded PNG in one step.

    Raises:
        OutputError: If the name does not end in ``.png`` or the file cannot be written; an older one is untouched.
    """
    if path.suffix.lower() != ".png":
        raise OutputError(path, "is written as PNG", f"Name it {path.with_suffix('.png').name}.")
    with paths.replacing(path) as temporary:
        temporary.write_bytes(data)
    return path
