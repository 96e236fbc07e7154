"""How much the picture changes along each direction of z, from pictures alone, and the calmest way to a change.

A direction that raises a number of the picture may change much else on its way. Of all directions that raise the number
as fast, the one that changes the picture least is M^-1 g: g is the gradient of the number in z, M the mean of J^T J, J
the Jacobian of the picture. M is the metric that the generator pulls back from pictures to z; g becomes what is
known as the natural gradient.

References:
    Arvanitidis, Hansen & Hauberg 2018, "Latent Space Oddity", arXiv:1710.11379, section 2: the metric J^T J.
    Amari 1998, "Natural Gradient Works Efficiently in Learning", Neural Computation 10, equation 2.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import Prior, component_sigma, sample
from latentlab.pixels import Pixels

Draw = Callable[[FloatArray], Pixels]
"""From z, shape (N, z_dim), float32, to pixels, shape (N, H, W, C), uint8."""

Matrix = npt.NDArray[np.float64]

PRIOR_SHARE = 0.3
STEP_SIGMA = 0.1


def picture_metric(
    draw: Draw, z_dim: int, prior: Prior, points: int, seed: int = 0, progress: Progress = unwatched
) -> Matrix:
    """Estimate the mean of J^T J by small steps along every axis from a few points.

    Steps of `STEP_SIGMA` to both sides are small enough for an edge to move by less than a pixel, as a derivative
    needs. Pixels are rounded; as no two steps share a picture, that adds to all directions alike.

    Args:
        draw: Draws the pictures, 2 z_dim for a point.
        z_dim: Width of z.
        prior: The distribution of z.
        points: From how many samples of the prior it is measured, at least 1.
        seed: Of the points.
        progress: Told how far it is; may cancel.

    Returns:
        Shape (z_dim, z_dim), symmetric and positive semidefinite, in squared grey levels per squared sigma.

    Raises:
        Cancelled: If `progress` raises it.
    """
    total = np.zeros((z_dim, z_dim))
    steps = np.eye(z_dim, dtype=np.float32) * np.float32(STEP_SIGMA * component_sigma(prior))
    for rows in batches(points, 1, progress):
        point = sample(prior, rows.stop, z_dim, seed)[rows]
        pictures = draw(np.concatenate([point + steps, point - steps])).reshape(2 * z_dim, -1).astype(np.float32)
        changes = pictures[:z_dim] - pictures[z_dim:]
        total += changes @ changes.T
    return total / (points * (2.0 * STEP_SIGMA) ** 2)


def calmest(gradient: Matrix, metric: Matrix, prior_share: float = PRIOR_SHARE) -> Matrix:
    """Return the direction that raises a number with the least change of the picture.

    Args:
        gradient: Of the number in z, shape (z_dim,).
        metric: Of `picture_metric`, shape (z_dim, z_dim).
        prior_share: Weight of plain distance in z, in units of the metric's mean eigenvalue: large leaves the gradient
            as it is, small trades effect per sigma for calm and trusts directions in which nothing was seen to change.

    Returns:
        Shape (z_dim,), of any length; the gradient itself where no picture changes at all.
    """
    floor = prior_share * float(np.trace(metric)) / len(metric)
    if not floor > 0.0:
        return gradient
    return np.asarray(np.linalg.solve(metric + floor * np.eye(len(metric)), gradient))
