"""Cards as PNG files that hold their latent, and back."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from latentlab.export.latent_png import LatentTagError, png_bytes, read_tag
from latentlab.export.latent_tag import LatentTag
from latentlab.session.card import Card
from latentlab.session.point import Point

_MAX_SIDE_PX = 8192


def png_of(card: Card) -> bytes:
    """Encode a card as a PNG of the picture's own size, with the latent and the steps inside."""
    return png_bytes(card.pixels, tag_of(card))


def tag_of(card: Card) -> LatentTag:
    """Return what a PNG of the card remembers."""
    point = card.point
    return LatentTag(
        z=card.z,
        base=point.base,
        prior=card.prior,
        model_hash=card.model_hash,
        model_name=card.model_name,
        seed=point.seed,
        label=point.label,
        edits=point.strengths,
        truncation=point.truncation,
        renormalised=point.renormalised,
    )


def card_from_png(content: bytes, name: str = "") -> Card | None:
    """Read a card out of a PNG.

    Args:
        content: The file.
        name: What to call the card; its steps give the name otherwise.

    Returns:
        None if the picture holds no latent.

    Raises:
        LatentTagError: If the latent or the picture is damaged.
    """
    tag = read_tag(content)
    if tag is None:
        return None
    point = Point(tag.base, tag.seed, "", tag.edits, tag.truncation, tag.renormalised, tag.label)
    try:
        with Image.open(io.BytesIO(content)) as image:
            if max(image.size) > _MAX_SIDE_PX:
                raise LatentTagError(name or "the picture", "is too large for a card")
            grey = image.mode in ("1", "L", "LA", "I;16")
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow raises each of them
        raise LatentTagError(name or "the picture", f"is damaged: {error}") from error
    shaped = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return Card(name or point.title(), point, tag.z, shaped, tag.prior, tag.model_hash, tag.model_name)
