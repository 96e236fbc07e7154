"""How well generated pictures match real ones, from nearest neighbours in a feature space.

Real and generated features are samples of two distributions. A ball around each sample, reaching to its k-th nearest
neighbour among its own kind, approximates the manifold they lie on; the four scores count who falls into whose balls.

References:
    Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models",
    arXiv:1904.06991, equations 1 and 2: precision and recall.
    Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models", arXiv:2002.09797, section 3.2:
    density and coverage. As in their code a ball does not hold its own surface.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.latent.arrays import FloatArray

Distances = npt.NDArray[np.float64]

_BLOCK_ELEMENTS = 2**20


@dataclass(frozen=True)
class ManifoldScores:
    """Four scores of one set of generated samples against real ones.

    Attributes:
        precision: Share of generated samples that lie in the ball of some real sample, in [0, 1]: fidelity.
        recall: Share of real samples that lie in the ball of some generated sample, in [0, 1]: diversity.
        density: Mean number of real balls a generated sample lies in, over k; at least 0, about 1 where both
            distributions agree, above 1 where generated samples crowd into dense regions. Robust to real outliers.
        coverage: Share of real balls that hold at least one generated sample, in [0, 1]. Unlike recall it cannot be
            raised by generated outliers.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: FloatArray, fake: FloatArray, k: int = 5, progress: Progress = unwatched) -> ManifoldScores:
    """Score generated features against real ones.

    Distances are computed in blocks in float64: the memory needed does not grow with N * M.

    Args:
        real: Features of real pictures, shape (N, d), float32, N > k.
        fake: Features of generated pictures, shape (M, d), float32, M > k.
        k: Which nearest neighbour gives a ball its radius, at least 1; a sample is not its own neighbour.
        progress: Told the fraction done.

    Returns:
        Precision, recall, density and coverage.

    Raises:
        ValueError: If the widths differ, a set has no more than k samples, k is below 1, or a value is not finite.
        Cancelled: If `progress` raises it.

    References:
        Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797.
    """
    return prdc_with_errors(real, fake, k, progress)[0]


def prdc_with_errors(
    real: FloatArray, fake: FloatArray, k: int = 5, progress: Progress = unwatched
) -> tuple[ManifoldScores, ManifoldScores]:
    """Score generated features against real ones, as `prdc`, and tell how far each score is to be trusted.

    Returns:
        The scores, and their standard errors over the samples that each one counts (over the generated ones for
        precision and density, over the real ones for recall and coverage), the balls taken as given.
    """
    _check(real, fake, k)
    # Distances do not change under a common shift, and small norms keep the rounding of |a|^2 + |b|^2 - 2 a.b small.
    centre = real.mean(axis=0, dtype=np.float64)
    real_points, fake_points = real - centre, fake - centre
    real_radii = _squared_radii(real_points, k, part(progress, 0.0, 0.3))
    fake_radii = _squared_radii(fake_points, k, part(progress, 0.3, 0.6))
    real_balls_holding = np.zeros(len(fake), np.int64)
    covered, recalled = 0, 0
    for start, distances in _blocks(real_points, fake_points, part(progress, 0.6, 1.0)):
        in_real_ball = distances < real_radii[start : start + len(distances), None]
        real_balls_holding += in_real_ball.sum(axis=0)
        covered += int(in_real_ball.any(axis=1).sum())
        recalled += int((distances < fake_radii).any(axis=1).sum())
    scores = ManifoldScores(
        precision=float((real_balls_holding > 0).mean()),
        recall=recalled / len(real),
        density=float(real_balls_holding.mean()) / k,
        coverage=covered / len(real),
    )
    errors = ManifoldScores(
        precision=_binomial_error(scores.precision, len(fake)),
        recall=_binomial_error(scores.recall, len(real)),
        density=float(real_balls_holding.std(ddof=1)) / k / math.sqrt(len(fake)),
        coverage=_binomial_error(scores.coverage, len(real)),
    )
    return scores, errors


def _binomial_error(share: float, count: int) -> float:
    return math.sqrt(share * (1.0 - share) / count)


def _squared_radii(points: Distances, k: int, progress: Progress) -> Distances:
    """Return each point's squared distance to its k-th nearest neighbour, shape (N,)."""
    radii = np.empty(len(points))
    for start, distances in _blocks(points, points, progress):
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        radii[start : start + len(distances)] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


def _blocks(rows: Distances, columns: Distances, progress: Progress) -> Iterator[tuple[int, Distances]]:
    """Yield the squared distances of a few rows at a time to all columns: first row and shape (n, M)."""
    column_norms = np.einsum("ij,ij->i", columns, columns)
    for some in batches(len(rows), max(1, _BLOCK_ELEMENTS // len(columns)), progress):
        block = rows[some]
        squared = np.einsum("ij,ij->i", block, block)[:, None] + column_norms - 2.0 * (block @ columns.T)
        yield some.start, np.maximum(squared, 0.0, out=squared)


def _check(real: FloatArray, fake: FloatArray, k: int) -> None:
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of shape {real.shape} and {fake.shape} cannot be compared")
    if k < 1:
        raise ValueError(f"k = {k} is not a neighbour; the nearest is 1")
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"{k} nearest neighbours need more than {k} samples, not {min(len(real), len(fake))}")
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise ValueError("a feature is not finite")
