"""Ranges, sheets and enlargement against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.pixels import enlarge, sheet, to_photo, to_pixels


def pictures(count: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (count, height, width, channels)).astype(np.uint8)


def test_every_grey_level_survives_the_way_there_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    photo = to_photo(levels)
    assert photo.dtype == np.float32
    assert photo.shape == (1, 1, 16, 16)
    assert (photo.min(), photo.max()) == (-1.0, 1.0)
    np.testing.assert_array_equal(to_pixels(photo), levels)


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (-1.0, 0),
        (1.0, 255),
        (-7.0, 0),
        (7.0, 255),
        (-np.inf, 0),
        (np.inf, 255),
        (0.0, 128),  # 127.5, half to even
        (-0.5, 64),
        (0.5, 191),
        (2 * 0.6 / 255 - 1, 1),
        (2 * 0.4 / 255 - 1, 0),
        (2 * 254.4 / 255 - 1, 254),
    ],
)
def test_values_are_rounded_and_clipped(value: float, level: int) -> None:
    assert to_pixels(np.full((1, 1, 1, 1), value, np.float32)).item() == level


def test_halves_are_rounded_to_even() -> None:
    levels = np.array([0.5, 1.5, 2.5, 126.5, 127.5, 253.5, 254.5])
    photo = (levels / 127.5 - 1.0).astype(np.float64)
    exact = (photo + 1.0) * 127.5 == levels
    assert exact.sum() >= 3
    expected = np.array([0, 2, 2, 126, 128, 254, 254])
    result = to_pixels(photo.reshape(1, 1, 1, -1))[0, 0, :, 0]  # type: ignore[arg-type]
    np.testing.assert_array_equal(result[exact], expected[exact])


def test_axes_are_moved_not_reshaped() -> None:
    pixels = pictures(2, 3, 5, 3)
    photo = to_photo(pixels)
    assert photo.shape == (2, 3, 3, 5)
    for n, y, x, c in np.ndindex(pixels.shape):
        assert photo[n, c, y, x] == pytest.approx(pixels[n, y, x, c] / 127.5 - 1.0, abs=1e-6)
    back = to_pixels(photo)
    np.testing.assert_array_equal(back, pixels)
    assert back.flags.c_contiguous
    assert photo.flags.c_contiguous
    assert not np.shares_memory(back, photo)


def test_the_input_is_not_written_to() -> None:
    photo = np.full((1, 1, 2, 2), 3.0, np.float32)
    photo.flags.writeable = False
    to_pixels(photo)
    assert (photo == 3.0).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("count", "columns", "gap_px", "rows_and_columns"),
    [
        (1, None, 0, (1, 1)),
        (4, None, 0, (2, 2)),
        (5, None, 2, (2, 3)),
        (9, None, 1, (3, 3)),
        (10, None, 0, (3, 4)),
        (7, 3, 2, (3, 3)),
        (3, 8, 1, (1, 3)),
        (6, 1, 4, (6, 1)),
    ],
)
def test_a_sheet_holds_every_picture_in_reading_order(
    count: int, columns: int | None, gap_px: int, rows_and_columns: tuple[int, int], channels: int
) -> None:
    height, width = 4, 6
    pixels = np.minimum(pictures(count, height, width, channels), 200)
    result = sheet(pixels, columns, gap_px, background=210)
    rows, across = rows_and_columns
    assert result.shape == (rows * height + (rows - 1) * gap_px, across * width + (across - 1) * gap_px, channels)
    assert result.dtype == np.uint8
    rest = np.ones(result.shape, bool)
    for index in range(count):
        top, left = index // across * (height + gap_px), index % across * (width + gap_px)
        place = np.s_[top : top + height, left : left + width]
        np.testing.assert_array_equal(result[place], pixels[index])
        rest[place] = False
    assert (result[rest] == 210).all()


def test_a_sheet_without_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        sheet(np.zeros((0, 4, 4, 3), np.uint8))


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_enlarging_repeats_pixels(factor: int) -> None:
    pixels = pictures(2, 3, 4, 3)
    result = enlarge(pixels, factor)
    assert result.shape == (2, 3 * factor, 4 * factor, 3)
    for y in range(factor):
        for x in range(factor):
            np.testing.assert_array_equal(result[:, y::factor, x::factor], pixels)
    np.testing.assert_array_equal(enlarge(pixels[0], factor), result[0])
