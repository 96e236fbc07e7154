"""Lay pictures out on a plane, so that those that look alike lie together.

The plane is spanned by the first two principal components of the pictures' look. Most samples lie in its middle; along
either axis they are spread evenly, which keeps their order and gives room where the pictures are. New pictures find
their place on the same plane. Which way round it lies is a matter of sign, which is fixed, not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentlab.latent.arrays import FloatArray, frozen

_LEVELS = 33
_WIDEST = 2.0
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class PlaneLayout:
    """A plane through the looks of pictures; call it with looks.

    Attributes:
        centre: Shape (D,), float32.
        axes: Orthonormal columns, shape (D, 2), float32.
        levels: Evenly spaced quantiles of the samples' coordinates, ascending, shape (33, 2), float32.
        explained: Shares of the variance that the two axes show, the larger first.

    References:
        Pearson 1901, "On Lines and Planes of Closest Fit to Systems of Points in Space".
    """

    centre: FloatArray
    axes: FloatArray
    levels: FloatArray
    explained: tuple[float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", frozen(self.centre))
        object.__setattr__(self, "axes", frozen(self.axes))
        object.__setattr__(self, "levels", frozen(self.levels))

    @classmethod
    def of(cls, looks: FloatArray) -> PlaneLayout:
        """Find the plane of closest fit.

        Args:
            looks: Shape (N, D), float32, N and D at least 2.

        Raises:
            ValueError: If the shape is smaller.
        """
        if looks.ndim != 2 or min(looks.shape) < 2:
            raise ValueError(f"looks of the shape {looks.shape} span no plane")
        centre = looks.mean(axis=0, dtype=np.float64)
        centred = looks - centre
        _, values, rows = np.linalg.svd(centred, full_matrices=False)
        axes = rows[:2].T
        # Either sign fits, and the signs of looks themselves are arbitrary. The one by which the samples trail off to
        # the right and up depends on neither, so that the map of a model does not mirror itself.
        axes = axes * np.where(((centred @ axes) ** 3).sum(axis=0) < 0.0, -1.0, 1.0)
        levels = np.quantile(centred @ axes, np.linspace(0.0, 1.0, _LEVELS), axis=0)
        variances = values**2 / max(float((values**2).sum()), _TINY)
        shares = (float(variances[0]), float(variances[1]))
        return cls(centre.astype(np.float32), axes.astype(np.float32), levels.astype(np.float32), shares)

    @property
    def width(self) -> float:
        """Return half the plane's width where half its height is 1: as much more as is seen across, at most twice."""
        across, up = (share**0.5 for share in self.explained)
        return min(_WIDEST, across / up) if up > _TINY else _WIDEST

    def coordinates(self, looks: FloatArray) -> FloatArray:
        """Return the principal coordinates of looks (N, D), shape (N, 2), float32."""
        return np.asarray((looks - self.centre) @ self.axes, np.float32)

    def __call__(self, looks: FloatArray) -> FloatArray:
        """Place pictures.

        Args:
            looks: Shape (N, D), float32.

        Returns:
            Shape (N, 2), float32: to the right, within `width` of 0, and up, within 1 of it. In either the samples
            that the plane was made from are spread evenly; what lies beyond them all is brought to the edge.
        """
        found = self.coordinates(looks)
        even = np.linspace(-1.0, 1.0, _LEVELS)
        places = np.zeros_like(found)
        for axis, reach in enumerate((self.width, 1.0)):
            levels = self.levels[:, axis]
            if levels[-1] > levels[0]:
                places[:, axis] = reach * np.interp(found[:, axis], levels, even)
        return places
