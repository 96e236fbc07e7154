"""A PNG that holds its latent: dropped back onto the window, it is that card again."""

from __future__ import annotations

import io
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from latentlab.errors import LatentlabError
from latentlab.export.latent_tag import LatentTag, from_text, to_text
from latentlab.export.picture import encode_png, replace_png
from latentlab.export.png_chunks import read_text
from latentlab.pixels import Pixels

KEYWORD = "latentlab"
MAX_TEXT_BYTES = 2**20


class LatentTagError(LatentlabError):
    """The latent inside a picture cannot be read; the picture itself may be whole."""


def png_bytes(pixels: Pixels, tag: LatentTag) -> bytes:
    """Encode a picture with its latent.

    Args:
        pixels: Shape (H, W, C), uint8.
        tag: Written as the text ``latentlab``, beside ``Software`` and a ``Description`` for other programs.

    Returns:
        The PNG.

    Raises:
        ValueError: If names in the tag are so long that `read_tag` would refuse it.
    """
    record = to_text(tag)
    if len(record) > MAX_TEXT_BYTES:
        raise ValueError(f"the names in the tag make it longer than {MAX_TEXT_BYTES} bytes")
    text = PngInfo()
    text.add_text("Software", "latentlab")
    # A name taken from a file may hold bytes that are no text.
    text.add_itxt("Description", tag.describe().encode("utf-8", "replace").decode("utf-8"))
    text.add_text(KEYWORD, record)
    return encode_png(pixels, text)


def write_png(path: Path, pixels: Pixels, tag: LatentTag) -> Path:
    """Write a picture with its latent; an existing file is replaced in one step.

    Args:
        path: A name ending in ``.png``.
        pixels: Shape (H, W, C), uint8.
        tag: What it remembers.

    Returns:
        `path`.

    Raises:
        OutputError: If the file cannot be written; an older one is untouched.
    """
    return replace_png(path, png_bytes(pixels, tag))


def read_tag(source: Path | bytes) -> LatentTag | None:
    """Read the latent out of a picture, without decoding the picture.

    Args:
        source: A file, or the contents of one.

    Returns:
        The tag; None if this is no PNG or holds no latent.

    Raises:
        LatentTagError: If the file cannot be read, or the latent in it is damaged or too long.
    """
    name = "picture" if isinstance(source, bytes) else source
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            text = read_text(file, KEYWORD.encode("ascii"), MAX_TEXT_BYTES)
        return None if text is None else from_text(text)
    except OSError as error:
        raise LatentTagError(name, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        what_to_do = "Invert the picture to find one for it."
        raise LatentTagError(name, f"the latent inside cannot be read: {error}", what_to_do) from error
