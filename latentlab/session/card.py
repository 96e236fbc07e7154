"""A card: a picture that carries its latent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.priors import Prior
from latentlab.pixels import Pixels
from latentlab.session.point import Point

_ids = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Card:
    """A picture with its z, its model, and the steps that led there.

    Attributes:
        name: What is written under it.
        point: The base and the edits.
        z: The latent that was rendered, shape (z_dim,), float32, read-only.
        pixels: The picture as it was when the card was made, shape (H, W, C), uint8, read-only.
        prior: The distribution z was trained on.
        model_hash: Of the model that drew it.
        model_name: Of the model that drew it.
        id: Unique within the process.
    """

    name: str
    point: Point
    z: FloatArray
    pixels: Pixels
    prior: Prior
    model_hash: str
    model_name: str
    id: int = field(default_factory=lambda: next(_ids))

    def __post_init__(self) -> None:
        object.__setattr__(self, "z", frozen(self.z))
        pixels = np.array(self.pixels, np.uint8)
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    def fits(self, z_dim: int, prior: Prior) -> bool:
        """Whether a model of this width and prior can draw the card's latent."""
        return len(self.z) == z_dim and self.prior == prior

    def picked_up(self, model_hash: str) -> Point:
        """Return the point to play on with: every edit still on its slider under the same model, else z as it is."""
        if model_hash == self.model_hash:
            return self.point
        return Point(self.z, origin=self.name, label=self.point.label)
