"""The training thread: events, errors, stopping and closing in any phase."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from latentlab.export.sheet import write_sheet
from latentlab.training.config import TrainConfig
from latentlab.training.events import Event, Failed, Finished, Preparing, Progress, Started, Tick
from latentlab.training.service import TrainingService, TrainJob

SECONDS = 60.0
LONG = {"kimg": 1000.0, "tick_kimg": 0.4}


class Watcher:
    """Keeps events and the thread they came on; may hold the training at the first event of a kind."""

    def __init__(self, hold_at: Callable[[Event], bool] = lambda _: False) -> None:
        self.events: list[Event] = []
        self.threads: set[str] = set()
        self.reached = threading.Event()
        self.released = threading.Event()
        self._hold_at = hold_at

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.threads.add(threading.current_thread().name)
        if self._hold_at(event) and not self.reached.is_set():
            self.reached.set()
            assert self.released.wait(SECONDS)

    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.events]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "training"] == []


def service_of(watcher: Watcher) -> TrainingService:
    return TrainingService(watcher, write_sheet)


def test_a_whole_run(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher()
    service = service_of(watcher)
    assert not service.running
    service.start(TrainJob(config, tmp_path / "run", device="cpu"))
    assert service.wait_idle(SECONDS)
    assert not service.running
    assert watcher.threads == {"training"}
    kinds = watcher.kinds()
    assert watcher.events[0] == Preparing("Loading PyTorch")
    assert kinds.count(Started) == kinds.count(Finished) == 1
    assert kinds.count(Tick) == 3
    assert kinds.index(Started) < kinds.index(Progress) < kinds.index(Tick)
    assert watcher.events[-1] == Finished(0.048, True, tmp_path / "run" / "model-000000.safetensors")
    service.close()


def test_bad_data_fail_as_text(tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture) -> None:
    watcher = Watcher()
    service = service_of(watcher)
    service.start(TrainJob(replace(config, data=str(tmp_path / "nowhere")), tmp_path / "run", device="cpu"))
    assert service.wait_idle(SECONDS)
    failed = watcher.events[-1]
    assert isinstance(failed, Failed)
    assert failed.report.what == str(tmp_path / "nowhere")
    assert failed.report.why == "no such data set, folder or archive"
    assert "Traceback" in failed.report.details
    assert Finished not in watcher.kinds()
    service.close()


def test_another_run_follows(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher()
    service = service_of(watcher)
    service.start(TrainJob(config, tmp_path / "run", device="cpu"))
    assert service.wait_idle(SECONDS)
    service.control.stop()  # too late for the first run, and no business of the second
    service.start(TrainJob(config.resolved(kimg=0.1), tmp_path / "run", resume=True, device="cpu"))
    assert service.wait_idle(SECONDS)
    assert [event.complete for event in watcher.events if isinstance(event, Finished)] == [True, True]
    assert [event.kimg for event in watcher.events if isinstance(event, Started)] == [0.0, 0.048]


def test_one_run_at_a_time(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher(lambda event: isinstance(event, Started))
    service = service_of(watcher)
    service.start(TrainJob(config, tmp_path / "run", device="cpu"))
    assert watcher.reached.wait(SECONDS)
    assert service.running
    with pytest.raises(RuntimeError, match="under way"):
        service.start(TrainJob(config, tmp_path / "other", device="cpu"))
    assert not service.wait_idle(0.0)
    watcher.released.set()
    assert service.wait_idle(SECONDS)
    assert not (tmp_path / "other").exists()


def test_one_of_many_starts_at_once_wins(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher(lambda event: isinstance(event, Preparing))
    service, barrier, refused = service_of(watcher), threading.Barrier(8), list[str]()

    def start(number: int) -> None:
        barrier.wait(SECONDS)
        try:
            service.start(TrainJob(config, tmp_path / str(number), device="cpu"))
        except RuntimeError as error:
            refused.append(str(error))

    starters = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in starters:
        thread.start()
    for thread in starters:
        thread.join(SECONDS)
    assert len(refused) == 7
    watcher.released.set()
    service.close()


PHASES: dict[str, Callable[[Event], bool]] = {
    "loading": lambda event: event == Preparing("Loading PyTorch"),
    "reading": lambda event: isinstance(event, Preparing) and event.total > 0,
    "choosing": lambda event: event == Preparing("Choosing the batch size"),
    "started": lambda event: isinstance(event, Started),
    "progress": lambda event: isinstance(event, Progress),
    "tick": lambda event: isinstance(event, Tick),
}


@pytest.mark.parametrize("phase", PHASES)
def test_closing_in_any_phase(tmp_path: Path, config: TrainConfig, phase: str) -> None:
    watcher = Watcher(PHASES[phase])
    service = service_of(watcher)
    service.start(TrainJob(config.resolved(batch=0, **LONG), tmp_path / "run", device="cpu"))
    assert watcher.reached.wait(SECONDS)
    control = service.control
    closer = threading.Thread(target=service.close)
    closer.start()
    watcher.released.set()
    closer.join(SECONDS)
    assert not closer.is_alive()
    assert control.stopping
    assert not service.running
    finished = watcher.events[-1]
    assert isinstance(finished, Finished)
    assert not finished.complete
    assert (finished.path is None) == (phase in ("loading", "reading", "choosing"))
    assert (tmp_path / "run").exists() == (finished.path is not None)
    service.close()


def test_stop_is_acknowledged_at_once(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher(lambda event: isinstance(event, Progress))
    service = service_of(watcher)
    service.start(TrainJob(config.resolved(**LONG), tmp_path / "run", device="cpu"))
    assert watcher.reached.wait(SECONDS)
    service.control.stop()
    assert service.control.stopping, "before the training thread has had a chance to notice"
    assert service.running
    watcher.released.set()
    assert service.wait_idle(SECONDS)
    finished = watcher.events[-1]
    assert isinstance(finished, Finished)
    assert not finished.complete
    assert (tmp_path / "run" / "resume.pt").exists()


def test_closing_a_paused_run(tmp_path: Path, config: TrainConfig) -> None:
    watcher = Watcher(lambda event: isinstance(event, Progress))
    service = service_of(watcher)
    service.start(TrainJob(config.resolved(**LONG), tmp_path / "run", device="cpu"))
    assert watcher.reached.wait(SECONDS)
    service.control.pause()
    assert service.control.paused
    watcher.released.set()
    service.close()
    assert not service.running
    assert watcher.kinds()[-1] is Finished


def test_closing_what_never_started() -> None:
    service = service_of(Watcher())
    assert service.wait_idle(0.0)
    service.close()


def test_the_job_says_how_many_threads(tmp_path: Path, config: TrainConfig) -> None:
    seen: list[int] = []
    service = TrainingService(lambda _: seen.append(torch.get_num_threads()), write_sheet)
    job = TrainJob(
        replace(config, data=str(tmp_path / "nowhere"), threads=0), tmp_path / "run", device="cpu", threads=2
    )
    service.start(job)
    assert service.wait_idle(SECONDS)
    assert seen[-1] == 2
