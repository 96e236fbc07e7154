"""Planes through latent space that a map can show: the plane of seeds, and one along two directions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.latent.compose import compose
from latentlab.latent.directions import Direction
from latentlab.latent.lattice import on_lattice, place_of, seed_at
from latentlab.latent.priors import Prior
from latentlab.session.changes import Change
from latentlab.session.map_changes import set_base, set_strengths
from latentlab.session.point import Point

Place = tuple[float, float]

MOST_SIGMA = 10.0
"""A plane of directions ends where their sliders' boxes do."""


class Plane(Protocol):
    """What a map needs of a plane."""

    @property
    def key(self) -> Hashable:
        """Return what the pictures depend on besides their places."""

    def latents(self, places: npt.ArrayLike) -> FloatArray:
        """Return the latents to render at places (N, 2), shape (N, z_dim)."""

    def place(self) -> Place | None:
        """Return where the picture in hand is; None where it is not on the plane, or none can tell."""

    def nearest(self, place: Place) -> Place:
        """Return the place itself, or the nearest one that the plane has."""

    def go(self, place: Place) -> Change:
        """Return the change that brings the picture to a place."""

    def title(self, place: Place) -> str:
        """Name a place."""


@dataclass(frozen=True, eq=False)
class SeedPlane:
    """Integer points are seeds; what the sliders do is done to every picture of the plane.

    Attributes:
        picture: The point in hand.
        directions: Every direction there is.
        prior: The distribution of z.
    """

    picture: Point
    directions: Sequence[Direction]
    prior: Prior

    @property
    def key(self) -> Hashable:
        """Return edits, truncation and renormalisation."""
        point = self.picture
        return tuple(sorted(point.strengths.items())), point.truncation, point.renormalised

    def latents(self, places: npt.ArrayLike) -> FloatArray:
        """Return the latents of places, edited as the picture in hand is."""
        point = self.picture
        bases = on_lattice(places, len(point.base), self.prior)
        edits = _edits(point, self.directions, self.prior)
        return compose(bases, edits, point.truncation, point.renormalised, self.prior)

    def place(self) -> Place | None:
        """Return the place of the picture's seed."""
        return None if self.picture.seed is None else place_of(self.picture.seed)

    def nearest(self, place: Place) -> Place:
        """Return the place: the plane has no end."""
        return place

    def go(self, place: Place) -> Change:
        """Start the picture from another place; the sliders stay."""
        base = on_lattice([place], len(self.picture.base), self.prior)[0]
        seed = _seed(place)
        return set_base(base, seed, "" if seed is not None else self.title(place))

    def title(self, place: Place) -> str:
        """Return the seed, or column and row between seeds."""
        seed = _seed(place)
        return f"map {place[0]:.2f}, {place[1]:.2f}" if seed is None else f"seed {seed}"


@dataclass(frozen=True, eq=False)
class DirectionPlane:
    """Places are strengths of two directions, in sigmas, around the picture in hand.

    Attributes:
        picture: The point in hand.
        directions: Every direction there is.
        prior: The distribution of z.
        x: To the right.
        y: Up; another direction than `x`.
    """

    picture: Point
    directions: Sequence[Direction]
    prior: Prior
    x: Direction
    y: Direction

    @property
    def key(self) -> Hashable:
        """Return the picture without what the map itself moves."""
        point = self._unmoved()
        strengths = tuple(sorted(point.strengths.items()))
        return point.base.tobytes(), strengths, point.truncation, point.renormalised, self.x.name, self.y.name

    def latents(self, places: npt.ArrayLike) -> FloatArray:
        """Return the picture moved along both directions."""
        spots = np.asarray(places, np.float32)
        point = self._unmoved()
        axes = np.stack([self.x.vector * np.float32(self.x.sigma), self.y.vector * np.float32(self.y.sigma)])
        edits = _edits(point, self.directions, self.prior) + spots @ axes
        bases = np.broadcast_to(point.base, edits.shape)
        return compose(bases, edits, point.truncation, point.renormalised, self.prior)

    def place(self) -> Place | None:
        """Return the picture's strengths."""
        return self.picture.strengths.get(self.x.name, 0.0), self.picture.strengths.get(self.y.name, 0.0)

    def nearest(self, place: Place) -> Place:
        """Return the place within what the sliders' boxes take."""
        x, y = (min(MOST_SIGMA, max(-MOST_SIGMA, value)) for value in place)
        return x, y

    def go(self, place: Place) -> Change:
        """Move both sliders."""
        return set_strengths({self.x.name: place[0], self.y.name: place[1]})

    def title(self, place: Place) -> str:
        """Return both strengths."""
        return f"{self.x.name} {place[0]:+.2f} σ, {self.y.name} {place[1]:+.2f} σ"

    def _unmoved(self) -> Point:
        moved = (self.x.name, self.y.name)
        kept = {name: value for name, value in self.picture.strengths.items() if name not in moved}
        return replace(self.picture, strengths=kept)


def _edits(point: Point, directions: Sequence[Direction], prior: Prior) -> FloatArray:
    """Return the sum of a point's edits, shape (z_dim,)."""
    alone = replace(point, base=np.zeros_like(point.base), renormalised=False)
    return alone.z(directions, prior)


def _seed(place: Place) -> int | None:
    x, y = place
    return seed_at(int(x), int(y)) if float(x).is_integer() and float(y).is_integer() else None
