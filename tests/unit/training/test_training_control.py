"""Pause, go on, stop: from any thread, in any order, and from a signal handler."""

from __future__ import annotations

import itertools
import queue
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from latentlab.errors import Cancelled
from latentlab.training.control import Control, Player

SECONDS = 60.0


def test_nothing_holds_a_loop_that_nobody_steers() -> None:
    control = Control()
    control.checkpoint()
    assert not control.paused
    assert not control.stopping


def test_stop_is_known_at_once_and_ends_the_loop_at_every_look() -> None:
    control = Control()
    control.stop()
    assert control.stopping
    for _ in range(2):
        with pytest.raises(Cancelled):
            control.checkpoint()


@pytest.mark.parametrize("calls", list(itertools.permutations(["pause", "stop", "go_on", "pause"])))
def test_no_order_of_calls_keeps_a_stopped_loop(calls: tuple[str, ...]) -> None:
    control = Control()
    for call in calls:
        getattr(control, call)()
    assert control.stopping
    assert not control.paused
    with pytest.raises(Cancelled):
        control.checkpoint()


def held(control: Control, beginning: threading.Event) -> threading.Thread:
    """Start a thread that looks once, and wait until it is held."""

    def look() -> None:
        try:
            control.checkpoint()
        except Cancelled:
            return

    thread = threading.Thread(target=look)
    thread.start()
    assert beginning.wait(SECONDS)
    return thread


def signalling_clock(beginning: threading.Event, *times: float) -> Callable[[], float]:
    readings = iter(times)

    def clock() -> float:
        beginning.set()
        return next(readings)

    return clock


def test_the_time_held_is_known() -> None:
    beginning = threading.Event()
    control = Control(signalling_clock(beginning, 10.0, 14.5))
    control.checkpoint()
    assert control.held_s == 0.0
    control.pause()
    thread = held(control, beginning)
    assert control.paused
    control.go_on()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert control.held_s == 4.5


@pytest.mark.parametrize("early_calls", [1, 3])
def test_going_on_too_early_does_not_undo_a_later_pause(early_calls: int) -> None:
    beginning = threading.Event()
    control = Control(signalling_clock(beginning, 0.0, 1.0))
    for _ in range(early_calls):
        control.go_on()
    control.pause()
    thread = held(control, beginning)
    assert control.held_s == 0.0, "the second reading of the clock has not come: it is still held"
    control.go_on()
    thread.join(SECONDS)
    assert control.held_s == 1.0


@pytest.fixture
def alarm() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Return a function that lets a signal handler call something in a moment."""

    def arm(call: Callable[[], None]) -> None:
        signal.signal(signal.SIGALRM, lambda *_: call())
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    before = signal.getsignal(signal.SIGALRM)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_handler_stops_the_thread_it_interrupts(alarm: Callable[[Callable[[], None]], None]) -> None:
    control = Control()
    control.pause()
    alarm(control.stop)
    with pytest.raises(Cancelled):
        control.checkpoint()


def test_a_signal_handler_may_interrupt_a_look_anywhere(alarm: Callable[[Callable[[], None]], None]) -> None:
    control = Control()

    def look_for_ever() -> None:
        while True:
            control.checkpoint()

    alarm(control.stop)
    with pytest.raises(Cancelled):
        look_for_ever()


def test_a_loop_that_waits_looks_again_until_it_may_go_on() -> None:
    control, answers = Control(), iter([False, False, True])
    control.pause()
    control.hold_until(lambda: next(answers), 0.001)
    assert next(answers, None) is None
    assert not control.paused


def test_a_loop_that_waits_is_told_to_go_on_or_to_stop() -> None:
    control = Control()
    control.pause()
    control.go_on()
    control.hold_until(lambda: pytest.fail("it asks"), SECONDS)
    control.pause()
    control.stop()
    with pytest.raises(Cancelled):
        control.hold_until(lambda: pytest.fail("it asks"), SECONDS)


# One update by hand


class Held:
    """A thread that looks once with a hand on the networks; tells what was updated."""

    def __init__(self, control: Control) -> None:
        self.updated = queue.SimpleQueue[Player]()
        self.answer: bool | None = None
        self._control = control
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        self.answer = self._control.checkpoint(self.updated.put)

    def join(self) -> None:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


def test_a_held_loop_updates_what_it_is_told_in_order() -> None:
    control = Control()
    control.pause()
    loop = Held(control)
    for player in ("D", "D", "G"):
        control.update(player)
        assert loop.updated.get(timeout=SECONDS) == player
    control.go_on()
    loop.join()
    assert loop.answer is True


def test_what_was_asked_of_a_loop_that_went_on_is_forgotten() -> None:
    control = Control()
    control.pause()
    control.update("G")
    control.go_on()
    assert control.checkpoint(lambda _: pytest.fail("it is not held")) is False
    control.pause()
    loop = Held(control)
    control.update("D")
    assert loop.updated.get(timeout=SECONDS) == "D"
    control.go_on()
    loop.join()


def test_a_loop_without_hands_stays_held() -> None:
    beginning = threading.Event()
    control = Control(signalling_clock(beginning, 0.0, 1.0))
    control.pause()
    thread = held(control, beginning)
    control.update("D")
    assert control.held_s == 0.0
    control.go_on()
    thread.join(SECONDS)
    assert control.held_s == 1.0


# Slow motion


def test_slow_motion_rests_after_a_phase_and_the_rest_counts_as_held() -> None:
    readings = iter([10.0, 10.5])
    control = Control(lambda: next(readings))
    control.slow_down(0.001)
    assert control.slow
    assert control.checkpoint() is False
    assert control.held_s == 0.5
    control.slow_down(0.0)
    control.checkpoint()
    assert next(readings, None) is None, "at full speed it does not rest"


@pytest.mark.parametrize("change", ["pause", "stop", "slow_down"])
def test_a_rest_ends_at_once_when_something_changes(change: str) -> None:
    beginning = threading.Event()
    readings = iter([0.0, 1.0, 2.0, 3.0])

    def clock() -> float:
        beginning.set()
        return next(readings)

    control = Control(clock)
    control.slow_down(1e6)
    thread = held(control, beginning)
    if change == "slow_down":
        control.slow_down(0.0)
    else:
        getattr(control, change)()
    if change == "pause":
        control.go_on()
    thread.join(SECONDS)
    assert not thread.is_alive()
