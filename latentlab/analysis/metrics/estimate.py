"""A measured number, which never goes without its spread and the pictures behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

GROUPS = 10
"""Groups that spreads are told from."""

T_95 = 2.262
"""How many standard errors a 95 % interval reaches to both sides where the error was told from `GROUPS` groups: the
0.975 quantile of Student's t with 9 degrees of freedom."""

_MOST_DECIMALS = 8


@dataclass(frozen=True)
class Estimate:
    """A number measured on a sample.

    Attributes:
        value: The number.
        error: Its standard error: how much it would scatter over other samples of as many pictures.
        pictures: Generated pictures behind it; real ones where it is measured on real ones alone.
    """

    value: float
    error: float
    pictures: int

    def in_words(self) -> str:
        """Write it down with as many decimals as two digits of its error have: ``0.9500 ± 0.0089``."""
        if not (math.isfinite(self.error) and self.error > 0.0):
            return f"{self.value:.4g} ± {self.error:.2g}"
        error = float(f"{self.error:.1e}")  # two digits
        decimals = max(0, 1 - math.floor(math.log10(error)))
        if decimals > _MOST_DECIMALS:
            return f"{self.value:.4g} ± {self.error:.2g}"
        value = round(self.value, decimals) + 0.0  # no negative zero
        return f"{value:,.{decimals}f} ± {error:,.{decimals}f}"

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval, for an error that was told from `GROUPS` groups."""
        return self.value - T_95 * self.error, self.value + T_95 * self.error


def mean_of(values: npt.NDArray[np.floating], pictures: int) -> Estimate:
    """Average independent values, shape (n,), n >= 1; a single one has an unknown error, NaN."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Estimate(float(values.mean()), error, pictures)


def jackknife_error(without: Sequence[float]) -> float:
    """Return the standard error of a number from its values with one group of the sample left out each time.

    Args:
        without: One value for each of g groups of equal size, g >= 2.

    References:
        Efron & Stein 1981, "The Jackknife Estimate of Variance", Annals of Statistics 9, equation 1.3.
    """
    values = np.asarray(without, np.float64)
    count = len(values)
    return math.sqrt((count - 1) / count * float(((values - values.mean()) ** 2).sum()))
