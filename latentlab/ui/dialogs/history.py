"""*Edit > History*: every step of the document; click one to go there."""

from __future__ import annotations

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from latentlab.session.state import SessionState
from latentlab.ui import theme
from latentlab.ui.studio import Studio

_SIZE_PX = QSize(280, 440)


class HistoryWindow(QDialog):
    """Follows the document; what was undone stays in the list, muted, until something else is done. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("History"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._shown: tuple[tuple[str, ...], int] | None = None
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Steps of the document"))
        self.list.setUniformItemSizes(True)
        self.hint = QLabel(self.tr("Nothing has been changed yet. Every step is listed here; click one to go there."))
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.hint)
        layout.addWidget(self.list, 1)
        self.list.currentRowChanged.connect(self._on_row)
        studio.follow_state(self._on_state)

    def showEvent(self, event: QShowEvent) -> None:
        """List what happened while out of sight."""
        super().showEvent(event)
        self._refresh()

    def offer(self) -> None:
        """Show the window."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.list.setFocus()

    def _refresh(self) -> None:
        session = self._studio.session
        if session is None or not self.isVisible():
            return
        steps, position = session.history, session.position
        if (steps, position) == self._shown:
            return
        self._shown = (steps, position)
        self.list.blockSignals(True)
        self._fill(steps)
        look = theme.tokens()
        for row in range(self.list.count()):
            ink = look.text if row <= position else look.faint
            self.list.item(row).setForeground(theme.color(ink))
        self.list.setCurrentRow(position)
        self.list.blockSignals(False)
        self.hint.setVisible(not steps)

    def _fill(self, steps: tuple[str, ...]) -> None:
        """Change the rows from the first one that differs: one gesture adds one row, not a thousand."""
        texts = (self.tr("As opened"), *steps)
        same = 0
        while same < min(self.list.count(), len(texts)) and self.list.item(same).text() == texts[same]:
            same += 1
        while self.list.count() > same:
            self.list.takeItem(self.list.count() - 1)
        for text in texts[same:]:
            self.list.addItem(QListWidgetItem(text))

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._refresh()

    @Slot(int)
    def _on_row(self, row: int) -> None:
        session = self._studio.session
        if session is not None and row >= 0:
            # However many steps lie between, the panels follow once.
            with session.changed.paused(_from_first_to_last):
                session.go_to(row)


def _from_first_to_last(
    before: tuple[SessionState, SessionState], after: tuple[SessionState, SessionState]
) -> tuple[SessionState, SessionState]:
    """Join two changes, each (new, old), into one."""
    return after[0], before[1]
