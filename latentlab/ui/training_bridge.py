"""Between the window and the training thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.pixels import Pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Player
from latentlab.training.events import Event, Failed, Finished
from latentlab.training.service import TrainingService, TrainJob
from latentlab.ui.run_watch import RunWatch

if TYPE_CHECKING:
    from latentlab.training.evaluation import Evaluate, Told


class TrainingBridge(QObject):
    """Owns the training service, and the threads that look into run folders. Every method is called on the GUI thread.

    Signals:
        arrived: An `Event`, emitted on the training thread, delivered on the GUI thread.
        happened: The same, on the GUI thread, for the panels.
        running_changed: Whether a run is under way, paused or stopping; GUI thread.
        paused_changed: Whether the run was just told to hold; GUI thread.
    """

    arrived = Signal(object)
    happened = Signal(object)
    running_changed = Signal(bool)
    paused_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self.arrived.connect(self._on_event)
        self._service = TrainingService(self.arrived.emit, _write_sheet, _make_evaluate)
        self._watches: list[RunWatch] = []

    @property
    def running(self) -> bool:
        """Whether a run is under way, paused or stopping."""
        return self._running

    @property
    def paused(self) -> bool:
        """Whether the run is held."""
        return self._running and self._service.control.paused

    @property
    def stopping(self) -> bool:
        """Whether the run was told to stop."""
        return self._running and self._service.control.stopping

    def start(self, job: TrainJob) -> None:
        """Start a run; a run that has told of its end is waited for, one that has not is an error."""
        self._service.wait_idle(1.0)
        # Told first: what draws leaves the device that the run is about to take.
        self._set_running(True)
        self._service.start(job)

    def pause(self) -> None:
        """Hold the run at its next phase."""
        self._service.control.pause()
        self.paused_changed.emit(True)

    def go_on(self) -> None:
        """Let a held run go on."""
        self._service.control.go_on()
        self.paused_changed.emit(False)

    def update(self, player: Player) -> None:
        """Have a held run update one network alone."""
        self._service.control.update(player)

    def slow_down(self, phase_s: float) -> None:
        """Let the run rest after each phase; 0 for full speed."""
        self._service.control.slow_down(phase_s)

    @property
    def slow(self) -> bool:
        """Whether the run rests after each phase."""
        return self._running and self._service.control.slow

    def stop(self) -> None:
        """End the run at its next phase; what it reached is kept."""
        self._service.control.stop()

    def watch(self, folder: Path) -> RunWatch:
        """Begin to follow a run folder, whoever writes it."""
        for ended in [watch for watch in self._watches if not watch.running]:
            self._watches.remove(ended)
            ended.deleteLater()
        watch = RunWatch(folder, self)
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: RunWatch) -> None:
        """Follow a run folder no longer; its thread may take a while to leave a folder that is slow."""
        watch.stop()

    def close(self) -> None:
        """Stop and wait for the threads."""
        for watch in self._watches:
            watch.close()
        self._service.close()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Finished | Failed):
            self._set_running(False)
        self.happened.emit(event)

    def _set_running(self, running: bool) -> None:
        if running != self._running:
            self._running = running
            self.running_changed.emit(running)


def _make_evaluate(config: TrainConfig, classes: int, told: Told) -> Evaluate:
    from latentlab.session.run_evaluation import make_evaluate

    return make_evaluate(config, classes, told)


def _write_sheet(path: Path, pixels: Pixels) -> None:
    from latentlab.export.sheet import write_sheet

    write_sheet(path, pixels)
