"""How far a training is, in the status bar."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QLabel, QStatusBar

from latentlab.training.durations import duration
from latentlab.training.events import Event, Progress
from latentlab.ui.training_bridge import TrainingBridge


class TrainingStatus(QObject):
    """Adds a label to a status bar; blank while nothing is trained."""

    def __init__(self, training: TrainingBridge, bar: QStatusBar) -> None:
        super().__init__(bar)
        self._training = training
        self._last: Progress | None = None
        self._label = QLabel()
        bar.insertPermanentWidget(0, self._label)
        training.happened.connect(self._on_training)
        training.running_changed.connect(self._on_running)
        training.paused_changed.connect(self._on_paused)

    @Slot(object)
    def _on_training(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._last = event
            self._show()

    @Slot(bool)
    def _on_running(self, running: bool) -> None:
        if not running:
            self._last = None
            self._label.clear()

    @Slot(bool)
    def _on_paused(self, _paused: bool) -> None:
        self._show()

    def _show(self) -> None:
        if self._last is None:
            return
        share = f"{100 * self._last.kimg / max(self._last.total_kimg, 1e-9):.0f}"
        eta = self.tr("ETA {0}").format(duration(self._last.eta_s))
        left = self.tr("paused") if self._training.paused else eta
        self._label.setText(self.tr("training: {0} %  ·  {1}").format(share, left))
