"""Sheets: where each picture lies, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_walk import renderer, walk

from latentlab.errors import OutputError, ValueRangeError
from latentlab.export.sheet import write_sheet
from latentlab.pixels import Pixels, enlarge


def decoded(path: Path, channels: int) -> Pixels:
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == ("L" if channels == 1 else "RGB")
        return np.asarray(image).reshape(image.height, image.width, channels)


def test_every_picture_lies_in_its_place(tmp_path: Path, channels: int) -> None:
    pixels = renderer(channels)(walk(7))
    got = decoded(write_sheet(tmp_path / "sheet.png", pixels, columns=3, gap_px=2, factor=2), channels)
    assert got.shape == (3 * 64 + 2 * 2, 3 * 64 + 2 * 2, channels)
    for index, picture in enumerate(enlarge(pixels, 2)):
        top, left = index // 3 * 66, index % 3 * 66
        np.testing.assert_array_equal(got[top : top + 64, left : left + 64], picture)
    assert (got[64:66] == 255).all()
    assert (got[132:, 66:] == 255).all()


def test_the_default_is_the_smallest_square(tmp_path: Path) -> None:
    got = decoded(write_sheet(tmp_path / "sheet.png", renderer(1)(walk(5))), 1)
    assert got.shape == (64, 96, 1)


def test_one_picture_is_itself(tmp_path: Path, channels: int) -> None:
    pixels = renderer(channels)(walk(1))
    np.testing.assert_array_equal(decoded(write_sheet(tmp_path / "sheet.png", pixels, columns=8), channels), pixels[0])


def test_a_sheet_that_no_viewer_opens_is_refused(old_file: Callable[[str], Path]) -> None:
    path = old_file("sheet.png")
    with pytest.raises(ValueRangeError, match="12288 x 12288 pixels"):
        write_sheet(path, renderer(1)(walk(9)), factor=128)
    assert path.read_bytes() == b"what stood here before"


def test_only_png_is_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"Name it sheet\.png"):
        write_sheet(tmp_path / "sheet.jpg", renderer(1)(walk(1)))
    assert list(tmp_path.iterdir()) == []


def test_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        write_sheet(tmp_path / "sheet.png", renderer(1)(walk(1))[:0])
