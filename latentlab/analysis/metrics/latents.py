"""The latents that a generator is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import Prior, sample
from latentlab.pixels import Pixels

Draw = Callable[[FloatArray, IntArray | None], Pixels]
"""From z, shape (n, z_dim), float32, and classes, shape (n,), int64, None where there are none, to pixels, shape
(n, H, W, C), uint8. It must draw each picture alike whatever stands beside it in the batch."""


@dataclass(frozen=True)
class Latents:
    """Untruncated latents of a prior, the same for the same seed.

    Attributes:
        z_dim: Width of z.
        prior: Its distribution.
        classes: How many classes the generator knows, all equally likely; 0 where z alone decides.
        seed: Of z and of the classes.
    """

    z_dim: int
    prior: Prior
    classes: int = 0
    seed: int = 0

    def take(self, count: int) -> tuple[FloatArray, IntArray | None]:
        """Draw the first so many: shape (count, z_dim), float32, and classes, shape (count,), int64, or None."""
        z = sample(self.prior, count, self.z_dim, self.seed)
        if not self.classes:
            return z, None
        return z, np.random.RandomState(self.seed).randint(0, self.classes, count).astype(np.int64)
