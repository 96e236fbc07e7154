"""Directions in z as objects, and edits along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.priors import Prior, component_sigma


@dataclass(frozen=True, eq=False)
class Direction:
    """A named unit vector in z with its scale.

    Attributes:
        name: What a user calls it; unique within a model.
        source: How it was found, for example ``sefa`` or ``axis``.
        vector: Shape (z_dim,), float32, unit norm, read-only.
        sigma: Standard deviation of z.d under the prior; strengths are given in multiples of it.
        detail: One line for the tooltip, for example the singular value.
    """

    name: str
    source: str
    vector: FloatArray
    sigma: float
    detail: str = ""

    def __post_init__(self) -> None:
        # In float64: the squares of a finite float32 vector may be 0 or infinite in float32.
        vector = np.asarray(self.vector, np.float64)
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0.0:
            raise ValueError(f"direction {self.name!r} has no direction: its norm is {norm}")
        object.__setattr__(self, "vector", frozen(vector / norm))


def axis_directions(z_dim: int, prior: Prior) -> tuple[Direction, ...]:
    """Return the raw coordinates of z as directions named ``z 1`` to ``z <z_dim>``."""
    sigma = component_sigma(prior)
    return tuple(
        Direction(f"z {index + 1}", "axis", row, sigma, f"component {index + 1} of z")
        for index, row in enumerate(np.eye(z_dim, dtype=np.float32))
    )


def by_name(directions: Sequence[Direction], name: str) -> Direction:
    """Find a direction by its name, ignoring case.

    Raises:
        KeyError: If there is none of that name.
    """
    for direction in directions:
        if direction.name.strip().casefold() == name.strip().casefold():
            return direction
    raise KeyError(name)


def offset(directions: Sequence[Direction], strengths: Mapping[str, float], z_dim: int) -> FloatArray:
    """Add up edits: the sum of strength * sigma * d.

    Args:
        directions: Where names are looked up.
        strengths: Name to strength, in sigmas; names without a direction raise.
        z_dim: Width of the result where there is no edit.

    Returns:
        Shape (z_dim,), float32.

    Raises:
        KeyError: If a name is unknown.
    """
    total = np.zeros(z_dim, np.float32)
    for name, strength in strengths.items():
        direction = by_name(directions, name)
        if strength:
            total += np.float32(strength * direction.sigma) * direction.vector
    return total
