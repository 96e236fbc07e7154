"""Numbers of a picture: their signs, their units, and what they are indifferent to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.analysis.quantities import QUANTITIES, quantities_of
from latentlab.pixels import Pixels

SIDE = 32
quick = settings(deadline=None, derandomize=True, max_examples=40)


def measure(name: str, *pictures: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return QUANTITIES[name].measure(np.stack([np.asarray(picture, np.uint8) for picture in pictures]))


def flat(*levels: int, side: int = 8) -> Pixels:
    return np.tile(np.array(levels, np.uint8), (side, side, 1))


def stroke(width: float, lean_degrees: float = 0.0, ink: int = 255, paper: int = 0, length: float = 20.0) -> Pixels:
    """Draw a straight antialiased stroke through the middle; positive leans to the right, as italics."""
    middle = (SIDE - 1) / 2
    rows, columns = np.mgrid[:SIDE, :SIDE] - middle
    across = (columns + np.tan(np.radians(lean_degrees)) * rows) * np.cos(np.radians(lean_degrees))
    inside = np.clip((width / 2 - np.abs(across)) + 0.5, 0, 1) * (np.abs(rows) <= length / 2)
    return np.rint(paper + (ink - paper) * inside).astype(np.uint8)[..., None]


def test_a_grey_picture_has_no_colour_to_measure() -> None:
    assert set(QUANTITIES) - set(quantities_of(1)) == {"Saturation", "Warmth"}
    assert quantities_of(3) == tuple(QUANTITIES)


@given(seed=st.integers(0, 2**31), channels=st.sampled_from([1, 3]), kind=st.sampled_from(["noise", "flat", "dot"]))
@quick
def test_every_quantity_of_any_picture_is_finite(seed: int, channels: int, kind: str) -> None:
    random = np.random.RandomState(seed)
    pictures = np.full((3, 6, 9, channels), random.randint(256), np.uint8)
    if kind == "noise":
        pictures = random.randint(0, 256, pictures.shape).astype(np.uint8)
    elif kind == "dot":
        pictures[:, 3, 4] = random.randint(256)
    for name in quantities_of(channels):
        values = QUANTITIES[name].measure(pictures)
        assert values.shape == (3,)
        assert values.dtype == np.float64
        assert np.isfinite(values).all(), name


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_picture_is_measured_alike_alone_and_among_others(name: str) -> None:
    pictures = np.random.RandomState(0).randint(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    alone = [QUANTITIES[name].measure(picture[None])[0] for picture in pictures]
    np.testing.assert_allclose(QUANTITIES[name].measure(pictures), alone, rtol=1e-12)


def test_brightness_is_mean_luminance() -> None:
    np.testing.assert_allclose(measure("Brightness", flat(0), flat(51), flat(255)), [0.0, 0.2, 1.0])
    np.testing.assert_allclose(measure("Brightness", flat(0, 255, 0), flat(0, 0, 255)), [0.587, 0.114], atol=1e-6)


def test_contrast_is_the_deviation_of_luminance() -> None:
    halves = flat(0)
    halves[:4] = 255
    np.testing.assert_allclose(measure("Contrast", flat(77), halves, halves // 2), [0.0, 0.5, 0.249], atol=1e-3)


def test_saturation_and_warmth_of_pure_colours() -> None:
    colours = [flat(*rgb) for rgb in ((255, 0, 0), (0, 0, 255), (90, 90, 90), (200, 150, 100))]
    np.testing.assert_allclose(measure("Saturation", *colours), [1.0, 1.0, 0.0, 100 / 255])
    np.testing.assert_allclose(measure("Warmth", *colours), [1.0, -1.0, 0.0, 100 / 255])


def test_balances_point_to_the_light() -> None:
    left, up = flat(0), flat(0)
    left[:, 0], up[0] = 255, 255
    turned = [left, left[:, ::-1], up, up[::-1], flat(0), flat(9)]
    np.testing.assert_allclose(measure("Left-right balance", *turned), [-1, 1, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(measure("Up-down balance", *turned), [0, 0, 1, -1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("width", [2.0, 2.5, 3.0, 4.0, 5.5])
def test_stroke_thickness_is_in_pixels(width: float) -> None:
    # The ends of a stroke are outline too: what is drawn is w L / (L + w).
    expected = width * 20 / (20 + width)
    assert measure("Stroke thickness", stroke(width))[0] == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize("name", ["Stroke thickness", "Slant"])
def test_ink_is_what_differs_from_the_paper(name: str) -> None:
    pictures = [
        stroke(3, 15),
        stroke(3, 15, ink=0, paper=255),
        stroke(3, 15, ink=180, paper=60),
        stroke(3, 15).repeat(3, axis=2)[..., :1],
    ]
    values = measure(name, *pictures)
    np.testing.assert_allclose(values, values[0], rtol=0.03)


def test_thickness_ascends_and_hardly_depends_on_lean_or_length() -> None:
    widths = measure("Stroke thickness", *(stroke(width) for width in np.linspace(2, 6, 11)))
    assert (np.diff(widths) > 0.0).all()
    leaning = measure("Stroke thickness", *(stroke(3, lean) for lean in (-40, -20, 0, 20, 40)))
    assert np.ptp(leaning) < 0.15 * leaning.mean()
    lengths = measure("Stroke thickness", stroke(2, length=14), stroke(2, length=28))
    assert np.ptp(lengths) < 0.1 * lengths.mean()


def test_slant_is_in_degrees_and_positive_to_the_right() -> None:
    leans = np.array([-30.0, -10.0, 0.0, 10.0, 30.0])
    values = measure("Slant", *(stroke(2, lean) for lean in leans))
    np.testing.assert_allclose(values, leans, atol=1.5)
    italic = stroke(2, 20)
    assert np.flatnonzero(italic[8, :, 0]).mean() > np.flatnonzero(italic[24, :, 0]).mean()


@given(shift=st.integers(-4, 4), seed=st.integers(0, 2**31))
@quick
def test_ink_measures_do_not_depend_on_place_and_mirror_as_they_should(shift: int, seed: int) -> None:
    random = np.random.RandomState(seed)
    picture = stroke(random.uniform(2, 4), random.uniform(-30, 30), length=14)
    moved, mirrored = np.roll(picture, (shift, -shift), (0, 1)), picture[:, ::-1]
    for name, sign in (("Stroke thickness", 1.0), ("Slant", -1.0)):
        here, there, other = measure(name, picture, moved, mirrored)
        assert there == pytest.approx(here, abs=1e-9)
        assert other == pytest.approx(sign * here, abs=1e-9)


def test_faint_noise_on_the_paper_is_no_ink() -> None:
    clean = stroke(3, 10)
    noisy = np.clip(clean + np.random.RandomState(0).randint(0, 40, clean.shape), 0, 255).astype(np.uint8)
    for name, tolerance in (("Stroke thickness", 0.3), ("Slant", 1.5)):
        values = measure(name, clean, noisy)
        assert abs(values[1] - values[0]) < tolerance
