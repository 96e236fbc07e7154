"""The fixed-z sheets of a run, read back: their pictures, how varied they are and how far they moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentlab.errors import TrainingError
from latentlab.pixels import Pixels

COLUMNS = 8


def read_sheet(path: Path, side_px: int = 0) -> Pixels:
    """Take a sheet without gaps apart.

    Args:
        path: A PNG as a tick writes it, rows of pictures side by side.
        side_px: Side of a picture; 0 for an eighth of the sheet's width.

    Returns:
        Shape (N, side, side, C), uint8, C = 1 or 3.

    Raises:
        TrainingError: If it is missing, half written, or not made of such pictures.
    """
    try:
        with Image.open(path) as image:
            image.load()
            whole = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise TrainingError(path, f"cannot be read: {error}") from error
    height, width = whole.shape[:2]
    side = side_px or width // COLUMNS
    if side < 1 or height % side or width % side:
        raise TrainingError(path, f"its {width} x {height} pixels are no sheet of pictures of {side} px")
    cells = whole.reshape(height // side, side, width // side, side, -1).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(cells.reshape(-1, side, side, whole.shape[2] if whole.ndim == 3 else 1))


def spread(pictures: Pixels) -> float:
    """Measure how varied pictures are: the standard deviation over them, root mean square over pixels and channels.

    Args:
        pictures: Shape (N, H, W, C), uint8.

    Returns:
        In [0, 0.5], as a share of the grey scale; 0 where all are alike.
    """
    return float(np.sqrt(_scaled(pictures).var(axis=0).mean()))


def contrast(pictures: Pixels) -> float:
    """Measure how far apart light and dark are: the standard deviation of all values of all pictures.

    Args:
        pictures: Shape (N, H, W, C), uint8.

    Returns:
        In [0, 0.5], as a share of the grey scale.
    """
    return float(_scaled(pictures).std())


def change(before: Pixels, after: Pixels) -> float:
    """Measure how far the same z moved between two sheets: root mean square over all pixels.

    Args:
        before: Shape (N, H, W, C), uint8.
        after: Of the same shape.

    Returns:
        In [0, 1], as a share of the grey scale.
    """
    return float(np.sqrt(np.square(_scaled(after) - _scaled(before)).mean()))


def _scaled(pictures: Pixels) -> npt.NDArray[np.float32]:
    return pictures.astype(np.float32) / np.float32(255.0)
