"""A plane to walk on: every integer point is a seed, and what lies between is interpolated.

References:
    Karras et al. 2021, "Alias-Free Generative Adversarial Networks", arXiv:2106.12423: the visualizer that comes with
    its code numbers the seeds so, rows of 100, and weighs the four around a place bilinearly.
    White 2016, "Sampling Generative Networks", arXiv:1609.04468: why the norm of z is to be kept.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.priors import MAX_SEED, Prior, sample

ROW = 100
"""A step up is this many seeds."""

_KEPT = 4096


def seed_at(column: int, row: int) -> int:
    """Return the seed of an integer point; the plane goes on without end, wrapped at 2**32."""
    return (column + ROW * row) % (MAX_SEED + 1)


def place_of(seed: int) -> tuple[int, int]:
    """Return the integer point (column, row) of a seed that is nearest to the origin's column, 0 <= column < 100."""
    return seed % ROW, seed // ROW


def on_lattice(places: npt.ArrayLike, z_dim: int, prior: Prior) -> FloatArray:
    """Return the latents of places on the plane.

    The four seeds around a place are weighed bilinearly. For the normal prior the sum is divided by the root of the
    weights' squares: a sum of independent N(0, I) so divided is N(0, I) again, so that every place is as typical as
    a seed. For the uniform prior the same is done, which keeps mean and deviation, and what then lies beyond the cube
    is brought to its face.

    Args:
        places: Columns and rows, shape (N, 2), finite.
        z_dim: Width of a latent.
        prior: The distribution of z.

    Returns:
        Shape (N, z_dim), float32; at integer points exactly the latents of their seeds, and continuous between.

    Raises:
        ValueError: If the shape is another.

    References:
        Karras et al. 2021, arXiv:2106.12423, the code's visualizer: seeds and weights.
    """
    spots = np.asarray(places, np.float64)
    if spots.ndim != 2 or spots.shape[1] != 2:
        raise ValueError(f"places have the shape {spots.shape}, expected (N, 2)")
    rows = np.empty((len(spots), z_dim), np.float32)
    for index, (x, y) in enumerate(spots):
        rows[index] = _blended(float(x), float(y), z_dim, prior)
    return rows


def _blended(x: float, y: float, z_dim: int, prior: Prior) -> FloatArray:
    left, below = math.floor(x), math.floor(y)
    across, up = x - left, y - below
    total, squares = np.zeros(z_dim), 0.0
    for column, row, weight in (
        (left, below, (1.0 - across) * (1.0 - up)),
        (left + 1, below, across * (1.0 - up)),
        (left, below + 1, (1.0 - across) * up),
        (left + 1, below + 1, across * up),
    ):
        if weight == 1.0:
            return _drawn(seed_at(column, row), z_dim, prior)
        if weight > 0.0:
            total += weight * _drawn(seed_at(column, row), z_dim, prior)
            squares += weight * weight
    scaled = (total / math.sqrt(squares)).astype(np.float32)
    return np.clip(scaled, -1.0, 1.0) if prior == "uniform" else scaled


@functools.lru_cache(maxsize=_KEPT)
def _drawn(seed: int, z_dim: int, prior: Prior) -> FloatArray:
    """Return the latent of a seed, shape (z_dim,), read-only; to set up its generator takes longer than to draw."""
    return frozen(sample(prior, 1, z_dim, seed)[0])
