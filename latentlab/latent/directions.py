"""Directions in z as objects, and edits along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.priors import Prior, component_sigma

_NOTHING_LEFT = 1e-3


@dataclass(frozen=True, eq=False)
class Direction:
    """A named unit vector in z with its scale.

    Attributes:
        name: What a user calls it; unique within a model.
        source: How it was found, for example ``sefa`` or ``axis``.
        vector: Shape (z_dim,), float32, unit norm, read-only.
        sigma: Standard deviation of z.d under the prior; strengths are given in multiples of it.
        detail: One line for the tooltip, for example the singular value.
        layer: Where in the network it was found, for example ``layer 2: 128 x 8 x 8``; empty where only z was
            looked at.
        accuracy: On samples held out, in [0, 1]: R^2 of a measurement, balanced accuracy of a boundary; None where
            nothing was held out.
        model: Content hash of the model it was found on; empty where it was found on none.
        created: Date on which it was found, ISO 8601; empty where unknown.
    """

    name: str
    source: str
    vector: FloatArray
    sigma: float
    detail: str = ""
    layer: str = ""
    accuracy: float | None = None
    model: str = ""
    created: str = ""

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


def coordinate(z: FloatArray, direction: Direction) -> float:
    """Return where a latent itself stands on a direction, in sigmas; 0 for the zero latent.

    Moving by a strength s raises it by s, so that a slider may show a picture's own position instead of a change.

    Args:
        z: Shape (z_dim,), float32.
        direction: Of the same width.

    References:
        Pidhorskyi, Adjeroh & Doretto 2020, "Adversarial Latent Autoencoders", arXiv:2004.04467: the sliders of its
        demonstration start at the picture's own coordinates.
    """
    return float(z.astype(np.float64) @ direction.vector.astype(np.float64)) / direction.sigma


def cosines(directions: Sequence[Direction]) -> npt.NDArray[np.float64]:
    """Return the cosine between any two directions: 0 for independent ones, near +-1 where one slider moves the other.

    Returns:
        Shape (n, n), float64 in [-1, 1], symmetric, ones on the diagonal.

    Raises:
        ValueError: If the directions have different widths.
    """
    if not directions:
        return np.zeros((0, 0))
    vectors = np.stack([direction.vector for direction in directions]).astype(np.float64)
    products = np.clip(vectors @ vectors.T, -1.0, 1.0)
    np.fill_diagonal(products, 1.0)
    return products


def conditioned(direction: Direction, on: Sequence[Direction]) -> Direction:
    """Take out of a direction what others do: the part of it that is orthogonal to all of them.

    Args:
        direction: The one to be moved along.
        on: Those that shall stay as they are, in any number, related or not.

    Returns:
        A direction called ``Smiling | Glasses``, with what it was conditioned on in its detail; the same one where `on`
        is empty. Its accuracy is no longer known. All components of z have the same deviation under either prior, so
        sigma, that of z.d, is the same for every unit vector d.

    Raises:
        ValueRangeError: If nothing is left, because the direction lies in the span of the others.

    References:
        Shen, Gu, Tang & Zhou 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing",
        arXiv:1907.10786, section 3.3 (conditional manipulation): n1 - (n1^T n2) n2, and the span for more than one.
    """
    if not on:
        return direction
    locked = np.stack([each.vector for each in on]).astype(np.float64)
    _, values, rows = np.linalg.svd(locked, full_matrices=False)
    basis = rows[values > _NOTHING_LEFT]
    vector = direction.vector.astype(np.float64)
    for _ in range(2):  # once more, for what rounding left
        vector = vector - basis.T @ (basis @ vector)
    left = float(np.linalg.norm(vector))
    names = ", ".join(each.name for each in on)
    if left < _NOTHING_LEFT:
        raise ValueRangeError(
            direction.name, f"nothing of it is left beside {names}", "Unlock a direction that does the same."
        )
    return replace(
        direction,
        name=f"{direction.name} | {names}",
        vector=vector.astype(np.float32),
        detail=f"{left:.0%} of {direction.name}, orthogonal to {names}",
        accuracy=None,
    )
