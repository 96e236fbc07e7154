"""Number boxes that give the keyboard back: Enter commits and leaves, Escape takes back and leaves.

A number beyond the range may be typed and becomes the nearest within; undo is the window's, unless it can undo typing.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

_MARGIN_PX = 5

Verdict = tuple[QValidator.State, str, int]
"""What `validate` returns: whether the text will do, the text, and the place of the cursor."""


def keep_off_the_edge(box: QAbstractSpinBox) -> None:
    """Leave some room beside the number of a box; the padding of a style sheet does not reach it."""
    box.lineEdit().setTextMargins(_MARGIN_PX, 0, _MARGIN_PX, 0)


_Box: Any = object
"""Stands for either of Qt's boxes, whose common base knows no range."""


class _Patient(_Box):  # type: ignore[misc]
    """What both boxes have in common; stands before Qt's class among the bases."""

    def event(self, event: QEvent) -> bool:
        """Leave undo to the window."""
        return False if _is_for_the_window(self, event) else super().event(event)

    def validate(self, text: str, place: int) -> Verdict:
        """Let a number beyond the range be typed: it is one that is not finished yet."""
        verdict: Verdict = super().validate(text, place)
        number = self._number_in(text)
        is_beyond = number < self.minimum() or number > self.maximum()
        return (QValidator.State.Intermediate, *verdict[1:]) if is_beyond else verdict

    def fixup(self, text: str) -> str:
        """Take the nearest number within the range."""
        number = self._number_in(text)
        if math.isnan(number):
            return str(super().fixup(text))
        return str(self.textFromValue(type(self.minimum())(min(self.maximum(), max(self.minimum(), number)))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Enter and Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.lineEdit().setText(f"{self.prefix()}{self.textFromValue(self.value())}{self.suffix()}")
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def _number_in(self, text: str) -> float:
        """Return the number that a text says; not a number where it says none."""
        bare = text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip()
        number, is_one = self.locale().toDouble(bare)
        return number if is_one else math.nan


class NumberBox(_Patient, QDoubleSpinBox):
    """A box for a number; the wheel turns it only once it has the focus, so that panels scroll."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        keep_off_the_edge(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step with the focus only."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CountBox(_Patient, QSpinBox):
    """A box for a whole number that gives the keyboard back on Enter and Escape."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        keep_off_the_edge(self)


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
