"""The training taken apart: slow motion, and one network updated by hand while the run is held."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from latentlab.training.control import Player

PHASE_S = 1.0
"""How long slow motion rests after each update."""


class ByHand(QWidget):
    """Three buttons. GUI thread only.

    Signals:
        slow_toggled: Whether the run is to rest after each update; GUI thread.
        update_wanted: The `Player` that is to be updated alone; GUI thread.
    """

    slow_toggled = Signal(bool)
    update_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slow = QToolButton()
        self.slow.setText(self.tr("Slow motion"))
        self.slow.setCheckable(True)
        self.slow.setToolTip(
            self.tr(
                "Rest {0} s after each update and show what it did: D learns to tell real from generated, "
                "then G to be taken for real (Goodfellow et al. 2014, algorithm 1)."
            ).format(f"{PHASE_S:g}")
        )
        self.update_d, self.update_g = QToolButton(), QToolButton()
        self.update_d.setText(self.tr("Update D"))
        self.update_g.setText(self.tr("Update G"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for button in (self.slow, self.update_d, self.update_g):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            layout.addWidget(button)
        self.slow.toggled.connect(self.slow_toggled)
        self.update_d.clicked.connect(self._on_d)
        self.update_g.clicked.connect(self._on_g)

    def offer(self, slow: bool, paused: bool, stopping: bool) -> None:
        """Show how the run goes, and what can be done to it."""
        self.slow.blockSignals(True)
        self.slow.setChecked(slow)
        self.slow.blockSignals(False)
        self.slow.setEnabled(not stopping)
        for button, does in (
            (
                self.update_d,
                self.tr("Update D once, G held still: D gets better at telling G's pictures from real ones."),
            ),
            (self.update_g, self.tr("Update G once, D held still: G gets better at what D takes for real.")),
        ):
            button.setEnabled(paused)
            button.setToolTip(does if paused else self.tr("{0} Pause the run first.").format(does))

    @Slot()
    def _on_d(self) -> None:
        player: Player = "D"
        self.update_wanted.emit(player)

    @Slot()
    def _on_g(self) -> None:
        player: Player = "G"
        self.update_wanted.emit(player)
