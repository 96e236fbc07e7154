"""Where a point stands on directions, and where it would stand at other strengths; numbers only, no widgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.latent.compose import compose
from latentlab.latent.directions import Direction, offset
from latentlab.latent.priors import Prior
from latentlab.session.point import Point

Numbers = npt.NDArray[np.float64]

_FARTHEST_SIGMA = 20.0
_HALVINGS = 40


class Stance:
    """A point on some directions, all of them at once.

    Args:
        point: The point.
        rows: The directions asked about, at least one.
        known: All directions there are, to work out the point's edits; it has no edit along any other.
        prior: The distribution z was trained on.
    """

    def __init__(self, point: Point, rows: Sequence[Direction], known: Sequence[Direction], prior: Prior) -> None:
        self._point = point
        self._prior = prior
        names = {direction.name.strip().casefold() for direction in known}
        strengths = {name: value for name, value in point.strengths.items() if name.strip().casefold() in names}
        self._edits = offset(known, strengths, len(point.base))
        self._vectors = np.stack([direction.vector for direction in rows])
        self._sigmas = np.array([direction.sigma for direction in rows])
        self.strengths: Numbers = np.array([strengths.get(direction.name, 0.0) for direction in rows])

    def latents(self, strengths: Numbers) -> FloatArray:
        """Return the latent to render for each direction at a strength of its own, all other edits as they are.

        Args:
            strengths: In sigmas, shape (n,).

        Returns:
            Shape (n, z_dim), float32.
        """
        shifts = ((strengths - self.strengths) * self._sigmas).astype(np.float32)
        offsets = self._edits + shifts[:, None] * self._vectors
        point = self._point
        return compose(point.base[None], offsets, point.truncation, point.renormalised, self._prior)

    def positions(self, strengths: Numbers) -> Numbers:
        """Return where those latents stand, each on its own direction, in sigmas, shape (n,).

        References:
            Pidhorskyi, Adjeroh & Doretto 2020, arXiv:2004.04467; see `latent.directions.coordinate`.
        """
        latents, vectors = self.latents(strengths).astype(np.float64), self._vectors.astype(np.float64)
        return np.asarray(np.einsum("ij,ij->i", latents, vectors) / self._sigmas)

    def strengths_at(self, positions: Numbers) -> Numbers:
        """Return the strengths that bring the point to positions, in sigmas, shape (n,).

        Where the point is renormalised the position is no linear function of the strength, but rises with it: the
        strength is found by bisection. Positions beyond the shell are not reached; those get the farthest strength.
        """
        if not self._point.renormalised:
            return np.asarray(self.strengths + positions - self.positions(self.strengths))
        low = np.full(len(positions), -_FARTHEST_SIGMA)
        high = -low
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.positions(middle) < positions
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)
