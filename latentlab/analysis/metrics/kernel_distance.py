"""The kernel distance (KID): an unbiased maximum mean discrepancy of features.

References:
    Bińkowski et al. 2018, "Demystifying MMD GANs", arXiv:1801.01401, section 4: the kernel and the estimator.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.analysis.metrics.estimate import GROUPS, Estimate, jackknife_error
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.latent.arrays import FloatArray

Sums = npt.NDArray[np.float64]

MOST_PICTURES = 10_000


def polynomial_mmd(a: FloatArray, b: FloatArray) -> float:
    """Estimate the squared maximum mean discrepancy without bias, for k(x, y) = (x.y / d + 1)^3.

    Args:
        a: Features, shape (m, d), m at least 2.
        b: Features, shape (n, d), n at least 2.

    Returns:
        About 0 where both come from one distribution; it may be negative, since it has no bias.

    Raises:
        ValueError: If the widths differ or a set has fewer than two features.

    References:
        Bińkowski et al. 2018, arXiv:1801.01401, equation 4 and section 4; Gretton et al. 2012, "A Kernel Two-Sample
        Test", JMLR 13, equation 3.
    """
    if a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"features of shape {a.shape} and {b.shape} cannot be compared")
    within_a, within_b = _kernel(a, a), _kernel(b, b)
    sum_a, sum_b = within_a.sum() - np.trace(within_a), within_b.sum() - np.trace(within_b)
    return _unbiased(sum_a, sum_b, _kernel(a, b).sum(), len(a), len(b))


def kernel_distance(real: FloatArray, fake: FloatArray, progress: Progress = unwatched) -> Estimate:
    """Estimate the discrepancy of all pictures at once, and how far it is to be trusted.

    The kernel is summed block by block over `GROUPS` groups of each set; leaving out one group of both sets at a time
    gives the standard error, which covers the real pictures as well as the generated ones.

    Args:
        real: Features of real pictures, shape (N, d), float32, N at least 2 * `GROUPS`, in random order.
        fake: Features of generated pictures, shape (M, d), likewise. Of the larger set as many are taken as the smaller
            has, of both at most `MOST_PICTURES`.
        progress: Told the fraction done.

    Returns:
        The discrepancy; `Estimate.interval` is its 95 % interval.

    Raises:
        ValueError: If the widths differ or a set is too small.
        Cancelled: If `progress` raises it.
    """
    size = min(len(real), len(fake), MOST_PICTURES) // GROUPS
    if size < 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of shape {real.shape} and {fake.shape} cannot be compared")
    within_real = _block_sums(real, real, size, part(progress, 0.0, 0.3))
    within_fake = _block_sums(fake, fake, size, part(progress, 0.3, 0.6))
    between = _block_sums(real, fake, size, part(progress, 0.6, 1.0))

    def without(group: int | None) -> float:
        kept = [index for index in range(GROUPS) if index != group]
        a, b, both = (float(each[np.ix_(kept, kept)].sum()) for each in (within_real, within_fake, between))
        return _unbiased(a, b, both, size * len(kept), size * len(kept))

    return Estimate(without(None), jackknife_error([without(group) for group in range(GROUPS)]), GROUPS * size)


def _unbiased(within_a: float, within_b: float, between: float, count_a: int, count_b: int) -> float:
    """Join the sums of the kernel over pairs; those within a set are over pairs of different pictures."""
    mean_a, mean_b = within_a / (count_a * (count_a - 1)), within_b / (count_b * (count_b - 1))
    return float(mean_a + mean_b - 2.0 * between / (count_a * count_b))


def _block_sums(a: FloatArray, b: FloatArray, size: int, progress: Progress) -> Sums:
    """Sum the kernel over every pair of groups, shape (GROUPS, GROUPS); no picture is paired with itself."""
    sums = np.empty((GROUPS, GROUPS))
    for turn in batches(GROUPS, 1, progress):
        rows = a[turn.start * size : turn.stop * size]
        for column in range(GROUPS):
            kernel = _kernel(rows, b[column * size : (column + 1) * size])
            itself = np.trace(kernel) if a is b and column == turn.start else 0.0
            sums[turn.start, column] = kernel.sum() - itself
    return sums


def _kernel(a: FloatArray, b: FloatArray) -> Sums:
    base = a.astype(np.float64) @ b.T.astype(np.float64) / a.shape[1] + 1.0
    return np.asarray(base * base * base)
