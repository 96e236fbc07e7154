"""A picture of one's own, brought to what a model draws, as the model's training data were."""

from __future__ import annotations

import os
from pathlib import Path

from latentlab.data.crops import CROPS, SQUARE, crop_called
from latentlab.data.known import KNOWN
from latentlab.data.members import Member
from latentlab.data.picture import decode
from latentlab.data.resize import fit
from latentlab.models.card import ModelCard
from latentlab.pixels import Pixels
from latentlab.session.invertible import check_square

_OF_PHOTOS = ("celeba",)


def read_own_picture(path: Path, card: ModelCard, crop: str = SQUARE) -> Pixels:
    """Read an image of any size and mode for a model.

    It is turned upright, laid on white where it is transparent, cut and resized. An image that is a little smaller
    than the model's pictures keeps its pixels and is given a border where the model's data set was: 28x28 digits.

    Args:
        path: A PNG, JPEG, WebP, BMP or GIF, of which the first frame counts.
        card: Of the model.
        crop: A key of `crops.CROPS`.

    Returns:
        Shape (H, W, C), uint8, of the model's size and channels.

    Raises:
        DataError: If there is no such file, it is no image or damaged, or not of the size that the crop needs.
        ValueRangeError: If the crop is unknown, or the model's pictures are not square.
    """
    check_square(card)
    spec = card.generator
    how = crop_called(crop)
    content = Member(str(path), os.fspath(path)).read()
    pixels, (width, height) = decode(content, str(path), spec.width, spec.channels, how)
    side = min(width, height)
    bordered = card.data.name in KNOWN and card.data.name not in _OF_PHOTOS
    if bordered and how is CROPS[SQUARE] and side < spec.width < 2 * side:
        whole = decode(content, str(path), side, spec.channels, how).pixels
        pixels = fit(whole[None], spec.width).reshape(pixels.shape)
    return pixels
