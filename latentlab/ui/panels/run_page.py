"""The parts of the page that shows a run, and where they stand: head, curves with the health line, sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from latentlab.training.events import Progress
from latentlab.training.health import judge
from latentlab.training.run_seen import RunSeen
from latentlab.ui import plots_ahead
from latentlab.ui.icons import icon
from latentlab.ui.panels.by_hand import ByHand
from latentlab.ui.panels.run_sheets import RunSheets
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.health_line import HealthLine

if TYPE_CHECKING:
    from latentlab.ui.panels.curves import TrainingCurves

_FULL = 1000
_CURVES_SHARE, _CURVES_BESIDE_TWO = 540, 400


class RunPage(QWidget):
    """Shows what it is given of one run, and of one to compare it with; decides nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.new_run = QPushButton(icon("new-run", "on_accent"), self.tr("New run…"))
        self.new_run.setObjectName("primary")
        self.resume = QPushButton(icon("resume"), self.tr("Resume this run"))
        self.pause = QPushButton(icon("pause"), self.tr("Pause"))
        self.stop = QPushButton(icon("stop"), self.tr("Stop"))
        self.stop.setToolTip(self.tr("Ends the run at its next phase and keeps it; it can be resumed."))
        self.compare = QPushButton(icon("compare"), self.tr("Compare…"))
        self.compare.setToolTip(
            self.tr("Show another run beside this one: its curves dashed, its sheet at the same kimg.")
        )
        self.by_hand = ByHand()
        self.status, self.detail = QLabel(), ElidedLabel()
        self.status.setObjectName("figure")
        self.detail.setObjectName("muted")
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _FULL)
        self.health = HealthLine()
        self.sheets = RunSheets()
        self._curves: TrainingCurves | None = None
        self._waiting: list[Progress] = []
        self._seen: RunSeen | None = None
        self._other: RunSeen | None = None
        self._making = QTimer(self)
        self._making.setSingleShot(True)
        self._making.timeout.connect(self._on_make_curves)
        self._room = QVBoxLayout()
        self._lay_out()
        self.sheets.moment_changed.connect(self._on_moment)

    @property
    def curves(self) -> TrainingCurves | None:
        """Return the curves, once the page was looked at."""
        return self._curves

    def begin(self) -> None:
        """Clear the page for another run."""
        self._waiting.clear()
        self._seen = self._other = None
        self.health.show_verdict(None)
        self.status.clear()
        self.detail.set_whole("")
        self.bar.setValue(0)
        if self._curves is not None:
            self._curves.clear()
        elif self.isVisible():
            self._making.start(0)

    def offer_control(self, running: bool, paused: bool, stopping: bool, slow: bool) -> None:
        """Offer what can be done to the window's own run."""
        self.by_hand.setVisible(running)
        self.by_hand.offer(slow, paused, stopping)
        for button in (self.pause, self.stop):
            button.setVisible(running)
            button.setEnabled(not stopping)
        self.new_run.setVisible(not running)
        self.pause.setText(self.tr("Go on") if paused else self.tr("Pause"))
        self.pause.setIcon(icon("play" if paused else "pause"))

    def set_share(self, share: float) -> None:
        """Show how much of the run is done, 0 to 1."""
        self.bar.setValue(min(_FULL, round(_FULL * share)))

    def add(self, progress: Progress) -> None:
        """Add what a run tells between two ticks."""
        if self._curves is None:
            self._waiting.append(progress)
        else:
            self._curves.add(progress)

    def take_in(self, seen: RunSeen) -> None:
        """Show what its folder holds."""
        before, self._seen = self._seen, seen
        self.sheets.take_in(seen)
        if before is None or seen.entries is not before.entries or seen.loss != before.loss:
            self._judge()
            if self._curves is not None:
                self._curves.set_logged(seen.entries, seen.loss)

    def take_in_other(self, seen: RunSeen | None) -> None:
        """Show what the other run's folder holds, or no other run."""
        before, self._other = self._other, seen
        if (before is None) != (seen is None):
            self._share_out(_CURVES_SHARE if seen is None else _CURVES_BESIDE_TWO)
        if before is None or seen is None or seen.entries is not before.entries:
            self._draw_other()
        self.sheets.take_in_other()

    def restyle(self) -> None:
        """Take the theme's colours."""
        self.health.restyle()
        if self._curves is not None:
            self._curves.restyle()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the curves when they are first looked at, in a turn of their own."""
        super().showEvent(event)
        if self._curves is None:
            self._making.start(0)

    def _lay_out(self) -> None:
        head, second = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.status, 1)
        for button in (self.pause, self.stop, self.resume, self.new_run):
            head.addWidget(button)
        second.addWidget(self.detail, 1)
        second.addWidget(self.by_hand)
        second.addWidget(self.compare)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        left = QWidget()
        left.setMinimumWidth(240)
        left.setLayout(self._room)
        self._room.setContentsMargins(0, 0, 0, 0)
        self._room.addStretch(1)
        self._room.addWidget(self.health)
        self._halves = halves = QSplitter()
        for half in (left, self.sheets):
            halves.addWidget(half)
        self._share_out(_CURVES_SHARE)
        halves.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addLayout(second)
        layout.addWidget(halves, 1)

    @Slot()
    def _on_make_curves(self) -> None:
        plots_ahead.import_rest()
        from latentlab.ui.panels.curves import TrainingCurves

        self._curves = TrainingCurves()
        self._room.takeAt(0)  # the room kept for them
        self._room.insertWidget(0, self._curves, 1)
        if self._seen is not None:
            self._curves.set_logged(self._seen.entries, self._seen.loss)
        self._draw_other()
        for progress in self._waiting:
            self._curves.add(progress)
        self._waiting.clear()
        self._curves.mark(self.sheets.slider.moment)

    def _share_out(self, curves: int) -> None:
        """Give the curves so many thousandths of the width, the sheets the rest."""
        self._halves.setSizes([curves, _FULL - curves])

    def _draw_other(self) -> None:
        if self._curves is not None:
            other = self._other
            self._curves.set_other(other.entries if other else None, other.folder.name if other else "")

    def _judge(self) -> None:
        """Say how the run was doing at the moment in sight: at its newest, or when it was there."""
        seen, moment = self._seen, self.sheets.slider.moment
        if seen is None:
            return
        past = moment is not None and not self.sheets.at_newest
        entries = [entry for entry in seen.entries if int(entry.kimg) <= moment] if past and moment else seen.entries
        self.health.show_verdict(judge(entries, seen.loss), moment if past else None)

    @Slot(object)
    def _on_moment(self, moment: int | None) -> None:
        self._judge()
        if self._curves is not None:
            self._curves.mark(moment)
