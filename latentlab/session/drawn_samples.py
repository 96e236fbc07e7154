"""Samples of a model with their pictures and what these look like: what a wall to click on and a map are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentlab.analysis.clicks import Pool
from latentlab.analysis.picture_features import PictureSpace, Views
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.latent.arrays import FloatArray, frozen
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point

_BATCH = 64


@dataclass(frozen=True, eq=False)
class DrawnSamples:
    """The pictures of the seeds from `first` on.

    Attributes:
        first: Seed of the first.
        z: Shape (N, z_dim), float32, read-only; row i is that of seed first + i.
        pixels: Shape (N, H, W, C), uint8, read-only.
        space: Places more pictures of the model among these.
        views: Their pictures in the space's coordinates.
    """

    first: int
    z: FloatArray
    pixels: Pixels
    space: PictureSpace
    views: Views

    def __post_init__(self) -> None:
        object.__setattr__(self, "z", frozen(self.z))
        self.pixels.flags.writeable = False

    def point(self, index: int) -> Point:
        """Return a sample as a point to play on with."""
        return Point(self.z[index], self.first + index)

    def pool(self) -> Pool:
        """Return them as samples to answer."""
        return Pool(self.z, self.views)


def draw_samples(model: OpenedModel, count: int, first: int = 0, progress: Progress = unwatched) -> DrawnSamples:
    """Draw the pictures of seeds in a row and learn what pictures of the model look like.

    Each has a seed of its own, so that it is found again by it.

    Args:
        model: What draws them, on the CPU and the calling thread.
        count: How many, at least 64; 2,000 are enough to learn from.
        first: The first seed.
        progress: Told the fraction done.

    Raises:
        ValueError: If there are fewer than 64.
        Cancelled: If `progress` raises it.
    """
    z = np.empty((count, model.z_dim), np.float32)
    pixels = np.empty((count, *model.render(model.sample(1, first)).shape[1:]), np.uint8)
    for batch in batches(count, _BATCH, part(progress, 0.0, 0.5)):
        for index in range(batch.start, batch.stop):
            z[index] = model.sample(1, first + index)[0]
        pixels[batch] = model.render(z[batch])
    space = PictureSpace.of(pixels, part(progress, 0.5, 0.9))
    return DrawnSamples(first, z, pixels, space, space(pixels, part(progress, 0.9, 1.0)))
