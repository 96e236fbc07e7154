"""256 colours that follow a walk: an adaptive palette for each frame, grown out of the one before.

A palette for each frame is closer to the pictures than one for the whole walk, and flickers less. Starting from the
colours of the frame before, one step of k-means on a sample of the pixels takes less time than a median cut and ends
closer. No dithering: it adds nearly a third to error and size (all measured on walks of faces).

References:
    Lloyd 1982, "Least squares quantization in PCM": the k-means step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentlab.pixels import Pixels

_COLOURS = 256
_SAMPLE_SIDE = 48
_FIRST_STEPS = 8
# Pillow looks colours up by the lower corner of cells 4 levels wide; shifting the table takes most of that bias away.
_CELL_BIAS = 1


class FollowingPalette:
    """Quantises frames in the order they are shown."""

    def __init__(self) -> None:
        self._colours: npt.NDArray[np.float32] | None = None

    def quantise(self, frame: Pixels) -> Image.Image:
        """Reduce a frame to its own 256 colours.

        Args:
            frame: Shape (H, W, 3), uint8.

        Returns:
            A Pillow image of mode P with a palette of 256 RGB colours.
        """
        stride = max(1, min(frame.shape[:2]) // _SAMPLE_SIDE)
        sample = np.ascontiguousarray(frame[stride // 2 :: stride, stride // 2 :: stride])
        pixels = sample.reshape(-1, 3).astype(np.float32)
        if self._colours is None:
            self._colours = _median_cut(sample)
            for _ in range(_FIRST_STEPS):
                self._colours = _lloyd_step(self._colours, pixels)
        self._colours = _lloyd_step(self._colours, pixels)
        table = np.rint(self._colours).astype(np.uint8)
        lookup = Image.new("P", (1, 1))
        lookup.putpalette((np.maximum(table, _CELL_BIAS) - _CELL_BIAS).tobytes())
        image = Image.fromarray(frame).quantize(palette=lookup, dither=Image.Dither.NONE)
        image.putpalette(table.tobytes())
        return image


def _median_cut(sample: Pixels) -> npt.NDArray[np.float32]:
    image = Image.fromarray(sample).quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    found = np.asarray(image.getpalette(), np.float32).reshape(-1, 3)
    return np.pad(found, ((0, _COLOURS - len(found)), (0, 0)))


def _lloyd_step(colours: npt.NDArray[np.float32], pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Move each colour to the mean of the pixels nearest to it, unused ones to the pixels served worst."""
    # einsum and not BLAS, whose threads wait for each other longer than this takes while a model trains.
    products = np.einsum("cp,ck->pk", np.ascontiguousarray(pixels.T), np.ascontiguousarray(colours.T))
    nearest = ((colours * colours).sum(axis=1) - 2.0 * products).argmin(axis=1)
    uses = np.bincount(nearest, minlength=_COLOURS)
    sums = np.stack([np.bincount(nearest, channel, _COLOURS) for channel in pixels.T], axis=1)
    used = uses > 0
    moved = colours.copy()
    moved[used] = sums[used] / uses[used, None]
    unused = np.flatnonzero(~used)
    error = ((pixels - colours[nearest]) ** 2).sum(axis=1)
    worst = np.argsort(error)[::-1][: len(unused)]
    moved[unused[: len(worst)]] = pixels[worst]
    return moved
