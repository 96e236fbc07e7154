"""Directions that change a number of the picture, for any generator and without labels.

Random pictures are drawn and measured; the number is regressed on z. Which axes are identifiable: for every quantity,
the direction in which it rises on average over the prior, with its sign; exactly one each. A quantity that several axes
of z change alike gives their mixture; one that is even in z, rising both ways, gives nothing, which R^2 tells.

The slider is that gradient turned towards the least change of the picture (`picture_metric.calmest`), so that it moves
the quantity and little else: a digit's strokes get thicker and it stays that digit.

References:
    Hoerl & Kennard 1970, "Ridge Regression", Technometrics 12.
    Jahanian, Chai & Isola 2020, "On the steerability of generative adversarial networks", arXiv:1907.07171: linear
        walks in z for properties that are computed from the picture itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentlab.analysis.picture_metric import PRIOR_SHARE, Draw, calmest, picture_metric
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.analysis.provenance import today
from latentlab.analysis.quantities import QUANTITIES
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior, component_sigma, sample

SOURCE = "measured"
SAMPLES = 4096
MIN_SAMPLES, MAX_SAMPLES = 64, 1_000_000
_METRIC_POINTS = 16
_HELD_OUT = 5
_BATCH = 256
_RIDGE = 1.0

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """A quantity as a linear function of z.

    Attributes:
        gradient: In standard deviations of the quantity per sigma of z, shape (z_dim,), float64.
        r2: Share of the variance of held-out samples that it explains; below 0 is worse than a constant.
    """

    gradient: Numbers
    r2: float


def measured_directions(
    draw: Draw,
    z_dim: int,
    prior: Prior,
    quantities: Sequence[str],
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress = unwatched,
    model: str = "",
) -> tuple[Direction, ...]:
    """Find a direction for each of several quantities; all share the same pictures.

    Args:
        draw: Draws the pictures: `samples`, and 2 z_dim for each of 16 points.
        z_dim: Width of z.
        prior: The distribution of z.
        quantities: Names out of `QUANTITIES`, fit for the channels that `draw` gives.
        samples: How many pictures are measured, `MIN_SAMPLES` to `MAX_SAMPLES`; one in five of them is held out.
        seed: Of the samples.
        progress: Told how far it is; may cancel.
        model: Content hash of the model, written into the directions.

    Returns:
        In the order of `quantities`, called by their names; less those that do not vary at all. Plus raises the
        quantity; `accuracy` is R^2 on held-out samples, 0 where it is worse than a constant.

    Raises:
        ValueRangeError: If a quantity is unknown or `samples` is out of range.
        Cancelled: If `progress` raises it.
    """
    for name in quantities:
        if name not in QUANTITIES:
            raise ValueRangeError(name, "is no quantity", f"There are {', '.join(QUANTITIES)}.")
    if not MIN_SAMPLES <= samples <= MAX_SAMPLES:
        raise ValueRangeError(f"{samples} samples", f"is outside {MIN_SAMPLES} to {MAX_SAMPLES}")
    border = samples / (samples + _METRIC_POINTS * 2 * z_dim)
    z = sample(prior, samples, z_dim, seed)
    values = _measure(draw, z, quantities, part(progress, 0.0, border))
    metric = picture_metric(draw, z_dim, prior, _METRIC_POINTS, seed, part(progress, border, 1.0))
    fits = {name: fit(z, column, prior) for name, column in values.items() if column.std() > 0.0}
    return tuple(
        Direction(
            name=name,
            source=SOURCE,
            vector=calmest(found.gradient, metric, PRIOR_SHARE).astype(np.float32),
            sigma=component_sigma(prior),
            detail=f"{QUANTITIES[name].meaning}; R² {found.r2:.2f} on {samples // _HELD_OUT} samples held out",
            accuracy=max(0.0, found.r2),
            model=model,
            created=today(),
        )
        for name, found in fits.items()
        if found.gradient.any()
    )


def fit(z: FloatArray, values: Numbers, prior: Prior) -> Fit:
    """Regress a quantity on z by ridge regression, both standardised; the last fifth is held out.

    Args:
        z: Samples of the prior, shape (N, z_dim), float32, N >= 5.
        values: The quantity of each, shape (N,), not all equal.
        prior: The distribution of z.
    """
    held_out = len(z) // _HELD_OUT
    x, y = z.astype(np.float64) / component_sigma(prior), values
    x_seen, y_seen, x_new, y_new = x[:-held_out], y[:-held_out], x[-held_out:], y[-held_out:]
    x_mean, y_mean, y_scale = x_seen.mean(axis=0), y_seen.mean(), y_seen.std() or 1.0
    centred = x_seen - x_mean
    gram = centred.T @ centred + _RIDGE * np.eye(x.shape[1])
    gradient = np.linalg.solve(gram, centred.T @ ((y_seen - y_mean) / y_scale))
    predicted = y_mean + y_scale * ((x_new - x_mean) @ gradient)
    spread = float(((y_new - y_new.mean()) ** 2).sum())
    r2 = 1.0 - float(((y_new - predicted) ** 2).sum()) / spread if spread else 0.0
    return Fit(gradient, r2)


def _measure(draw: Draw, z: FloatArray, quantities: Sequence[str], progress: Progress) -> dict[str, Numbers]:
    columns = {name: np.empty(len(z)) for name in quantities}
    for rows in batches(len(z), _BATCH, progress):
        pixels = draw(z[rows])
        for name, column in columns.items():
            column[rows] = QUANTITIES[name].measure(pixels)
    return columns
