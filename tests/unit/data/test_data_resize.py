"""Fitting to a network's size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from latentlab.data import resize
from latentlab.data.resize import fit, to_channels


def noise(*shape: int) -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, shape, np.uint8)


def test_digits_stay_exact_at_32() -> None:
    digits = noise(5, 28, 28, 1)
    digits[:, [0, 0, -1, -1], [0, -1, 0, -1]] = 0
    fitted = fit(digits, 32)
    assert fitted.shape == (5, 32, 32, 1)
    np.testing.assert_array_equal(fitted[:, 2:30, 2:30], digits)
    border = np.ones((32, 32), bool)
    border[2:30, 2:30] = False
    assert (fitted[:, border] == 0).all()


def test_background_is_that_of_the_corners() -> None:
    ink_on_white = np.full((3, 6, 6, 3), (250, 240, 230), np.uint8)
    ink_on_white[:, 2:4, 2:4] = 0
    fitted = fit(ink_on_white, 9)
    np.testing.assert_array_equal(fitted[:, 1:7, 1:7], ink_on_white)
    assert (fitted[:, 8] == (250, 240, 230)).all()
    assert (fitted[:, 0] == (250, 240, 230)).all()


def test_same_size_is_not_touched() -> None:
    pixels = noise(2, 8, 8, 3)
    assert fit(pixels, 8) is pixels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 27, 56, 64])
def test_lanczos_equals_pillow_picture_by_picture(size: int, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resize, "_CHUNK", 3)
    pixels = noise(7, 28, 28, channels)
    fitted = fit(pixels, size)
    assert fitted.shape == (7, size, size, channels)
    for before, after in zip(pixels, fitted, strict=True):
        image = Image.fromarray(before.squeeze()).resize((size, size), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(after.squeeze(), np.asarray(image))


def test_oblong_pictures_become_square_first() -> None:
    pixels = np.full((2, 10, 20, 1), 200, np.uint8)
    assert fit(pixels, 8).shape == (2, 8, 8, 1)
    assert (fit(pixels, 8) == 200).all()


def test_size_below_one() -> None:
    with pytest.raises(ValueError, match="0 pixels"):
        fit(noise(1, 4, 4, 1), 0)


def test_channels() -> None:
    grey, colour = noise(2, 5, 5, 1), noise(2, 5, 5, 3)
    assert to_channels(grey, 1) is grey
    np.testing.assert_array_equal(to_channels(grey, 3), np.concatenate([grey] * 3, axis=3))
    np.testing.assert_array_equal(
        to_channels(colour, 1)[1, ..., 0], np.asarray(Image.fromarray(colour[1]).convert("L"))
    )


def test_each_picture_has_the_border_of_its_own_corners() -> None:
    shades = np.array([10, 200, 90], np.uint8)
    pictures = np.broadcast_to(shades[:, None, None, None], (3, 6, 6, 1)).copy()
    fitted = fit(pictures, 9)
    assert (fitted == shades[:, None, None, None]).all()
    np.testing.assert_array_equal(fit(pictures[1:2], 9), fitted[1:2], "whatever is beside it")
    assert (fit(pictures, 9, np.array([7], np.uint8))[:, 0] == 7).all()
