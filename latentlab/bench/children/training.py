"""The real window while it imports torch and trains a small DCGAN, with a slider that never rests."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from latentlab.bench.children import application
from latentlab.bench.children.event_loop import Heartbeat, pump, settle, wait_for_background
from latentlab.bench.children.hand import Drag
from latentlab.cores import spare
from latentlab.errors import LatentlabError
from latentlab.training.config import TrainConfig
from latentlab.training.events import Event, Failed, Progress, Tick
from latentlab.training.service import TrainJob
from latentlab.ui.handlers import EXPLORE

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

MOVES = 100
_SLOWEST_START_S = 50.0


class _Run(QObject):
    """Follows the run. GUI thread only.

    Attributes:
        training: Whether steps are under way.
        ticks: Sheets and models written.
        images_per_s: At the last sign of life.
        failed: What ended the run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.training = False
        self.ticks = 0
        self.images_per_s = 0.0
        self.failed: Failed | None = None

    @Slot(object)
    def on_event(self, event: Event) -> None:
        """Take note."""
        match event:
            case Progress():
                self.training = True
                self.images_per_s = event.images_per_s
            case Tick():
                self.ticks += 1
            case Failed():
                self.failed = event


def _drive(window: MainWindow, asked: dict[str, Any]) -> dict[str, Any]:
    torch_at_first_picture = "torch" in sys.modules
    drag = Drag(window)
    heart = Heartbeat()
    drag.at_pace(MOVES)
    after_start = heart.taken()
    wait_for_background(window)
    after_start += heart.taken()
    idle = drag.at_pace(MOVES)
    idle_gaps = heart.taken()

    run = _Run()
    window.studio.training.happened.connect(run.on_event)
    config = TrainConfig(data=asked["data"], kimg=1000.0, size=32, width=32, batch=64, tick_kimg=asked["tick_kimg"])
    job = TrainJob(config, Path(asked["folder"]), device="cpu", threads=spare())
    window.dialogs.run_wanted.emit(job)
    window.show_page(EXPLORE)
    limit = time.monotonic() + _SLOWEST_START_S
    preparing = drag.at_pace(until=lambda: run.training or run.failed is not None or time.monotonic() > limit)
    preparing_gaps = heart.taken()
    end = time.monotonic() + asked["seconds"]
    training = drag.at_pace(until=lambda: time.monotonic() > end or run.failed is not None)
    training_gaps = heart.taken()
    if run.failed is not None:
        report = run.failed.report
        raise LatentlabError(report.what, report.why, report.what_to_do)
    window.studio.training.stop()
    pump(lambda: not window.studio.training.running, "the end of the training")
    settle(window)
    return {
        "torch_at_first_picture": torch_at_first_picture,
        "idle_ms": idle.caught_up_ms,
        "preparing_ms": preparing.caught_up_ms,
        "training_ms": training.caught_up_ms,
        "idle_gaps_ms": idle_gaps,
        "after_start_gaps_ms": after_start,
        "preparing_gaps_ms": preparing_gaps,
        "training_gaps_ms": training_gaps,
        "images_per_s": run.images_per_s,
        "ticks": run.ticks,
    }


if __name__ == "__main__":
    application.run(_drive)
