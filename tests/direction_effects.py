"""What a direction does to a picture: how steadily its own score rises, and how much the others move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentlab.analysis.quantities import QUANTITIES, quantities_of
from latentlab.analysis.steadiness import Numbers, steady_share, walk
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.pixels import Pixels

FAR_SIGMA = 2.0
TIED = 0.25
_BATCH = 256

Draw = Callable[[FloatArray], Pixels]


class Scores:
    """Every number that can be read off a picture: what a judge says of it, then the measured quantities.

    Args:
        judged: The judge's log-odds of pictures, shape (N, K); not of the network that the directions were found with.
        names: What directions towards its outputs are called, K of them.
        channels: Of the pictures.
    """

    def __init__(self, judged: Callable[[Pixels], FloatArray], names: Sequence[str], channels: int) -> None:
        self._judged = judged
        self._quantities = quantities_of(channels)
        self.names = (*names, *self._quantities)

    def __call__(self, pixels: Pixels) -> Numbers:
        """Read pictures (N, H, W, C); returns shape (N, len(names))."""
        measured = [QUANTITIES[name].measure(pixels) for name in self._quantities]
        return np.column_stack([self._judged(pixels).astype(np.float64), *measured])


@dataclass(frozen=True, eq=False)
class Effects:
    """What several directions do.

    Attributes:
        steady: Share of the seeds for which the own score rises with a tau of `STEADY_TAU`, shape (directions,).
        reached: Share of the seeds of which the own score is positive at +3 sigma, shape (directions,).
        shifts: Mean change of each score from -2 to +2 sigma, in its standard deviations over random samples, shape
            (directions, scores).
    """

    steady: Numbers
    reached: Numbers
    shifts: Numbers


def effects(draw: Draw, read: Scores, directions: Sequence[Direction], z: FloatArray) -> Effects:
    """Move seeds (N, z_dim) along directions that are called as their own scores are."""
    spread = read(_drawn(draw, z)).std(axis=0)
    steady, reached, shifts = [], [], []
    for direction in directions:
        own = read.names.index(direction.name)
        step = direction.sigma * direction.vector
        walked = walk(lambda moved, own=own: read(_drawn(draw, moved))[:, own], direction, z)
        steady.append(steady_share(walked))
        reached.append((walked[:, -1] > 0.0).mean())
        ends = [read(_drawn(draw, z + np.float32(s) * step)).mean(axis=0) for s in (-FAR_SIGMA, FAR_SIGMA)]
        shifts.append((ends[1] - ends[0]) / np.maximum(spread, 1e-9))
    return Effects(np.array(steady), np.array(reached), np.array(shifts))


def ties(read: Scores, real: Pixels) -> npt.NDArray[np.bool_]:
    """Tell which scores go together by nature: those that correlate by `TIED` on real pictures; shape (K, K)."""
    scores = read(real)
    moving = scores.std(axis=0) > 0.0
    together = np.eye(scores.shape[1], dtype=bool)
    together[np.ix_(moving, moving)] = np.abs(np.corrcoef(scores[:, moving].T)) >= TIED
    return together


def _drawn(draw: Draw, z: FloatArray) -> Pixels:
    return np.concatenate([draw(z[start : start + _BATCH]) for start in range(0, len(z), _BATCH)])
