"""The Fréchet distance between two sets of pictures: that of the Gaussians with their features' means and covariances.

References:
    Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
    arXiv:1706.08500, equation 6.
    Dowson & Landau 1982, "The Fréchet Distance between Multivariate Normal Distributions", equation 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from latentlab.analysis.metrics.estimate import GROUPS, Estimate, jackknife_error
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.latent.arrays import FloatArray

Matrix = npt.NDArray[np.float64]

_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Moments:
    """What a set of features is known by here.

    Attributes:
        count: How many there are, at least 2.
        mean: Shape (d,), float64.
        scatter: Sum of the outer products of the centred features, shape (d, d), float64.
    """

    count: int
    mean: Matrix
    scatter: Matrix

    @classmethod
    def of(cls, features: FloatArray) -> Moments:
        """Measure features, shape (N, d), float32, in blocks and in float64."""
        mean = features.mean(axis=0, dtype=np.float64)
        scatter = np.zeros((features.shape[1], features.shape[1]))
        for rows in batches(len(features), _ROWS):
            centred = features[rows] - mean
            scatter += centred.T @ centred
        return cls(len(features), mean, scatter)

    @property
    def covariance(self) -> Matrix:
        """Return the unbiased covariance, shape (d, d)."""
        return self.scatter / (self.count - 1)

    @cached_property
    def root(self) -> Matrix:
        """Return the symmetric root of the covariance, shape (d, d)."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)

    def without(self, part: Moments) -> Moments:
        """Return the moments of what remains when a part of the features is taken away.

        References:
            Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
            equation 2.1, solved for one of its two parts.
        """
        count = self.count - part.count
        mean = (self.count * self.mean - part.count * part.mean) / count
        between = np.outer(mean - part.mean, mean - part.mean) * (count * part.count / self.count)
        return Moments(count, mean, self.scatter - part.scatter - between)


def frechet_distance(a: Moments, b: Moments) -> float:
    """Return the squared Fréchet (2-Wasserstein) distance |m_a - m_b|^2 + tr(A + B - 2 (A B)^1/2), at least 0.

    The trace of the root is that of (A^1/2 B A^1/2)^1/2, a symmetric matrix whose eigenvalues are real and not negative
    but for rounding, also where covariances are singular: no complex roots, no epsilon on the diagonal.

    Args:
        a: Moments of one set of features.
        b: Moments of another, of the same width.

    Raises:
        ValueError: If the widths differ, a set has fewer than two features, or a value is not finite.

    References:
        Heusel et al. 2017, arXiv:1706.08500, equation 6.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features {len(a.mean)} and {len(b.mean)} wide cannot be compared")
    if min(a.count, b.count) < 2:
        raise ValueError("a covariance takes two pictures")
    if not (np.isfinite(a.scatter).all() and np.isfinite(b.scatter).all()):
        raise ValueError("a feature is not finite")
    return _distance(a, b)


def frechet(real: Moments, features: FloatArray, progress: Progress = unwatched) -> Estimate:
    """Measure the Fréchet distance of generated features to real ones, with its standard error.

    The error is a jackknife over `GROUPS` groups of the generated features; the real ones are taken as given. The
    distance is biased: it falls with the number of pictures towards its limit, so that only distances over the same
    numbers of pictures can be compared (Chong & Forsyth 2020, arXiv:1911.07023).

    Args:
        real: Moments of the real features.
        features: Of generated pictures, shape (N, d), float32, N at least 2 * `GROUPS`.
        progress: Told the fraction done.

    Raises:
        ValueError: As `frechet_distance`, and if there are too few features.
        Cancelled: If `progress` raises it.
    """
    if len(features) < 2 * GROUPS:
        raise ValueError(f"{len(features)} pictures are too few; it takes {2 * GROUPS}")
    whole = Moments.of(features)
    value = frechet_distance(real, whole)
    groups = np.array_split(np.arange(len(features)), GROUPS)
    without = [
        _distance(real, whole.without(Moments.of(features[groups[turn.start]])))
        for turn in batches(GROUPS, 1, progress)
    ]
    return Estimate(value, jackknife_error(without), len(features))


def _distance(a: Moments, b: Moments) -> float:
    difference = a.mean - b.mean
    inner = np.linalg.eigvalsh(a.root @ b.covariance @ a.root)
    trace_of_root = float(np.sqrt(np.maximum(inner, 0.0)).sum())
    traces = float(np.trace(a.covariance) + np.trace(b.covariance))
    return max(0.0, float(difference @ difference) + traces - 2.0 * trace_of_root)
