"""Averages, speed and time left, on a fake clock."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentlab.training.durations import duration
from latentlab.training.events import Losses, Progress
from latentlab.training.loop import StepReport
from latentlab.training.monitor import Monitor

BATCH = 100


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def report(value: float) -> StepReport:
    names = ("Loss_D", "Loss_G", "D_x", "D_G_z1", "D_G_z2", "grad_D", "grad_G")
    return {name: torch.tensor(value + offset) for offset, name in enumerate(names)}


def losses(value: float) -> Losses:
    return Losses(*(value + offset for offset in range(7)))


class Steps:
    """Feeds a monitor with steps of 100 images."""

    def __init__(self, total: int = 10_000, every_s: float = 0.25) -> None:
        self.clock = Clock()
        self.monitor = Monitor(total, self.clock, every_s)
        self.images = 0

    def step(self, seconds: float, value: float = 0.0) -> Progress | None:
        self.clock.now += seconds
        self.images += BATCH
        return self.monitor.add(report(value), self.images)


def shown(progress: Progress | None) -> Progress:
    assert progress is not None
    return progress


def test_nothing_is_said_before_the_first_step() -> None:
    steps = Steps()
    assert steps.monitor.message(0) is None
    assert steps.monitor.take_tick_means() == {}


def test_the_first_step_is_told_at_once_without_a_speed() -> None:
    progress = shown(Steps().step(1.0, 5.0))
    assert progress == Progress(0.1, 10.0, losses(5.0), 0.0, float("inf"))


def test_messages_keep_their_distance_and_carry_the_means_since_the_last() -> None:
    steps = Steps()
    steps.step(0.0)
    assert steps.step(0.125, 1.0) is None
    progress = shown(steps.step(0.125, 3.0))
    assert progress.losses == losses(2.0)
    assert progress.kimg == 0.3
    assert steps.step(0.125, 7.0) is None
    assert shown(steps.step(0.25, 9.0)).losses == losses(8.0)


def test_speed_and_time_left() -> None:
    steps = Steps(total=1000)
    steps.step(0.0)
    progress = shown(steps.step(0.5))
    assert progress.images_per_s == 200.0
    assert progress.eta_s == 800 / 200.0


def test_a_run_beyond_its_end_has_no_time_left() -> None:
    steps = Steps(total=150)
    steps.step(0.0)
    assert shown(steps.step(0.5)).eta_s == 0.0
    at_once = Steps(total=50)
    assert shown(at_once.step(0.5)).eta_s == 0.0


def test_speed_is_that_of_the_last_twenty_seconds() -> None:
    steps = Steps()
    for _ in range(50):
        steps.step(1.0)
    assert shown(steps.step(1.0)).images_per_s == 100.0
    for _ in range(40):
        progress = steps.step(0.5)
    assert shown(progress).images_per_s == 200.0


def test_steps_longer_than_the_window_have_a_speed() -> None:
    steps = Steps()
    steps.step(60.0)
    assert shown(steps.step(50.0)).images_per_s == 2.0
    assert shown(steps.step(100.0)).images_per_s == 1.0


@given(seconds=st.lists(st.floats(0.01, 30.0), min_size=2, max_size=60))
def test_the_speed_lies_between_the_slowest_and_the_fastest_step(seconds: list[float]) -> None:
    steps = Steps(every_s=0.0)
    for each in seconds:
        progress = steps.step(each)
    speed = shown(progress).images_per_s
    assert BATCH / max(seconds[1:]) * 0.999 <= speed <= BATCH / min(seconds[1:]) * 1.001


def test_a_message_without_new_steps_repeats_the_losses() -> None:
    steps = Steps()
    first = shown(steps.step(0.0, 4.0))
    assert shown(steps.monitor.message(steps.images)).losses == first.losses


def test_a_half_step_counts_for_the_speed_alone() -> None:
    steps = Steps()
    steps.step(0.0, 1.0)
    half = {name: torch.tensor(100.0) for name in ("Loss_G", "D_G_z2")}
    steps.clock.now += 1.0
    progress = shown(steps.monitor.add(half, 200))
    assert progress.losses == losses(1.0)
    assert progress.images_per_s == 100.0
    assert Monitor(1000, Clock()).add(half, 100) is None


def test_the_log_has_the_means_of_the_whole_tick() -> None:
    steps = Steps()
    for value in (1.0, 2.0, 3.0, 10.0):
        steps.step(0.2, value)
    means = steps.monitor.take_tick_means()
    assert Losses(**means) == losses(4.0)
    assert steps.monitor.take_tick_means() == {}
    steps.step(0.2, 6.0)
    assert Losses(**steps.monitor.take_tick_means()) == losses(6.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (42.4, "42 s"), (89.0, "89 s"), (90.0, "2 min"), (3540.0, "59 min"), (3599.0, "1 h 00 min"),
     (7500.0, "2 h 05 min"), (float("inf"), "?")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
