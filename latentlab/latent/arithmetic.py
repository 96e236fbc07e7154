"""Vector arithmetic: sums and differences of means of exemplars.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 6.3.2 and figure 7: single exemplars were unstable,
    the mean of three per concept was not; uniform noise of +-0.25 around the result gives its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latentlab.latent.arrays import FloatArray

NEIGHBOUR_SCALE = 0.25


@dataclass(frozen=True)
class Term:
    """One term of an expression: a weight and the exemplars whose mean it scales.

    Attributes:
        weight: +1 and -1 in A - B + C; any number is possible.
        exemplars: Shape (n, z_dim), float32, n >= 1.
    """

    weight: float
    exemplars: FloatArray


def combine(terms: Sequence[Term]) -> FloatArray:
    """Add up the weighted means of the terms' exemplars.

    Args:
        terms: At least one, all of one z_dim.

    Returns:
        Shape (z_dim,), float32.

    Raises:
        ValueError: If there is no term, a term has no exemplar, or widths differ.
    """
    if not terms:
        raise ValueError("an expression needs at least one term")
    if any(len(term.exemplars) == 0 for term in terms):
        raise ValueError("every term needs at least one exemplar")
    if len({term.exemplars.shape[1] for term in terms}) > 1:
        raise ValueError("the terms have latents of different widths")
    means = [term.weight * term.exemplars.astype(np.float64).mean(axis=0) for term in terms]
    return np.asarray(np.sum(means, axis=0), np.float32)


def neighbourhood(z: FloatArray, seed: int, scale: float = NEIGHBOUR_SCALE) -> FloatArray:
    """Surround a result with eight neighbours, as in figure 7 of the paper.

    Args:
        z: The result, shape (z_dim,), float32.
        seed: Seed of the noise.
        scale: Half width of the uniform noise, in units of z.

    Returns:
        Shape (9, z_dim), float32, in the order of a 3 x 3 sheet; row 4, the centre, is `z` itself.
    """
    noise = np.random.RandomState(seed).uniform(-scale, scale, (9, len(z))).astype(np.float32)
    noise[4] = 0.0
    return z + noise
