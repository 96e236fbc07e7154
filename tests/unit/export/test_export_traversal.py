"""The labelled figure: pictures exactly, labels around them, nothing cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.errors import OutputError, ValueRangeError
from latentlab.export.traversal import MIN_PICTURE_PX, traversal_figure, write_traversal
from latentlab.pixels import Pixels, enlarge


def pictures(rows: int, columns: int, channels: int = 1, side: int = 16) -> Pixels:
    return np.random.RandomState(0).randint(0, 256, (rows, columns, side, side, channels)).astype(np.uint8)


def places(figure: Pixels, picture: Pixels) -> list[tuple[int, int]]:
    """Find where a picture stands in a figure, pixel for pixel."""
    height, width, _ = picture.shape
    corners = np.argwhere((figure == picture[0, 0]).all(axis=2))
    inside = [(y, x) for y, x in corners if y + height <= figure.shape[0] and x + width <= figure.shape[1]]
    return [(y, x) for y, x in inside if np.array_equal(figure[y : y + height, x : x + width], picture)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [0, 1, 3])
def test_every_picture_stands_in_its_row_and_column(channels: int, factor: int) -> None:
    pixels = pictures(2, 3, channels)
    figure = traversal_figure(pixels, ["seed 1", "seed 2"], [-3.0, 0.0, 3.0], "digits: Slant, in sigmas", factor)
    assert (figure.dtype, figure.shape[2]) == (np.uint8, channels)
    enlarged = enlarge(pixels, factor or MIN_PICTURE_PX // 16)
    corners = np.array([[places(figure, picture)[0] for picture in row] for row in enlarged])
    assert all(len(places(figure, picture)) == 1 for row in enlarged for picture in row)
    assert (np.ptp(corners[:, :, 0], axis=1) == 0).all()
    assert (np.ptp(corners[:, :, 1], axis=0) == 0).all()
    assert (np.diff(corners[:, :, 0], axis=0) > 0).all()
    assert (np.diff(corners[:, :, 1], axis=1) > 0).all()


def test_labels_stand_beside_and_above_and_are_not_cut_off() -> None:
    pixels = pictures(2, 3)
    title, rows = "a model with a name: Slant, in sigmas", ["seed 1", "a card with a longer name"]
    figure = traversal_figure(pixels, rows, [-3.0, 0.0, 3.0], title)[..., 0]
    (top, left), *_ = places(figure[..., None], enlarge(pixels[0, 0], MIN_PICTURE_PX // 16))
    assert (figure[:top] < 128).sum() > 100
    assert (figure[top:, :left] < 128).sum() > 100
    border = np.concatenate([figure[0], figure[-1], figure[:, 0], figure[:, -1]])
    assert (border == 255).all()


def test_the_same_strengths_and_names_give_the_same_figure() -> None:
    pixels = pictures(1, 2)
    one, same = (traversal_figure(pixels, ["seed 1"], [0.0, 1.0], "t") for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, traversal_figure(pixels, ["seed 1"], [0.0, 1.5], "t"))


def test_names_in_any_script_do_not_fail() -> None:
    figure = traversal_figure(pictures(1, 1), ["씨앗 7"], [1.0], "Ünïcode 漢字")
    assert figure.shape[2] == 1


def test_the_file_holds_the_figure_and_says_what_it_is(tmp_path: Path) -> None:
    pixels = pictures(1, 2, 3)
    path = write_traversal(tmp_path / "figure.png", pixels, ["seed 7"], [-1.0, 1.0], "faces: Smiling, in sigmas")
    with Image.open(path) as image:
        image.load()
        expected = traversal_figure(pixels, ["seed 7"], [-1.0, 1.0], "faces: Smiling, in sigmas")
        np.testing.assert_array_equal(np.asarray(image), expected)
        assert image.text["Description"] == "faces: Smiling, in sigmas; seed 7"


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="labels do not fit"):
        traversal_figure(pictures(1, 2), ["a", "b"], [1.0, 2.0], "t")
    with pytest.raises(ValueError, match="labels do not fit"):
        traversal_figure(pictures(1, 2)[:0], [], [1.0, 2.0], "t")
    with pytest.raises(ValueRangeError, match="more than viewers open"):
        traversal_figure(pictures(2, 2), ["a", "b"], [1.0, 2.0], "t", 500)
    with pytest.raises(OutputError, match=r"Name it figure\.png"):
        write_traversal(tmp_path / "figure.gif", pictures(1, 1), ["a"], [1.0], "t")
