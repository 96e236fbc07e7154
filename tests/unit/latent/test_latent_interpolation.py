"""lerp, slerp and keyframe paths against formulas written independently, in float64."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.latent.interpolation import INTERPOLATORS, MODES, keyframe_path, lerp, slerp

Array64 = npt.NDArray[np.float64]

quick = settings(deadline=None, derandomize=True, max_examples=40)
components = st.floats(-100.0, 100.0, width=32, allow_subnormal=False)
fractions = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9)


@st.composite
def ends(draw: st.DrawFn) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    z_dim = draw(st.integers(2, 40))
    vector = arrays(np.float32, z_dim, elements=components)
    a, b = draw(vector), draw(vector)
    assume(np.linalg.norm(a) > 1e-3)
    assume(np.linalg.norm(b) > 1e-3)
    return a, b


def angle_between(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Kahan's formula: accurate at every angle, and not the one under test."""
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return 2.0 * math.atan2(float(np.linalg.norm(x - y)), float(np.linalg.norm(x + y)))


def white_slerp(a: npt.ArrayLike, b: npt.ArrayLike, t: float) -> Array64:
    """White 2016 / Shoemake 1985: sin((1-t) w)/sin w a + sin(t w)/sin w b on unit vectors; norms linearly."""
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norm_x, norm_y = np.linalg.norm(x), np.linalg.norm(y)
    omega = angle_between(x, y)
    unit = (math.sin((1 - t) * omega) * x / norm_x + math.sin(t * omega) * y / norm_y) / math.sin(omega)
    return ((1 - t) * norm_x + t * norm_y) * unit


@pytest.mark.parametrize("mode", MODES)
@given(pair=ends())
@quick
def test_the_ends_are_exact(mode: str, pair: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]) -> None:
    a, b = pair
    path = INTERPOLATORS[mode](a, b, [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(path[0], a)
    np.testing.assert_array_equal(path[2], b)
    assert path.dtype == np.float32
    assert path.shape == (3, len(a))


@given(pair=ends(), t=fractions)
@quick
def test_lerp_is_the_straight_line(
    pair: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], t: list[float]
) -> None:
    a, b = pair
    expected = np.array([a.astype(np.float64) + f * (b.astype(np.float64) - a) for f in t])
    np.testing.assert_allclose(lerp(a, b, t), expected, rtol=1e-6, atol=1e-5)


@given(pair=ends(), t=fractions)
@quick
def test_slerp_follows_the_formula_of_white(
    pair: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], t: list[float]
) -> None:
    a, b = pair
    assume(0.01 < angle_between(a, b) < math.pi - 0.01)
    expected = np.array([white_slerp(a, b, f) for f in t])
    scale = max(np.linalg.norm(a), np.linalg.norm(b))
    np.testing.assert_allclose(slerp(a, b, t), expected, rtol=0, atol=2e-6 * scale)


@given(pair=ends(), t=fractions)
@quick
def test_the_norms_of_slerp_are_interpolated_linearly(
    pair: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], t: list[float]
) -> None:
    a, b = pair
    expected = np.interp(t, [0.0, 1.0], [np.linalg.norm(a.astype(np.float64)), np.linalg.norm(b.astype(np.float64))])
    assume(angle_between(a, b) > 0.01)
    np.testing.assert_allclose(np.linalg.norm(slerp(a, b, t).astype(np.float64), axis=1), expected, rtol=1e-5)


@given(pair=ends(), steps=st.integers(2, 30))
@quick
def test_slerp_turns_at_constant_speed(
    pair: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], steps: int
) -> None:
    a, b = pair
    whole = angle_between(a, b)
    assume(0.05 < whole < math.pi - 1e-3)
    path = slerp(a, b, np.linspace(0.0, 1.0, steps + 1))
    turned = [angle_between(one, two) for one, two in itertools.pairwise(path)]
    np.testing.assert_allclose(turned, whole / steps, atol=1e-5)


