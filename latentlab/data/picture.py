"""One image file as square pixels."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from latentlab.errors import DataError
from latentlab.pixels import Pixels

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
MAX_PIXELS = 64 * 1024 * 1024
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


def decode(content: bytes, name: str, size: int, channels: int) -> Pixels:
    """Decode an image, turn it upright, cut out its central square and resize that.

    Args:
        content: The file: PNG, JPEG, WebP, BMP, or GIF, of which the first frame counts.
        name: Names the file in the error.
        size: Height and width wanted, in pixels.
        channels: 1 for grey, 3 for colour.

    Returns:
        Shape (size, size, channels), uint8. The EXIF orientation is applied, transparency lies on white,
        resampling is Lanczos.

    Raises:
        DataError: If this is no image, is damaged, or has more than `MAX_PIXELS` pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(name, f"is too large: {image.width} x {image.height} pixels")
            upright = _flatten(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
        side = min(upright.size)
        left, top = (upright.width - side) // 2, (upright.height - side) // 2
        square = upright.crop((left, top, left + side, top + side))
        resized = square.resize((size, size), Image.Resampling.LANCZOS)
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(name, f"is too large: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(name, "is not an image, or damaged") from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise DataError(name, f"cannot be decoded: {error}") from error
    return np.asarray(resized).reshape(size, size, channels)


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour)
    return image.convert(mode)
