"""The analysis thread: progress, results, calling off, failure, closing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from latentlab.analysis.progress import Progress
from latentlab.analysis.service import AnalysisEvent, AnalysisService
from latentlab.errors import ValueRangeError

TIMEOUT_S = 20.0


class Watcher:
    def __init__(self) -> None:
        self.events: queue.SimpleQueue[AnalysisEvent] = queue.SimpleQueue()

    def until_finished(self) -> list[AnalysisEvent]:
        seen = [self.events.get(timeout=TIMEOUT_S)]
        while not seen[-1].finished:
            seen.append(self.events.get(timeout=TIMEOUT_S))
        return seen


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def service(watcher: Watcher) -> Iterator[AnalysisService]:
    made = AnalysisService(watcher.events.put)
    yield made
    made.close()
    assert not made.running


def test_work_tells_how_far_it_is_and_what_it_found(service: AnalysisService, watcher: Watcher) -> None:
    def work(progress: Progress) -> str:
        for step in range(1, 5):
            progress(step / 4)
        return threading.current_thread().name

    service.start("count", work)
    seen = watcher.until_finished()
    assert [event.done for event in seen] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert seen[-1] == AnalysisEvent("count", 1.0, finished=True, result="analysis")


def test_it_is_called_off_at_its_next_step(service: AnalysisService, watcher: Watcher) -> None:
    begun, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        assert go.wait(TIMEOUT_S)
        progress(0.5)
        raise AssertionError("it went on")

    service.start("long", work)
    assert begun.wait(TIMEOUT_S)
    service.cancel()
    go.set()
    assert watcher.until_finished() == [AnalysisEvent("long", 0.0, finished=True, cancelled=True)]
    assert service.wait_idle(TIMEOUT_S)


def test_new_work_calls_the_old_off(service: AnalysisService, watcher: Watcher) -> None:
    begun = threading.Event()

    def without_end(progress: Progress) -> None:
        begun.set()
        while True:
            progress(0.0)

    service.start("old", without_end)
    assert begun.wait(TIMEOUT_S)
    service.start("new", lambda progress: 7)
    assert watcher.until_finished()[-1].cancelled
    assert watcher.until_finished()[-1].result == 7


def test_a_failure_arrives_as_text(service: AnalysisService, watcher: Watcher) -> None:
    def work(progress: Progress) -> None:
        raise ValueRangeError("layer 9", "there is none")

    service.start("find", work)
    error = watcher.until_finished()[-1].error
    assert error is not None
    assert "layer 9" in str(error)
