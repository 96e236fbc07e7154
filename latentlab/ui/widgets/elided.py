"""A line of text that takes any width: elided in its middle where it is too long."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class ElidedLabel(QLabel):
    """Its tooltip says what is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def whole(self) -> str:
        """Return the text with nothing left out."""
        return self._whole

    def set_whole(self, text: str, tip: str = "") -> None:
        """Show a text; the tooltip is the text itself unless another is given."""
        if text == self._whole and (tip or text) == self.toolTip():
            return
        self._whole = text
        self.setToolTip(tip or text)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide for the new width."""
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Take any width."""
        return QSize(24, super().minimumSizeHint().height())

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width()))
