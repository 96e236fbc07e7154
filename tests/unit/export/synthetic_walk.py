"""A renderer without a network: smooth functions of z, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import keyframe_path
from latentlab.latent.priors import sample
from latentlab.pixels import Pixels

Renderer = Callable[[FloatArray], Pixels]
Z_DIM = 8


def renderer(channels: int, side: int = 32, width: int | None = None) -> Renderer:
    """Return a function from (n, 8) to (n, side, width, channels): a bright shape on a slope, both moved by z."""
    y, x = np.mgrid[0:side, 0 : width or side] / side

    def render(z: FloatArray) -> Pixels:
        pictures = []
        for row in z.astype(np.float64):
            a, b, c, d, *tint = np.tanh(row / 2.0)
            shape = np.exp(-8.0 * ((x - 0.5 - 0.2 * a) ** 2 + (y - 0.5 - 0.2 * b) ** 2) * (1.5 + c))
            slope = 0.5 + 0.2 * (d * (x - 0.5) + a * (y - 0.5))
            planes = [90.0 * slope + 120.0 * shape * (1.0 + 0.25 * t) + 10.0 * i for i, t in enumerate(tint[:channels])]
            pictures.append(np.stack(planes, axis=-1))
        return np.clip(np.rint(pictures), 0, 255).astype(np.uint8)

    return render


def walk(frames: int) -> FloatArray:
    return keyframe_path(sample("normal", 3, Z_DIM, seed=5), frames, loop=True)
