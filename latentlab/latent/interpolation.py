"""Ways between latents: lerp, slerp, and keyframe paths through several points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray

Mode = Literal["slerp", "lerp"]
MODES: tuple[Mode, ...] = ("slerp", "lerp")

_PARALLEL_SINE = 1e-6


def lerp(a: FloatArray, b: FloatArray, t: npt.ArrayLike) -> FloatArray:
    """Interpolate along the straight line between two latents.

    Args:
        a: First end, shape (z_dim,), float32.
        b: Second end, shape (z_dim,), float32.
        t: Fractions, shape (k,); 0 gives `a`, 1 gives `b`.

    Returns:
        Shape (k, z_dim), float32; exact at t = 0 and t = 1.

    Raises:
        ValueError: If the shapes differ.
    """
    start, end, fractions = _checked(a, b, t)
    return ((1.0 - fractions) * start + fractions * end).astype(np.float32)


def slerp(a: FloatArray, b: FloatArray, t: npt.ArrayLike) -> FloatArray:
    """Interpolate along the great arc between two latents.

    Norms are interpolated linearly, directions spherically. Nearly parallel ends fall back to `lerp`, as do opposite
    ends of one component, which no arc joins; for other exactly opposite ends, between which every great arc is equally
    short, the one through the coordinate axis least aligned with them is taken.

    Args:
        a: First end, shape (z_dim,), float32.
        b: Second end, shape (z_dim,), float32.
        t: Fractions in [0, 1], shape (k,).

    Returns:
        Shape (k, z_dim), float32; exact at t = 0 and t = 1.

    Raises:
        ValueError: If the shapes differ or an end has zero norm.

    References:
        White 2016, "Sampling Generative Networks", arXiv:1609.04468.
        Shoemake 1985, "Animating Rotation with Quaternion Curves": the formula.
    """
    start, end, fractions = _checked(a, b, t)
    norm_a, norm_b = np.linalg.norm(start), np.linalg.norm(end)
    if norm_a == 0.0 or norm_b == 0.0:
        raise ValueError("slerp needs ends that are not zero")
    unit_a, unit_b = start / norm_a, end / norm_b
    # The part of b orthogonal to a: its length is the sine of the angle, accurate near 0 and pi where arccos is not.
    cosine = float(unit_a @ unit_b)
    across = unit_b - cosine * unit_a
    sine = float(np.linalg.norm(across))
    if sine < _PARALLEL_SINE:
        if cosine > 0.0 or len(unit_a) == 1:
            return lerp(a, b, t)
        across = _least_aligned_axis(unit_a)
        sine = float(np.linalg.norm(across))
        angle = np.pi
    else:
        angle = np.arctan2(sine, cosine)
    across = across / sine
    norms = (1.0 - fractions) * norm_a + fractions * norm_b
    path = (norms * (np.cos(fractions * angle) * unit_a + np.sin(fractions * angle) * across)).astype(np.float32)
    path[fractions[:, 0] == 0.0] = a
    path[fractions[:, 0] == 1.0] = b
    return path


INTERPOLATORS: dict[Mode, Callable[[FloatArray, FloatArray, npt.ArrayLike], FloatArray]] = {
    "slerp": slerp,
    "lerp": lerp,
}


def keyframe_path(points: FloatArray, frames: int, mode: Mode = "slerp", loop: bool = False) -> FloatArray:
    """Walk through points at constant speed in time, each leg taking the same share of the frames.

    An open path begins at the first point and ends at the last. A loop goes on from the last point to the first and
    stops one frame short of it, so that played again and again it has no pause and no jump.

    Args:
        points: Shape (n, z_dim), float32, n >= 1.
        frames: Number of frames, at least 1.
        mode: ``slerp`` or ``lerp`` between neighbours.
        loop: Whether the path closes.

    Returns:
        Shape (frames, z_dim), float32.

    Raises:
        ValueError: If there is no point, no frame, or slerp meets a zero point.
    """
    if len(points) == 0 or frames < 1:
        raise ValueError("a path needs at least one point and one frame")
    stops = np.concatenate([points, points[:1]]) if loop else points
    legs = len(stops) - 1
    if legs == 0:
        return np.repeat(points[:1], frames, axis=0)
    times = np.linspace(0.0, legs, frames, endpoint=not loop) if frames > 1 else np.zeros(1)
    leg_of = np.minimum(times.astype(int), legs - 1)
    interpolate = INTERPOLATORS[mode]
    path = np.empty((frames, points.shape[1]), np.float32)
    for leg in range(legs):
        here = leg_of == leg
        if here.any():
            path[here] = interpolate(stops[leg], stops[leg + 1], times[here] - leg)
    return path


def _checked(
    a: FloatArray, b: FloatArray, t: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"ends of different shapes: {a.shape} and {b.shape}")
    fractions = np.atleast_1d(np.asarray(t, np.float64))[:, None]
    return a.astype(np.float64), b.astype(np.float64), fractions


def _least_aligned_axis(unit: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    axis = np.zeros_like(unit)
    axis[int(np.argmin(np.abs(unit)))] = 1.0
    return axis - (axis @ unit) * unit
