"""Number boxes that give the keyboard back: Enter commits and leaves, Escape takes back and leaves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

_MARGIN_PX = 5


def keep_off_the_edge(box: QAbstractSpinBox) -> None:
    """Leave some room beside the number of a box; the padding of a style sheet does not reach it."""
    box.lineEdit().setTextMargins(_MARGIN_PX, 0, _MARGIN_PX, 0)


class NumberBox(QDoubleSpinBox):
    """A box for a number; the wheel turns it only once it has the focus, so that panels scroll."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        keep_off_the_edge(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Enter and Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.lineEdit().setText(self.textFromValue(self.value()))
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step with the focus only."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CountBox(QSpinBox):
    """A box for a whole number that gives the keyboard back on Enter and Escape."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        keep_off_the_edge(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Enter and Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.lineEdit().setText(f"{self.prefix()}{self.value()}{self.suffix()}")
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()


class SearchBox(QLineEdit):
    """A line to search with; Escape clears it and leaves."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Clear and leave on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)
