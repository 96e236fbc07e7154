"""An oracle for sources that look at pictures only: a bar whose four properties are known axes of z.

z has 8 components. Along four orthonormal axes, none of them a coordinate of z, lie the brightness of the whole
picture, the bar's place from left to right and from top to bottom, and its thickness; along two more, which nobody is
asked to find, its length and its slant; the last two change nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels, to_pixels

Z_DIM = 8
SIDE_PX = 32
KNOWN = ("brightness", "shift x", "shift y", "thickness")
_FACTORS = (*KNOWN, "length", "slant")

_BASIS = np.linalg.qr(np.random.RandomState(7).standard_normal((Z_DIM, Z_DIM)))[0].T
AXES: dict[str, FloatArray] = {name: _BASIS[row].astype(np.float32) for row, name in enumerate(_FACTORS)}
"""Name to unit vector, shape (8,); z along it makes the picture brighter, the bar go right or down, or thicker."""


def factor(name: str, z: FloatArray) -> npt.NDArray[np.float64]:
    """Return the position of latents along a known axis, shape (N,), in standard deviations of the normal prior."""
    return np.asarray(z.astype(np.float64) @ AXES[name].astype(np.float64))


def draw(z: FloatArray) -> Pixels:
    """Draw a bright bar on a dark ground, antialiased, so that every property changes smoothly.

    Args:
        z: Shape (N, 8), float32.

    Returns:
        Shape (N, 32, 32, 1), uint8.
    """
    level, x, y, thickness, length, slant = (factor(name, z)[:, None, None] for name in _FACTORS)
    middle = (SIDE_PX - 1) / 2
    rows, columns = np.arange(SIDE_PX)[None, :, None], np.arange(SIDE_PX)[None, None, :]
    down = rows - middle - 1.5 * y
    across = columns - middle - 1.5 * x + 0.1 * slant * down
    wide = _inside(np.abs(across), 4.0 * np.exp(0.2 * thickness))
    tall = _inside(np.abs(down), 16.0 + 0.5 * length)
    photo = -0.6 + 0.12 * level + 1.0 * wide * tall
    return to_pixels(photo[:, None].astype(np.float32))


def _inside(distance: npt.NDArray[np.float64], size: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.clip((size - 2.0 * distance + 1.0) / 2.0, 0.0, 1.0))
