"""A square matrix of numbers from -1 to 1 as coloured cells with names on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.ui import theme

Matrix = npt.NDArray[np.float64]

_LEAST_CELL_PX, _MOST_CELL_PX = 14, 48
_NUMBERED_CELL_PX = 34
_LABELS_PX = 120
_GAP_PX = 6


class HeatMap(QWidget):
    """Positive cells take the accent, negative ones the text's colour, both the stronger the larger the number.

    The pointer, or the arrow keys, choose a cell.

    Signals:
        cell_changed: (row, column) under the pointer; (-1, -1) for none; GUI thread.
    """

    cell_changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._values: Matrix = np.zeros((0, 0))
        self._cell = (-1, -1)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_values(self, names: Sequence[str], values: Matrix) -> None:
        """Show another matrix, shape (n, n), float64 in [-1, 1], for n names."""
        self._names, self._values = tuple(names), values
        side = _LABELS_PX + _LEAST_CELL_PX * len(names)
        self.setMinimumSize(side, side)
        self._choose(-1, -1)
        self.update()

    def cell(self) -> tuple[int, int]:
        """Return the row and column chosen; (-1, -1) for none."""
        return self._cell

    def place_of(self, row: int, column: int) -> QPoint:
        """Return the middle of a cell."""
        return self._rect(row, column).center()

    def sizeHint(self) -> QSize:
        """Ask for cells that can hold a number."""
        side = _LABELS_PX + _NUMBERED_CELL_PX * max(4, len(self._names))
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the names and the cells."""
        look = theme.tokens()
        painter = QPainter(self)
        size, metrics = self._cell_px(), painter.fontMetrics()
        row, column = self._cell
        for index, name in enumerate(self._names):
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, _LABELS_PX - 2 * _GAP_PX)
            painter.setPen(QColor(look.text if index == row else look.muted))
            at = QRect(_GAP_PX, _LABELS_PX + index * size, _LABELS_PX - 2 * _GAP_PX, size)
            painter.drawText(at, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            painter.setPen(QColor(look.text if index == column else look.muted))
            painter.save()
            painter.translate(QPointF(_LABELS_PX + (index + 0.5) * size, _LABELS_PX - _GAP_PX))
            painter.rotate(-90)
            painter.drawText(QPointF(0, metrics.ascent() / 2 - 1), text)
            painter.restore()
        for first, second in np.ndindex(self._values.shape):
            self._paint_cell(painter, first, second)
        if row >= 0:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.text), 2.0))
            painter.drawRect(self._rect(row, column).adjusted(0, 0, -1, -1))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the pointer."""
        at = event.position().toPoint() - QPoint(_LABELS_PX, _LABELS_PX)
        row, column = at.y() // self._cell_px(), at.x() // self._cell_px()
        inside = 0 <= row < len(self._names) and 0 <= column < len(self._names)
        self._choose(*((row, column) if inside else (-1, -1)))

    def leaveEvent(self, event: QEvent) -> None:
        """Choose none."""
        self._choose(-1, -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk from cell to cell."""
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self._names:
            super().keyPressEvent(event)
            return
        last = len(self._names) - 1
        row, column = (min(last, max(0, place + by)) for place, by in zip(self._cell, step, strict=True))
        self._choose(row, column)

    def _paint_cell(self, painter: QPainter, row: int, column: int) -> None:
        look, value, at = theme.tokens(), float(self._values[row, column]), self._rect(row, column)
        ground = QColor(look.panel)
        ink = QColor(look.accent if value >= 0.0 else look.muted)
        painter.fillRect(at.adjusted(0, 0, -1, -1), _mixed(ground, ink, abs(value)))
        if self._cell_px() >= _NUMBERED_CELL_PX:
            painter.setPen(QColor(look.text if abs(value) < 0.5 else look.on_accent))
            painter.drawText(at, Qt.AlignmentFlag.AlignCenter, f"{round(value, 2) + 0.0:.2f}".replace("-", "−"))

    def _choose(self, row: int, column: int) -> None:
        if (row, column) != self._cell:
            self._cell = (row, column)
            self.update()
            self.cell_changed.emit(row, column)

    def _cell_px(self) -> int:
        room = min(self.width(), self.height()) - _LABELS_PX - _GAP_PX
        return max(_LEAST_CELL_PX, min(_MOST_CELL_PX, room // max(1, len(self._names))))

    def _rect(self, row: int, column: int) -> QRect:
        size = self._cell_px()
        return QRect(_LABELS_PX + column * size, _LABELS_PX + row * size, size, size)


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(first + share * (second - first)) for first, second in parts))
