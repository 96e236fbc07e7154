"""A direction from examples: the mean of some latents less the mean of others, the turn vector of the DCGAN paper.

Which axes are identifiable: one, on which the two sets differ, if the latents of each are otherwise like samples of the
prior; with n examples a side the rest of z leaves noise of about sqrt(2 z_dim / n) sigma. A few dozen are better than
three.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 6.3.2 and figure 8: a "turn" vector from four averaged
        samples of faces looking left against looking right.
"""

from __future__ import annotations

import numpy as np

from latentlab.analysis.provenance import today
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior, component_sigma

SOURCE = "cards"


def contrast(name: str, plus: FloatArray, minus: FloatArray, prior: Prior, model: str = "") -> Direction:
    """Point from the mean of one set of latents to the mean of another.

    Args:
        name: What the direction is called.
        plus: Latents that have it, shape (n, z_dim), float32, n >= 1.
        minus: Latents that have it not, shape (m, z_dim), float32, m >= 1.
        prior: The distribution of z.
        model: Content hash of the model whose cards they are.

    Returns:
        A direction whose detail tells how far apart the means are.

    Raises:
        ValueRangeError: If a set is empty, their widths differ, or their means are the same.
    """
    if len(plus) == 0 or len(minus) == 0:
        raise ValueRangeError(name, "needs cards on both sides", "Add one that has it and one that has it not.")
    if plus.shape[1] != minus.shape[1]:
        raise ValueRangeError(name, f"its cards hold latents of widths {plus.shape[1]} and {minus.shape[1]}")
    way = plus.mean(axis=0, dtype=np.float64) - minus.mean(axis=0, dtype=np.float64)
    sigma = component_sigma(prior)
    distance = float(np.linalg.norm(way))
    if not distance > 0.0:
        raise ValueRangeError(name, "both sides have the same mean", "Choose cards that differ.")
    return Direction(
        name=name,
        source=SOURCE,
        vector=way.astype(np.float32),
        sigma=sigma,
        detail=f"{len(plus)} less {len(minus)} cards, {distance / sigma:.2g} sigma apart",
        model=model,
        created=today(),
    )
