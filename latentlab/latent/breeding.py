"""New latents from old ones: neighbours at a distance, and children of two parents.

What comes of samples is as typical as samples are. Where z is normal a neighbour lies on the sphere through its parent,
where nearly all samples do, and swapping components between two samples gives a sample again. Where z is uniform
everything stays in the cube [-1, 1], whose walls throw a step back.

References:
    Simon 2018, "Ganbreeder", later Artbreeder: pictures bred by picking children, again and again.
    Bontrager, Lin, Togelius & Risi 2018, "Deep Interactive Evolution", arXiv:1801.08230: crossing and mutating the
    latents of a GAN, with a person as the judge.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import lerp, slerp
from latentlab.latent.priors import Prior, expected_norm

Way = Literal["cross", "average"]
WAYS: tuple[Way, ...] = ("cross", "average")
MAX_DISTANCE = 1.4
"""Two samples of a prior lie about sqrt(2) radii apart: a neighbour farther away than that is a stranger."""

_HALVINGS = 40
_DOUBLINGS = 12
_NOTHING = 1e-9

_Rows = npt.NDArray[np.float64]


def neighbours(z: FloatArray, prior: Prior, distance: float, count: int, random: np.random.RandomState) -> FloatArray:
    """Draw latents at one distance from a latent, in directions drawn at random.

    The same `random` gives the same directions at any distance, so that neighbours glide as the distance is dragged.

    Args:
        z: Shape (z_dim,), float32.
        prior: The distribution z was trained on.
        distance: |neighbour - z| in radii of the prior's shell, `expected_norm`; 0 to `MAX_DISTANCE`.
        count: How many, at least 1.
        random: Draws the directions.

    Returns:
        Shape (count, z_dim), float32. Normal prior: on the sphere through z, so that the norm stays; where that sphere
        is too small to reach so far, at its other end, and all around a zero latent. Uniform prior: in the cube, with
        components beyond its walls put on them first; where the cube is too small, as far as its walls let.

    Raises:
        ValueError: If the distance is outside 0 to `MAX_DISTANCE`.
    """
    if not 0.0 <= distance <= MAX_DISTANCE:
        raise ValueError(f"distance {distance} is outside 0 to {MAX_DISTANCE}")
    steps = random.standard_normal((count, len(z)))
    reach = distance * expected_norm(prior, len(z))
    start = z.astype(np.float64)
    moved = _along_arcs(start, steps, reach) if prior == "normal" else _between_walls(start, steps, reach)
    return moved.astype(np.float32)


def children(
    a: FloatArray, b: FloatArray, way: Way, prior: Prior, mutation: float, count: int, random: np.random.RandomState
) -> FloatArray:
    """Breed two latents.

    Args:
        a: One parent, shape (z_dim,), float32.
        b: The other.
        way: ``cross`` takes each component from either parent, by the toss of a coin; ``average`` takes points spread
            evenly on the arc between them.
        prior: The distribution z was trained on.
        mutation: Distance of the step by which each child is moved on, as `neighbours` takes it.
        count: How many, at least 1.
        random: Tosses and steps.

    Returns:
        Shape (count, z_dim), float32.

    Raises:
        ValueError: If the parents differ in width, or the mutation is out of range.

    References:
        Bontrager et al. 2018, arXiv:1801.08230, section 3.2: uniform crossover, then mutation by normal noise.
        White 2016, "Sampling Generative Networks", arXiv:1609.04468: why averages are taken on the arc.
    """
    if a.shape != b.shape:
        raise ValueError(f"parents of different shapes: {a.shape} and {b.shape}")
    if way == "cross":
        bred = np.where(random.random_sample((count, len(a))) < 0.5, a, b)
    else:
        shares = (np.arange(count) + 1.0) / (count + 1.0)
        bred = (slerp if a.any() and b.any() else lerp)(a, b, shares)
    if prior == "uniform":
        bred = np.clip(bred, -1.0, 1.0)
    return np.concatenate([neighbours(child, prior, mutation, 1, random) for child in bred.astype(np.float32)])


def _along_arcs(start: _Rows, steps: _Rows, reach: float) -> _Rows:
    radius = float(np.linalg.norm(start))
    if radius == 0.0:
        return np.asarray(reach * steps / np.linalg.norm(steps, axis=1, keepdims=True))
    unit = start / radius
    across = steps - (steps @ unit)[:, None] * unit
    lengths = np.linalg.norm(across, axis=1, keepdims=True)
    angle = 2.0 * np.arcsin(min(1.0, reach / (2.0 * radius)))
    moved = np.cos(angle) * unit + np.sin(angle) * np.divide(across, lengths, out=across, where=lengths > _NOTHING)
    # In one dimension nothing lies across: there the latent stays.
    return np.asarray(radius * np.where(lengths > _NOTHING, moved, unit))


def _between_walls(start: _Rows, steps: _Rows, reach: float) -> _Rows:
    """Walk along each step, thrown back by the walls, until the distance is reached."""
    inside = np.clip(start, -1.0, 1.0)
    units = steps / np.linalg.norm(steps, axis=1, keepdims=True)

    def walked(lengths: _Rows) -> _Rows:
        return _folded(inside + lengths[:, None] * units)

    def distances(lengths: _Rows) -> _Rows:
        return np.asarray(np.linalg.norm(walked(lengths) - inside, axis=1))

    low, high = np.zeros(len(steps)), np.full(len(steps), reach)
    for _ in range(_DOUBLINGS):
        short = distances(high) < reach
        low, high = np.where(short, high, low), np.where(short, 1.5 * high, high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        short = distances(middle) < reach
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return walked(low)


def _folded(values: _Rows) -> _Rows:
    """Reflect values at -1 and 1 until they lie between."""
    return np.asarray(np.abs(np.mod(values - 1.0, 4.0) - 2.0) - 1.0)
