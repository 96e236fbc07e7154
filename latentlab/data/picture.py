"""One image file as square pixels."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from latentlab.data.crops import CROPS, SQUARE, Crop, cut
from latentlab.errors import DataError
from latentlab.pixels import Pixels

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
MAX_PIXELS = 64 * 1024 * 1024
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


class Decoded(NamedTuple):
    """A picture and the size that its image had.

    Attributes:
        pixels: Shape (size, size, channels), uint8.
        size_px: Width and height of the upright image before anything was cut.
    """

    pixels: Pixels
    size_px: tuple[int, int]


def decode(content: bytes, name: str, size: int, channels: int, crop: Crop = CROPS[SQUARE]) -> Decoded:
    """Decode an image, turn it upright, cut out a part and resize that to a square.

    Args:
        content: The file: PNG, JPEG, WebP, BMP, or GIF, of which the first frame counts.
        name: Names the file in the error.
        size: Height and width wanted, in pixels.
        channels: 1 for grey, 3 for colour.
        crop: Which part of it; by default the central square.

    Returns:
        The EXIF orientation is applied, transparency lies on white, resampling is Lanczos.

    Raises:
        DataError: If this is no image, is damaged, has more than `MAX_PIXELS` pixels or not the size the crop needs.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(name, f"is too large: {image.width} x {image.height} pixels")
            upright = _flatten(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
        resized = cut(upright, crop, name).resize((size, size), Image.Resampling.LANCZOS)
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(name, f"is too large: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(name, "is not an image, or damaged") from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise DataError(name, f"cannot be decoded: {error}") from error
    return Decoded(np.asarray(resized).reshape(size, size, channels), upright.size)


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour)
    return image.convert(mode)
