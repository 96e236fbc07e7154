"""How near samples come to held-out pictures: what the authors of the DCGAN watched while they trained.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434; their code prints the mean distance of each held-out picture to the
    nearest of 1,000, 10,000 and 100,000 samples after every epoch, there between pixels.
"""

from __future__ import annotations

import numpy as np

from latentlab.analysis.metrics.estimate import Estimate, mean_of
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.latent.arrays import FloatArray

COUNTS = (1_000, 10_000, 100_000)
_BLOCK_ELEMENTS = 2**20


def nearest_distance(held_out: FloatArray, samples: FloatArray, progress: Progress = unwatched) -> Estimate:
    """Average over held-out pictures the Euclidean distance to the nearest sample.

    Args:
        held_out: Features of pictures that nothing was trained on, shape (N, d), float32, N >= 2.
        samples: Features of generated pictures, shape (M, d), float32, M >= 1.
        progress: Told the fraction done.

    Returns:
        The mean, smaller is better, and its standard error over the held-out pictures. It falls with M, and it misses
        nothing of the data: a mode without samples lies far from all of them.

    Raises:
        ValueError: If the widths differ or a set is empty.
        Cancelled: If `progress` raises it.
    """
    if held_out.shape[1] != samples.shape[1] or not len(held_out) or not len(samples):
        raise ValueError(f"features of shape {held_out.shape} and {samples.shape} cannot be compared")
    # Distances do not change under a common shift, and small norms keep the rounding of |a|^2 + |b|^2 - 2 a.b small.
    centre = held_out.mean(axis=0, dtype=np.float64).astype(np.float32)
    points = held_out - centre
    norms = np.einsum("ij,ij->i", points, points)
    nearest = np.full(len(points), np.inf, np.float32)
    for rows in batches(len(samples), max(1, _BLOCK_ELEMENTS // len(points)), progress):
        block = samples[rows] - centre
        squared = norms[:, None] + np.einsum("ij,ij->i", block, block) - 2.0 * (points @ block.T)
        np.minimum(nearest, squared.min(axis=1), out=nearest)
    return mean_of(np.sqrt(np.maximum(nearest, 0.0)).astype(np.float64), len(samples))
