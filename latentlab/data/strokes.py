"""Lines of a drawing as an antialiased picture: white ink on black, laid out as Google's own bitmaps are."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from latentlab.data.drawings import SIDE, Strokes
from latentlab.pixels import Pixels

LINE = 16.0
MARGIN = 24.0
"""Width of lines and margin on every side, in the units of the square."""

_FINE_PX = 896  # 28 x 28 bitmaps then differ from Google's by 1.0 of 255 levels on average, half as wide by 1.7


def rasterise(strokes: Strokes, size: int) -> Pixels:
    """Draw lines with round caps and joints, 16 units wide, the drawing's box centred in 256 units and a margin of 24.

    It is drawn at least `_FINE_PX` wide and averaged down by a whole factor.

    Args:
        strokes: The lines, within 0 to 255.
        size: Height and width wanted, in pixels.

    Returns:
        Shape (size, size, 1), uint8: 0 paper, 255 ink.

    References:
        Google Creative Lab, quickdraw-dataset, issue 19, where the drawing of the bitmaps is described.
    """
    factor = max(1, -(-_FINE_PX // size))
    scale = size * factor / (SIDE + 2 * MARGIN)
    extent = np.max([each.max(axis=0) for each in strokes], axis=0)
    offset = (SIDE - extent) / 2 + MARGIN
    image = Image.new("L", (size * factor, size * factor), 0)
    draw = ImageDraw.Draw(image)
    radius = LINE * scale / 2
    for each in strokes:
        path = [(float(x), float(y)) for x, y in (each + offset) * scale]
        if len(path) > 1:
            draw.line(path, fill=255, width=round(2 * radius))
        for x, y in path:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.reduce(factor))[..., np.newaxis]
