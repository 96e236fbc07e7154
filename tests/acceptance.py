"""How many of a model's digits a calibrated judge accepts, at the threshold that accepts 97 % of real ones.

The 10,000 test pictures are dealt into three parts, again and again: one gives the temperature, one the threshold, and
of the third it is told how many are accepted, which says what 97 % come to on pictures that nothing was fitted to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REAL_ACCEPTED = 0.97
LEAST_ACCEPTED = 0.94
CLASS_SHARES = (0.06, 0.14)
MANY_SAMPLES = 10_000
COLUMNS = f"{'accepted':>8}  {'real':>5}  {'temperature':>11}  {'error':>6}  {'share of the classes 0 to 9, %':<49}"

_DEALS = 20
_BINS = 15
_INVERSES = (0.05, 20.0)
_HALVINGS = 16

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Acceptance:
    """Means over the ways to deal the real pictures.

    Attributes:
        accepted: Share of the drawn pictures whose top probability reaches the threshold.
        accepted_real: The same of real pictures that neither temperature nor threshold was fitted to.
        temperature: What logits are divided by.
        calibration_error: Of those real pictures, after division.
        class_shares: Share of all drawn pictures in each class 0 to 9; sums to 1.
    """

    accepted: float
    accepted_real: float
    temperature: float
    calibration_error: float
    class_shares: tuple[float, ...]

    def __str__(self) -> str:
        """Return one row of the table under `COLUMNS`."""
        shares = " ".join(f"{100 * share:4.1f}" for share in self.class_shares)
        return (
            f"{100 * self.accepted:6.1f} %  {100 * self.accepted_real:5.1f}  {self.temperature:11.2f}  "
            f"{self.calibration_error:6.4f}  {shares}"
        )


def acceptance(real_logits: Floats, labels: Labels, drawn_logits: Floats) -> Acceptance:
    """Calibrate, find the threshold and count.

    Args:
        real_logits: Of real pictures that the classifier did not learn from, shape (N, 10).
        labels: What they show, shape (N,).
        drawn_logits: Of a model's untruncated samples, shape (M, 10).
    """
    rows = []
    for deal in range(_DEALS):
        order = np.random.RandomState(deal).permutation(len(labels))
        fitted, ranked, checked = np.array_split(order, 3)
        temperature = temperature_of(real_logits[fitted], labels[fitted])
        threshold = np.quantile(softmax(real_logits[ranked], temperature).max(axis=1), 1.0 - REAL_ACCEPTED)
        others = softmax(real_logits[checked], temperature)
        accepted = (softmax(drawn_logits, temperature).max(axis=1) >= threshold).mean()
        accepted_real = (others.max(axis=1) >= threshold).mean()
        rows.append((accepted, accepted_real, temperature, calibration_error(others, labels[checked])))
    means = [float(mean) for mean in np.mean(rows, axis=0)]
    shares = np.bincount(drawn_logits.argmax(axis=1), minlength=drawn_logits.shape[1]) / len(drawn_logits)
    return Acceptance(means[0], means[1], means[2], means[3], tuple(float(share) for share in shares))


def temperature_of(logits: Floats, labels: Labels) -> float:
    """Return what to divide logits (N, K) by so that their softmax is likeliest to give the labels (N,).

    The loss is convex in the inverse of that, so its slope is halved in on.

    References:
        Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 4.2.
    """
    of_labels = logits[np.arange(len(labels)), labels].mean()
    low, high = _INVERSES
    for _ in range(_HALVINGS):
        inverse = math.sqrt(low * high)
        expected = (softmax(logits, 1.0 / inverse) * logits).sum(axis=1).mean()
        low, high = (inverse, high) if expected < of_labels else (low, inverse)
    return 1.0 / math.sqrt(low * high)


def calibration_error(probabilities: Floats, labels: Labels) -> float:
    """Return the expected gap between the top probability and how often it is right; rows (N, K) sum to 1.

    References:
        Guo et al. 2017, arXiv:1706.04599, equation 3, with 15 bins of equal width.
    """
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((top * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=top - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities, shape (N, K), of logits divided by a temperature."""
    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
