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
        self._label = QLabel()
        bar.insertPermanentWidget(0, self._label)
        training.happened.connect(self._on_training)
        training.running_changed.connect(self._on_running)

    @Slot(object)
    def _on_training(self, event: Event) -> None:
        if isinstance(event, Progress):
            share = 100 * event.kimg / max(event.total_kimg, 1e-9)
            eta = duration(event.eta_s)
            self._label.setText(self.tr("training: {0} %  ·  ETA {1}").format(f"{share:.0f}", eta))

    @Slot(bool)
    def _on_running(self, running: bool) -> None:
        if not running:
            self._label.clear()
