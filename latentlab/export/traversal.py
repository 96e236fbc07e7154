"""The labelled figure that papers print of a direction: a row for each point, a column for each strength."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from latentlab.export.picture import encode_png, replace_png
from latentlab.export.sheet import check_size
from latentlab.pixels import Pixels, enlarge, sheet

MIN_PICTURE_PX = 64
_GAP_PX = 2
_MARGIN_PX = 12
_TEXT_PX = 13
_LINE_PX = 20
_WHITE, _BLACK = 255, 0
# Pillow's own font knows ASCII; these, where the system has one, know more.
_WIDER_FONTS = ("NotoSansCJK-Regular.ttc", "malgun.ttf", "AppleSDGothicNeo.ttc", "DejaVuSans.ttf", "arial.ttf")

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def traversal_figure(
    pixels: Pixels, rows: Sequence[str], strengths: Sequence[float], title: str, factor: int = 0
) -> Pixels:
    """Lay out a traversal with its labels, black on white.

    Args:
        pixels: Shape (rows, strengths, H, W, C), uint8, at least one of each.
        rows: What each row starts from, for example ``seed 42``.
        strengths: Of the columns, in sigmas.
        title: Stands over the figure, for example ``digits: Slant, in sigmas``.
        factor: Whole factor by which each picture is enlarged; 0 makes them at least `MIN_PICTURE_PX` high.

    Returns:
        One picture, shape (H_figure, W_figure, C), uint8.

    Raises:
        ValueRangeError: If the figure would be larger than viewers open.
        ValueError: If there is no picture, or the labels are not as many as rows and columns.
    """
    if pixels.size == 0 or pixels.shape[:2] != (len(rows), len(strengths)):
        raise ValueError(f"{len(rows)} x {len(strengths)} labels do not fit pictures of the shape {pixels.shape}")
    count, columns, height, width, channels = pixels.shape
    factor = factor or max(1, -(-MIN_PICTURE_PX // height))
    step_x, step_y = width * factor + _GAP_PX, height * factor + _GAP_PX
    texts = [f"{strength:+.3g}" if strength else "0" for strength in strengths]
    label_px = max(round(_length(row)) for row in rows) + _MARGIN_PX
    left, top = _MARGIN_PX + label_px, _MARGIN_PX + 2 * _LINE_PX
    check_size(1, 1, top + count * step_y + _MARGIN_PX, left + columns * step_x + _MARGIN_PX)
    block = sheet(enlarge(pixels.reshape(-1, height, width, channels), factor), columns, _GAP_PX, _WHITE)
    size = (max(left + block.shape[1], _MARGIN_PX + round(_length(title))) + _MARGIN_PX, top + len(block) + _MARGIN_PX)
    image = Image.new("L" if channels == 1 else "RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN_PX, _MARGIN_PX), title, "black", _font(title), "la")
    for column, text in enumerate(texts):
        middle = left + column * step_x + (step_x - _GAP_PX) / 2
        draw.text((middle, top - _GAP_PX - 2), text, "black", _font(text), "ms")
    for row, text in enumerate(rows):
        middle = top + row * step_y + (step_y - _GAP_PX) / 2
        draw.text((left - _MARGIN_PX / 2, middle), text, "black", _font(text), "rm")
    figure = np.array(image).reshape(size[1], size[0], channels)
    figure[top : top + len(block), left : left + block.shape[1]] = block
    return figure


def write_traversal(
    path: Path, pixels: Pixels, rows: Sequence[str], strengths: Sequence[float], title: str, factor: int = 0
) -> Path:
    """Write `traversal_figure` as a PNG that names itself in its description; an existing file is replaced.

    Returns:
        `path`.

    Raises:
        ValueRangeError: If the figure would be larger than viewers open.
        OutputError: If the name does not end in ``.png`` or the file cannot be written.
    """
    text = PngInfo()
    text.add_text("Software", "latentlab")
    text.add_itxt("Description", f"{title}; {', '.join(rows)}".encode("utf-8", "replace").decode("utf-8"))
    return replace_png(path, encode_png(traversal_figure(pixels, rows, strengths, title, factor), text))


def _font(text: str) -> _Font:
    if not text.isascii():
        for name in _WIDER_FONTS:
            try:
                return ImageFont.truetype(name, _TEXT_PX)
            except OSError:
                continue
    return ImageFont.load_default(_TEXT_PX)


def _length(text: str) -> float:
    return _font(text).getlength(text)
