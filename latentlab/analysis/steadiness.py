"""How steadily what is said of a picture rises along a direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction

STRENGTHS = tuple(np.linspace(-3.0, 3.0, 9))
"""At which a direction is looked at, in sigmas."""
STEADY_TAU = 0.8
"""Kendall's tau of the strength and what is said, from which on a seed counts as steady: 3 of 36 pairs may fall."""

Numbers = npt.NDArray[np.float64]


def walk(read: Callable[[FloatArray], Numbers], direction: Direction, z: FloatArray) -> Numbers:
    """Read one number off the pictures of seeds that are moved along a direction.

    Args:
        read: From latents (N, z_dim) to a number of each picture, shape (N,).
        direction: The direction.
        z: The seeds, shape (N, z_dim), float32.

    Returns:
        Shape (N, len(STRENGTHS)).
    """
    step = np.float32(direction.sigma) * direction.vector
    return np.stack([read(z + np.float32(strength) * step) for strength in STRENGTHS], axis=1)


def steady_share(walked: Numbers) -> float:
    """Return the share of the rows (N, S) whose tau is at least `STEADY_TAU`."""
    return float((kendall_tau(walked) >= STEADY_TAU).mean())


def kendall_tau(values: Numbers) -> Numbers:
    """Correlate each row (N, S) with the order of its places: 1 where it rises throughout, -1 where it falls.

    References:
        Kendall 1938, "A new measure of rank correlation", doi:10.1093/biomet/30.1-2.81.
    """
    first, second = np.triu_indices(values.shape[1], 1)
    taus: Numbers = np.sign(values[:, second] - values[:, first]).mean(axis=1)
    return taus
