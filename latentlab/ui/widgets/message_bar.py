"""A message over the window's middle: what happened, what to do, the details on demand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from latentlab.errors import ErrorReport
from latentlab.ui.panels.heading import icon_button


class MessageBar(QFrame):
    """Shows one problem at a time; the newest replaces the one before. Nothing modal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = QPushButton(self.tr("Details"))
        self._more.setCheckable(True)
        self._close = icon_button("close", self.tr("Dismiss"), size_px=14)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setMaximumHeight(180)
        row = QHBoxLayout()
        row.addWidget(self._text, 1)
        row.addWidget(self._more)
        row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(row)
        layout.addWidget(self._details)
        self._more.toggled.connect(self._details.setVisible)
        self._close.clicked.connect(self.dismiss)
        self.hide()

    def text(self) -> str:
        """Return the message shown; empty if none."""
        return self._text.text() if self.isVisible() else ""

    @Slot(object)
    def show_report(self, report: ErrorReport) -> None:
        """Show a problem until it is dismissed or another replaces it."""
        self._text.setText(str(report))
        self._details.setPlainText(report.details)
        self._more.setChecked(False)
        self._more.setVisible(bool(report.details))
        self._details.hide()
        self.show()

    @Slot()
    def dismiss(self) -> None:
        """Take the message away."""
        self.hide()