@given(
    a=arrays(np.float32, st.integers(2, 40), elements=components),
    ratio=st.floats(0.25, 4.0),
    t=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=9),
)
@quick
def test_slerp_between_opposite_ends_keeps_to_the_shell(
    a: npt.NDArray[np.float32], ratio: float, t: list[float]
) -> None:
    norm = float(np.linalg.norm(a.astype(np.float64)))
    assume(norm > 1e-2)
    b = (-ratio * a.astype(np.float64)).astype(np.float32)
    path = slerp(a, b, t)
    norms = np.linalg.norm(path.astype(np.float64), axis=1)
    np.testing.assert_allclose(norms, (1 - np.array(t)) * norm + np.array(t) * ratio * norm, rtol=1e-4)
    for fraction, row in zip(t, path, strict=True):
        assert angle_between(a, row) == pytest.approx(fraction * math.pi, abs=1e-3)


@pytest.mark.parametrize("gap", [0.0, 1e-8, 1e-7, 1e-6, 2e-6, 1e-5, 1e-3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_slerp_is_smooth_across_the_threshold_of_parallel_ends(gap: float, sign: float) -> None:
    a = np.array([3.0, 0.0, 4.0], np.float32)
    b = (sign * a + np.array([0.0, 5.0 * gap, 0.0])).astype(np.float32)
    path = slerp(a, b, np.linspace(0.0, 1.0, 11))
    norms = np.linalg.norm(path.astype(np.float64), axis=1)
    np.testing.assert_allclose(norms, 5.0, rtol=1e-5)
    whole = angle_between(a, b)
    turned = [angle_between(one, two) for one, two in itertools.pairwise(path)]
    np.testing.assert_allclose(turned, whole / 10, atol=2e-6)


def test_slerp_between_opposite_ends_goes_over_the_least_aligned_axis() -> None:
    path = slerp(np.array([2.0, 0.5, 1.0], np.float32), np.array([-2.0, -0.5, -1.0], np.float32), [0.5])
    a = np.array([2.0, 0.5, 1.0])
    across = np.array([0.0, 1.0, 0.0]) - 0.5 * a / (a @ a)
    np.testing.assert_allclose(path[0], across / np.linalg.norm(across) * np.linalg.norm(a), atol=1e-6)


def test_slerp_between_opposite_ends_of_a_single_component_is_finite() -> None:
    assert np.isfinite(slerp(np.array([1.0], np.float32), np.array([-1.0], np.float32), [0.0, 0.5, 1.0])).all()


def test_slerp_does_not_shrink_where_lerp_does() -> None:
    a, b = np.random.RandomState(3).standard_normal((2, 512)).astype(np.float32)
    norm = np.linalg.norm(a)
    assert np.linalg.norm(slerp(a, b, 0.5)) == pytest.approx(norm, rel=0.05)
    assert np.linalg.norm(lerp(a, b, 0.5)) == pytest.approx(norm / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize("zero_first", [True, False])
def test_slerp_refuses_an_end_of_zero(zero_first: bool) -> None:
    zero, other = np.zeros(4, np.float32), np.ones(4, np.float32)
    with pytest.raises(ValueError, match="not zero"):
        slerp(*((zero, other) if zero_first else (other, zero)), [0.5])
    np.testing.assert_array_equal(lerp(zero, other, [0.5])[0], np.full(4, 0.5, np.float32))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("one", "two"), [((3,), (4,)), ((1, 3), (1, 3)), ((3,), (1, 3)), ((), ())])
def test_ends_that_are_no_two_latents_are_refused(mode: str, one: tuple[int, ...], two: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shapes"):
        INTERPOLATORS[mode](np.ones(one, np.float32), np.ones(two, np.float32), [0.5])


@pytest.mark.parametrize("mode", MODES)
def test_one_fraction_gives_one_row_and_none_gives_none(mode: str) -> None:
    a, b = np.random.RandomState(0).standard_normal((2, 5)).astype(np.float32)
    assert INTERPOLATORS[mode](a, b, 0.3).shape == (1, 5)
    assert INTERPOLATORS[mode](a, b, []).shape == (0, 5)


@pytest.mark.parametrize("mode", MODES)
def test_the_ends_are_not_written_to(mode: str) -> None:
    a, b = np.random.RandomState(0).standard_normal((2, 5)).astype(np.float32)
    a.flags.writeable = b.flags.writeable = False
    path = INTERPOLATORS[mode](a, b, [0.0, 1.0])
    assert path.flags.writeable
    assert not np.shares_memory(path, a)


# Keyframe paths

SQUARE = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], np.float32)


@pytest.mark.parametrize("mode", MODES)
@given(
    points=arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(2, 8)), elements=st.floats(0.5, 9.0, width=32)),
    frames=st.integers(1, 40),
    loop=st.booleans(),
)
@quick
def test_a_path_begins_at_its_first_point_and_an_open_one_ends_at_its_last(
    mode: str, points: npt.NDArray[np.float32], frames: int, loop: bool
) -> None:
    path = keyframe_path(points, frames, mode, loop)
    assert path.shape == (frames, points.shape[1])
    assert path.dtype == np.float32
    np.testing.assert_array_equal(path[0], points[0])
    if not loop and frames > 1:
        np.testing.assert_array_equal(path[-1], points[-1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("per_leg", [1, 2, 3, 7, 10])
def test_every_leg_of_a_loop_gets_its_share_and_every_point_is_met(mode: str, per_leg: int) -> None:
    points = np.random.RandomState(1).standard_normal((5, 6)).astype(np.float32)
    path = keyframe_path(points, 5 * per_leg, mode, loop=True)
    np.testing.assert_allclose(path[::per_leg], points, atol=1e-6)
    stops = np.concatenate([points, points[:1]])
    legs = itertools.pairwise(stops)
    expected = np.concatenate([INTERPOLATORS[mode](a, b, np.arange(per_leg) / per_leg) for a, b in legs])
    np.testing.assert_allclose(path, expected, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("per_leg", [1, 4, 9])
def test_every_leg_of_an_open_path_gets_its_share(mode: str, per_leg: int) -> None:
    points = np.random.RandomState(2).standard_normal((4, 6)).astype(np.float32)
    path = keyframe_path(points, 3 * per_leg + 1, mode)
    np.testing.assert_allclose(path[::per_leg], points, atol=1e-6)


@given(legs=st.integers(1, 6), frames=st.integers(2, 60), loop=st.booleans())
@quick
def test_the_shares_of_the_legs_differ_by_one_frame_at_most(legs: int, frames: int, loop: bool) -> None:
    # On lerp between points 0, 1, 2, ... of a line the value tells the leg.
    points = np.arange(legs + (0 if loop else 1), dtype=np.float32)[:, None]
    path = keyframe_path(points, frames, "lerp", loop)[:, 0]
    if loop:
        return_leg = np.arange(frames) * legs / frames >= legs - 1
        assert (np.diff(path[~return_leg]) > 0).all()
        shares = np.bincount(np.floor(path[~return_leg] + 1e-6).astype(int), minlength=max(legs - 1, 1))[: legs - 1]
        shares = np.append(shares, return_leg.sum())
    else:
        np.testing.assert_allclose(np.diff(path), legs / (frames - 1), rtol=1e-4)
        shares = np.bincount(np.floor(path[:-1] + 1e-6).astype(int), minlength=legs)
    assert shares.max() - shares.min() <= 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frames", [4, 8, 20, 60])
def test_a_loop_closes_with_a_step_like_all_others(mode: str, frames: int) -> None:
    path = keyframe_path(SQUARE, frames, mode, loop=True).astype(np.float64)
    steps = np.linalg.norm(np.roll(path, -1, axis=0) - path, axis=1)
    assert steps[-1] == pytest.approx(steps[0], rel=1e-4)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


def test_a_loop_of_two_points_goes_there_and_back() -> None:
    path = keyframe_path(SQUARE[:2], 8, "slerp", loop=True)
    np.testing.assert_allclose(path[4], SQUARE[1], atol=1e-7)
    np.testing.assert_allclose(path[1:4], path[7:4:-1], atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loop", [True, False])
def test_a_path_of_one_point_stands_still(mode: str, loop: bool) -> None:
    path = keyframe_path(SQUARE[:1], 5, mode, loop)
    np.testing.assert_array_equal(path, np.repeat(SQUARE[:1], 5, axis=0))


def test_a_path_needs_points_and_frames() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        keyframe_path(np.zeros((0, 3), np.float32), 5)
    with pytest.raises(ValueError, match="at least one point"):
        keyframe_path(SQUARE, 0)
    with pytest.raises(ValueError, match="not zero"):
        keyframe_path(np.zeros((2, 3), np.float32), 5, "slerp")
