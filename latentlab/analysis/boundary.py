"""The linear boundary in z between samples that have a property and samples that have not; its normal is a direction.

References:
    Shen, Gu, Tang & Zhou 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing", arXiv:1907.10786,
    section 3.2: the normal of the boundary that separates scored samples in z; here by logistic regression.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from latentlab.analysis.provenance import today
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior, component_sigma

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEAST_EACH = 20
"""Fewer samples with or without a property say nothing about it."""

_CONFIDENT_SHARE = 0.5
_HELD_OUT = 0.3
_SHRINKAGE = 1e-3
_STEPS = 30
_SETTLED = 1e-6


def boundary(
    z: FloatArray, scores: FloatArray, prior: Prior, name: str, source: str, model: str = "", detail: str = ""
) -> Direction:
    """Find the direction of z along which a property appears.

    Of the samples on either side the more confident half is fitted, both sides with equal weight in all. For the
    accuracy three tenths of all samples, confident or not, are held out; then all are used.

    Identifiable are properties of which the odds rise along a line in z. One that depends on the distance from the
    middle, or appears in two opposite corners, gives a low accuracy and a direction that means little.

    Args:
        z: Shape (N, z_dim), float32, drawn from the prior.
        scores: Shape (N,), float32: positive where a sample has the property, the larger in size the surer.
        prior: The distribution of z.
        name: Of the direction.
        source: Of the direction.
        model: Content hash of the model, written into the direction.
        detail: Of the direction; the accuracy is added to it.

    Returns:
        Towards having the property; its accuracy is the balanced accuracy on samples held out.

    Raises:
        ValueRangeError: If fewer than 20 samples have the property, or fewer than 20 have it not.

    References:
        Shen, Gu, Tang & Zhou 2020, arXiv:1907.10786, section 3.2.
    """
    has = scores > 0.0
    fewest = int(min(has.sum(), (~has).sum()))
    if fewest < LEAST_EACH:
        which = "have" if has.sum() == fewest else "lack"
        raise ValueRangeError(name, f"only {fewest} of {len(z)} samples {which} it", "Take more samples.")
    sigma = component_sigma(prior)
    points = z.astype(np.float64) / sigma
    held_out = _held_out(has)
    weights, bias = _fit(points[~held_out], scores[~held_out])
    accuracy = balanced_accuracy(points[held_out] @ weights + bias > 0.0, has[held_out])
    weights, _ = _fit(points, scores)
    found = f"boundary {accuracy:.0%} right on samples held out, of {len(z)}"
    direction = Direction(name, source, weights.astype(np.float32), sigma, f"{detail}; {found}" if detail else found)
    return replace(direction, accuracy=accuracy, model=model, created=today())


def balanced_accuracy(said: Flags, truth: Flags) -> float:
    """Return the mean of the shares told rightly of those with and those without, in [0, 1]; 0.5 is guessing.

    Args:
        said: Shape (N,), bool.
        truth: Shape (N,), bool; both answers occur.
    """
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2.0)


def logistic_regression(points: Numbers, has: Flags) -> tuple[Numbers, float]:
    """Fit the odds by a plane, both answers with equal weight in all; Newton's method, a slight ridge on the slope.

    Args:
        points: Shape (N, d), float64, of about unit variance.
        has: Shape (N,), bool; both answers occur.

    Returns:
        The slope, shape (d,), and the offset: the log-odds are points @ slope + offset.

    References:
        Hastie, Tibshirani & Friedman 2009, "The Elements of Statistical Learning", 2nd edition, equations 4.26-4.28.
    """
    columns = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    weight = np.where(has, 0.5 / has.sum(), 0.5 / (~has).sum())
    ridge = np.full(columns.shape[1], _SHRINKAGE)
    ridge[-1] = 0.0
    solution = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        odds = np.clip(columns @ solution, -30.0, 30.0)
        chance = 1.0 / (1.0 + np.exp(-odds))
        gradient = columns.T @ (weight * (chance - has)) + ridge * solution
        curvature = np.maximum(weight * chance * (1.0 - chance), 1e-12)
        step = np.linalg.solve((columns * curvature[:, None]).T @ columns + np.diag(ridge), gradient)
        solution -= step
        if float(np.abs(step).max()) < _SETTLED:
            break
    return solution[:-1], float(solution[-1])


def _held_out(has: Flags) -> Flags:
    """Mark three of every ten samples of either side, in the order drawn: no chance, and no side left empty."""
    held_out = np.zeros(len(has), bool)
    for side in (np.flatnonzero(has), np.flatnonzero(~has)):
        steps = np.floor(np.arange(len(side) + 1) * _HELD_OUT)
        held_out[side[np.diff(steps) > 0]] = True
    return held_out


def _fit(points: Numbers, scores: FloatArray) -> tuple[Numbers, float]:
    """Fit the confident samples of either side, then put the offset where all samples of both sides part best."""
    has = scores > 0.0
    confident = np.zeros(len(points), bool)
    for side in (np.flatnonzero(has), np.flatnonzero(~has)):
        kept = max(1, round(len(side) * _CONFIDENT_SHARE))
        confident[side[np.argsort(-np.abs(scores[side]), kind="stable")[:kept]]] = True
    slope, _ = logistic_regression(points[confident], has[confident])
    along = (points @ slope)[:, None]
    gain, offset = logistic_regression(along, has)
    return slope * gain[0], offset
