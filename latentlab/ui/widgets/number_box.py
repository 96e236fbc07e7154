"""Number boxes that give the keyboard back: Enter commits and leaves, Escape takes back and leaves.

A number beyond the range may be typed and becomes the nearest within; undo is the window's, unless it can undo typing.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

_MARGIN_PX = 5

Verdict = tuple[QValidator.State, str, int]
"""What `validate` returns: whether the text will do, the text, and the place of the cursor."""


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

    def event(self, event: QEvent) -> bool:
        """Leave undo to the window."""
        return False if _is_for_the_window(self, event) else super().event(event)

    def validate(self, text: str, place: int) -> Verdict:
        """Let a number beyond the range be typed."""
        verdict: Verdict = super().validate(text, place)
        return _patient(verdict, _number_in(self, text), self.minimum(), self.maximum())

    def fixup(self, text: str) -> str:
        """Take the nearest number within the range."""
        number = _number_in(self, text)
        return super().fixup(text) if math.isnan(number) else self.textFromValue(_within(self, number))

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

    def event(self, event: QEvent) -> bool:
        """Leave undo to the window."""
        return False if _is_for_the_window(self, event) else super().event(event)

    def validate(self, text: str, place: int) -> Verdict:
        """Let a number beyond the range be typed."""
        verdict: Verdict = super().validate(text, place)
        return _patient(verdict, _number_in(self, text), self.minimum(), self.maximum())

    def fixup(self, text: str) -> str:
        """Take the nearest number within the range."""
        number = _number_in(self, text)
        return super().fixup(text) if math.isnan(number) else self.textFromValue(int(_within(self, number)))

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


def _is_for_the_window(box: QAbstractSpinBox, event: QEvent) -> bool:
    """Whether a key is about to undo or redo where nothing has been typed that it could undo."""
    return (
        event.type() == QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and (event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo))
        and not box.lineEdit().isModified()
    )


def _number_in(box: QSpinBox | QDoubleSpinBox, text: str) -> float:
    """Return the number that a text says; not a number where it says none."""
    bare = text.removeprefix(box.prefix()).removesuffix(box.suffix()).strip()
    number, is_one = box.locale().toDouble(bare)
    return number if is_one else math.nan


def _within(box: QSpinBox | QDoubleSpinBox, number: float) -> float:
    return min(box.maximum(), max(box.minimum(), number))


def _patient(verdict: Verdict, number: float, least: float, most: float) -> Verdict:
    """Judge a number beyond the range as one that is not finished yet; nan is none."""
    if number < least or number > most:
        return (QValidator.State.Intermediate, *verdict[1:])
    return verdict
