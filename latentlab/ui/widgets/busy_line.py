"""A line over the window's middle: what is being done in the background, and a way to call it off."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

_SHOWN_AFTER_MS = 250
"""What ends sooner is not told of: a line that flashes up moves the picture under it."""


class BusyLine(QFrame):
    """Shows one piece of work at a time.

    Signals:
        stop_wanted: The hand calls it off; GUI thread.
    """

    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("busy")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setShortcut(Qt.Key.Key_Escape)
        self.stop.setToolTip(self.tr("Call it off (Esc)"))
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Under way"))
        row = QHBoxLayout()
        row.addWidget(self._text, 1)
        row.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(row)
        layout.addWidget(self._bar)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_SHOWN_AFTER_MS)
        self._waiting.timeout.connect(self.show)
        self.stop.clicked.connect(self.stop_wanted)
        self.hide()

    def text(self) -> str:
        """Return what is said to be under way; empty if nothing is."""
        return self._text.text() if self._waiting.isActive() or not self.isHidden() else ""

    def begin(self, text: str, *, can_stop: bool = True) -> None:
        """Say what is being done, unless it ends in a moment."""
        self._text.setText(text)
        self.stop.setVisible(can_stop)
        if self.isHidden():
            self._waiting.start()

    @Slot()
    def end(self) -> None:
        """Take the line away."""
        self._waiting.stop()
        self.hide()
