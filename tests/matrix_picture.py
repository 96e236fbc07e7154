"""A matrix as a picture: rows and columns named, blue below zero and red above, the value in each field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_FIELD_PX = 34
_TEXT_PX = 12
_GAP_PX = 6
_BLUE, _WHITE, _RED = (np.array(colour, np.float64) for colour in ((48, 98, 168), (248, 248, 248), (190, 60, 48)))


def write_matrix(
    path: Path, values: npt.NDArray[np.floating], rows: Sequence[str], columns: Sequence[str], most: float
) -> None:
    """Draw values between -most and most, shape (rows, columns)."""
    font = ImageFont.load_default(_TEXT_PX)
    left = round(max(map(font.getlength, rows))) + 2 * _GAP_PX
    top = round(max(map(font.getlength, columns))) + 2 * _GAP_PX
    image = Image.new(
        "RGB", (left + len(columns) * _FIELD_PX + _GAP_PX, top + len(rows) * _FIELD_PX + _GAP_PX), "white"
    )
    draw = ImageDraw.Draw(image)
    for column, name in enumerate(columns):
        image.paste(_upright(name, font, top), (left + column * _FIELD_PX, 0))
    for row, name in enumerate(rows):
        y = top + row * _FIELD_PX
        draw.text((left - _GAP_PX, y + _FIELD_PX // 2), name, "black", font, "rm")
        for column in range(len(columns)):
            value = float(values[row, column])
            x = left + column * _FIELD_PX
            share = min(abs(value) / most, 1.0)
            colour = _WHITE + share * ((_RED if value > 0 else _BLUE) - _WHITE)
            draw.rectangle((x, y, x + _FIELD_PX - 2, y + _FIELD_PX - 2), tuple(colour.astype(int)))
            text = "white" if share > 0.6 else "black"
            draw.text(
                (x + _FIELD_PX // 2 - 1, y + _FIELD_PX // 2 - 1), f"{round(value, 1) + 0.0:.1f}", text, font, "mm"
            )
    image.save(path, optimize=True)


def _upright(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, height: int) -> Image.Image:
    """Write a name from below to above, in a strip of a field's width."""
    line = Image.new("RGB", (height, _FIELD_PX), "white")
    ImageDraw.Draw(line).text((_GAP_PX, _FIELD_PX // 2), name, "black", font, "lm")
    return line.rotate(90, expand=True)
