"""Numbers that can be read off any picture, without knowing what it shows.

All of them change smoothly with the picture: nothing is thresholded hard, counted or skeletonised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from latentlab.pixels import Pixels

Numbers = npt.NDArray[np.float64]

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's conversion to grey
_FAINTEST_INK = 8 / 255
_PAPER_NOISE = 0.1


@dataclass(frozen=True)
class Quantity:
    """A number of a picture.

    Attributes:
        measure: From pixels (N, H, W, C), uint8, to shape (N,), float64; finite for every picture.
        meaning: What it is, its unit and which way is positive, in one line for the tooltip.
        of_colour: Whether it is only defined for RGB.
    """

    measure: Callable[[Pixels], Numbers]
    meaning: str
    of_colour: bool = False


def brightness(pixels: Pixels) -> Numbers:
    """Return the mean luminance of each picture, 0 black to 1 white."""
    return np.asarray(_luminance(pixels).mean(axis=(1, 2)))


def contrast(pixels: Pixels) -> Numbers:
    """Return the standard deviation of the luminance of each picture, 0 to 0.5 (RMS contrast, Peli 1990, eq. 4)."""
    return np.asarray(_luminance(pixels).std(axis=(1, 2)))


def saturation(pixels: Pixels) -> Numbers:
    """Return the mean distance between a pixel's strongest and weakest primary, 0 grey to 1 pure."""
    return np.asarray(np.ptp(pixels.astype(np.float64) / 255, axis=3).mean(axis=(1, 2)))


def warmth(pixels: Pixels) -> Numbers:
    """Return mean red less mean blue, -1 to 1; positive is warm."""
    means = pixels.mean(axis=(1, 2), dtype=np.float64) / 255
    return np.asarray(means[:, 0] - means[:, -1])


def left_right_balance(pixels: Pixels) -> Numbers:
    """Return how far right of the middle the light's centre lies, in half widths, -1 to 1; 0 for a black picture."""
    return _balance(_luminance(pixels).sum(axis=1))


def up_down_balance(pixels: Pixels) -> Numbers:
    """Return how far above the middle the light's centre lies, in half heights, -1 to 1; 0 for a black picture."""
    return -_balance(_luminance(pixels).sum(axis=2))


def stroke_thickness(pixels: Pixels) -> Numbers:
    """Return the mean width of what is drawn, in pixels; 0 for an empty picture.

    A stroke of width w and length L has the area w L and the outline 2 L, so that twice the area over the length of the
    outline is w. The area is the sum of the ink, the length of the outline its total variation (the coarea formula:
    the mean length over all grey levels), so that soft edges need no threshold.
    """
    ink = _ink(pixels)
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    # Both slopes in the middle of four pixels, so that a mirrored picture has the same outline.
    across, down = np.diff(padded, axis=2), np.diff(padded, axis=1)
    slopes = np.hypot(across[:, 1:] + across[:, :-1], down[:, :, 1:] + down[:, :, :-1]) / 2.0
    return _ratio(2.0 * ink.sum(axis=(1, 2)), slopes.sum(axis=(1, 2)))


def slant(pixels: Pixels) -> Numbers:
    """Return by how many degrees what is drawn leans from the vertical, -90 to 90; positive to the right, as italics.

    It is the shear that would bring the ink's mixed second moment to zero, the one by which digits are deskewed
    (LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition").
    """
    ink = _ink(pixels)
    total = ink.sum(axis=(1, 2))[:, None, None]
    rows, columns = np.arange(ink.shape[1])[None, :, None], np.arange(ink.shape[2])[None, None, :]
    weights = np.divide(ink, total, out=np.zeros_like(ink), where=total > 0.0)
    up = (weights * rows).sum(axis=(1, 2), keepdims=True) - rows
    right = columns - (weights * columns).sum(axis=(1, 2), keepdims=True)
    shear = _ratio((weights * up * right).sum(axis=(1, 2)), (weights * up * up).sum(axis=(1, 2)))
    return np.asarray(np.degrees(np.arctan(shear)))


QUANTITIES = MappingProxyType(
    {
        "Brightness": Quantity(brightness, "mean luminance, 0 to 1; + is brighter"),
        "Contrast": Quantity(contrast, "standard deviation of the luminance, 0 to 0.5; + is harder"),
        "Saturation": Quantity(saturation, "strongest less weakest primary, 0 to 1; + is more colourful", True),
        "Warmth": Quantity(warmth, "red less blue, -1 to 1; + is warmer", True),
        "Left-right balance": Quantity(left_right_balance, "centre of the light in half widths; + is further right"),
        "Up-down balance": Quantity(up_down_balance, "centre of the light in half heights; + is further up"),
        "Stroke thickness": Quantity(stroke_thickness, "mean width of what is drawn, in pixels; + is thicker"),
        "Slant": Quantity(slant, "lean of what is drawn, in degrees; + is to the right, as italics"),
    }
)


def quantities_of(channels: int) -> tuple[str, ...]:
    """Name the quantities that pictures of so many channels have, in the order of `QUANTITIES`."""
    return tuple(name for name, quantity in QUANTITIES.items() if channels == 3 or not quantity.of_colour)


def _luminance(pixels: Pixels) -> Numbers:
    values = pixels.astype(np.float64) / 255
    return values[..., 0] if pixels.shape[3] == 1 else np.asarray(values @ _LUMA)


def _ink(pixels: Pixels) -> Numbers:
    """Return how much each pixel differs from the paper, which is the median of the border, 0 to 1 per picture."""
    luminance = _luminance(pixels)
    border = [luminance[:, 0], luminance[:, -1], luminance[:, 1:-1, 0], luminance[:, 1:-1, -1]]
    paper = np.median(np.concatenate(border, axis=1), axis=1)[:, None, None]
    difference = np.abs(luminance - paper)
    strongest = difference.max(axis=(1, 2), keepdims=True)
    share = np.divide(difference, strongest, out=np.zeros_like(difference), where=strongest >= _FAINTEST_INK)
    return np.asarray(np.maximum(share - _PAPER_NOISE, 0.0) / (1.0 - _PAPER_NOISE))


def _balance(light: Numbers) -> Numbers:
    places = np.linspace(-1.0, 1.0, light.shape[1]) if light.shape[1] > 1 else np.zeros(1)
    return _ratio(light @ places, light.sum(axis=1))


def _ratio(over: Numbers, under: Numbers) -> Numbers:
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0.0)
