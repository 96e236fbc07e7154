"""Delays: true in sum, close to the ideal each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.export.timing import frame_delays


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 2000), st.floats(0.1, 50.0))
def test_gif_delays_are_true_to_5_ms_in_sum_and_10_ms_each(frames: int, fps: float) -> None:
    delays_ms = [10 * delay for delay in frame_delays(frames, fps, 10)]
    assert len(delays_ms) == frames
    assert abs(sum(delays_ms) - 1000.0 * frames / fps) <= 5.0 + 1e-6
    assert all(abs(delay - 1000.0 / fps) < 10.0 + 1e-6 for delay in delays_ms)
    assert min(delays_ms) >= 20


@pytest.mark.parametrize(
    ("fps", "expected"),
    [(30.0, (3, 4, 3, 3, 4, 3)), (50.0, (2,) * 6), (40.0, (3, 2, 3, 2, 3, 2)), (10.0, (10,) * 6)],
)
def test_known_rates(fps: float, expected: tuple[int, ...]) -> None:
    assert frame_delays(6, fps, 10) == expected


def test_webp_counts_in_milliseconds() -> None:
    assert frame_delays(3, 30.0, 1) == (33, 34, 33)
