"""When the picture is about to be asked for again."""

from __future__ import annotations

import math

import pytest
from fake_backends import FakeClock

from latentlab.rendering import pace as pace_module
from latentlab.rendering.pace import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    made = FakeClock()
    monkeypatch.setattr(pace_module, "time", made)
    return made


def moved(clock: FakeClock, every_ms: float = 10.0, times: int = 40) -> Pace:
    """Return the pace of a hand that has just moved so many times."""
    pace = Pace()
    for _ in range(times):
        clock.now_s += every_ms / 1000.0
        pace.note()
    return pace


def test_a_hand_that_never_moved_rests(clock: FakeClock) -> None:
    pace = Pace()
    assert pace.rests
    assert not pace.moves
    assert pace.left_ms == math.inf
    assert pace.pause_s(1000.0) == 0.0


def test_one_click_is_no_move(clock: FakeClock) -> None:
    pace = moved(clock, times=1)
    assert not pace.rests
    assert not pace.moves
    assert pace.pause_s(1000.0) == 0.0


@pytest.mark.parametrize("every_ms", [8.0, 10.0, 16.0])
def test_a_moving_hand_is_expected_at_its_pace(clock: FakeClock, every_ms: float) -> None:
    pace = moved(clock, every_ms)
    assert pace.moves
    assert pace.left_ms == pytest.approx(every_ms, abs=0.1)
    clock.now_s += 0.006
    assert pace.left_ms == pytest.approx(every_ms - 6.0, abs=0.1)


def test_a_slow_hand_does_not_move_the_picture(clock: FakeClock) -> None:
    assert not moved(clock, 100.0).moves


def test_a_hand_rests_after_a_while(clock: FakeClock) -> None:
    pace = moved(clock)
    clock.now_s += 0.1
    assert pace.moves
    assert pace.rests_in_s == pytest.approx(0.05)
    clock.now_s += 0.051
    assert pace.rests
    assert not pace.moves
    assert pace.rests_in_s > 0.0


def test_who_asks_late_is_expected_on_time_again(clock: FakeClock) -> None:
    pace = moved(clock)
    clock.now_s += 0.014
    pace.note()
    assert 5.0 < pace.left_ms < 9.0, "4 ms late, and the hand moves on"


def test_a_hand_that_slows_down_is_believed_in_the_end(clock: FakeClock) -> None:
    pace = moved(clock)
    for _ in range(40):
        clock.now_s += 0.016
        pace.note()
    assert pace.left_ms == pytest.approx(16.0, abs=0.5)


def test_a_row_waits_unless_it_fits_with_its_painting(clock: FakeClock) -> None:
    pace = moved(clock)
    clock.now_s += 0.004
    assert pace.pause_s(3.0) == 0.0
    assert pace.pause_s(5.0) == pytest.approx(0.007, abs=0.001), "1 ms after the picture is due"


def test_a_row_does_not_wait_for_a_hand_that_is_late(clock: FakeClock) -> None:
    pace = moved(clock)
    clock.now_s += 0.0125
    assert pace.pause_s(3.0) > 0.0
    clock.now_s += 0.001
    assert pace.pause_s(3.0) == 0.0
